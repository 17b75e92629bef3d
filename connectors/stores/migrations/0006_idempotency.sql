-- Requests that came with an Idempotency-Key, for 24 hours. `seed` is what the ids of the request
-- are made from, `run` who works on it; `answer` is null until it was answered.
CREATE TABLE idempotency (
    tenant text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    seed text NOT NULL,
    run text NOT NULL,
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answer bytea,
    PRIMARY KEY (tenant, key)
);

CREATE INDEX idempotency_by_end ON idempotency (expires_at);
