-- What the sandbox would have sent: one row an attempt, exactly as a provider would have got it.
-- Times are epoch milliseconds, as on the topics. `id` is the order of recording, newest highest.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant text NOT NULL,
    delivery_id text NOT NULL,
    attempt integer NOT NULL,
    replay text NOT NULL,
    intent_id text NOT NULL,
    recipient text NOT NULL,
    channel text NOT NULL,
    address text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    payload jsonb NOT NULL,
    template text NOT NULL,
    template_version text NOT NULL,
    locale text NOT NULL,
    variant text NOT NULL,
    type text NOT NULL,
    priority smallint NOT NULL,
    lane text NOT NULL,
    maybe_repeat boolean NOT NULL,
    alert_id text NOT NULL,
    alert_seq bigint NOT NULL,
    created_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    PRIMARY KEY (tenant, delivery_id, attempt, replay)
);

CREATE UNIQUE INDEX outbox_newest ON outbox (tenant, id DESC);
CREATE INDEX outbox_newest_of_recipient ON outbox (tenant, recipient, id DESC);
CREATE INDEX outbox_newest_of_channel ON outbox (tenant, channel, id DESC);
