-- Every delivery as its events add up. `id` is the delivery's id, `user_id` the recipient.
-- `status` is one of pending, sent, delivered, failed, expired, rate_limited, suppressed,
-- superseded; `step` tells what pending means: queued, held or retrying.
-- The `_key` columns say which event a group of columns was taken from; the highest wins, so that
-- neither order nor repetition of the events matters. They are compared byte by byte.
CREATE TABLE notification_log (
    id text NOT NULL,
    tenant text NOT NULL,
    intent_id text NOT NULL,
    user_id text NOT NULL,
    template_name text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    provider text NOT NULL,
    provider_id text NOT NULL,
    error_message text NOT NULL,
    sent_at timestamptz,
    delivered_at timestamptz,
    opened_at timestamptz,
    clicked_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    step text NOT NULL,
    reason text NOT NULL,
    held_until timestamptz,
    address text NOT NULL,
    subject text NOT NULL,
    attempts integer NOT NULL,
    maybe_repeat boolean NOT NULL,
    replay text NOT NULL,
    template_version text NOT NULL,
    locale text NOT NULL,
    variant text NOT NULL,
    type text NOT NULL,
    priority smallint NOT NULL,
    lane text NOT NULL,
    alert_id text NOT NULL,
    alert_seq bigint NOT NULL,
    ends boolean NOT NULL,
    state_key text COLLATE "C" NOT NULL,
    described_key text COLLATE "C" NOT NULL,
    provider_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX notification_log_newest ON notification_log (tenant, created_at DESC, id DESC);
CREATE INDEX notification_log_of_user
    ON notification_log (tenant, user_id, created_at DESC, id DESC);
CREATE INDEX notification_log_of_intent ON notification_log (tenant, intent_id);
CREATE INDEX notification_log_of_alert
    ON notification_log (tenant, alert_id, created_at DESC, id DESC) WHERE alert_id <> '';
-- For reports over the last day, whoever the tenant.
CREATE INDEX notification_log_by_age ON notification_log USING brin (created_at);

-- How many deliveries stand where, kept by the statement that writes them.
CREATE TABLE delivery_stats (
    tenant text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    deliveries bigint NOT NULL,
    PRIMARY KEY (tenant, channel, status)
);

-- Every step of every delivery. Times are epoch milliseconds, as on the topics.
CREATE TABLE delivery_events (
    tenant text NOT NULL,
    id text NOT NULL,
    delivery_id text NOT NULL,
    intent_id text NOT NULL,
    recipient text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    address text NOT NULL,
    provider text NOT NULL,
    provider_id text NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    attempt integer NOT NULL,
    held_until bigint NOT NULL,
    maybe_repeat boolean NOT NULL,
    corrects text NOT NULL,
    replay text NOT NULL,
    occurred_at bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- An event of a delivery is found by the delivery's intent.
CREATE INDEX delivery_events_of_intent ON delivery_events (tenant, intent_id, occurred_at);

-- What was accepted over HTTP, from the moment it was, so that an answer precedes any planning.
-- Times are epoch milliseconds; `channels` is null where preferences choose.
CREATE TABLE intents (
    tenant text NOT NULL,
    id text NOT NULL,
    recipient text NOT NULL,
    template text NOT NULL,
    type text NOT NULL,
    priority smallint NOT NULL,
    channels text[],
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    accepted_at bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX intents_by_age ON intents (accepted_at);

-- What the control topics hold, as rows; a row is gone when its key was removed there.
CREATE TABLE notification_templates (
    tenant text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    parts jsonb NOT NULL,
    default_locale text NOT NULL,
    experiment text NOT NULL,
    variants jsonb NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE notification_preferences (
    tenant text NOT NULL,
    user_id text NOT NULL,
    enabled jsonb NOT NULL,
    quiet_from text NOT NULL,
    quiet_to text NOT NULL,
    zone text NOT NULL,
    locale text NOT NULL,
    version bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant, user_id)
);

CREATE TABLE recipients (
    tenant text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    addresses jsonb NOT NULL,
    locale text NOT NULL,
    zone text NOT NULL,
    limits jsonb NOT NULL,
    PRIMARY KEY (tenant, id)
);
