-- Endpoints that webhooks are posted to. Times are epoch milliseconds, 0 where there is none.
-- `secrets`: a list of {"secret": ..., "until": ...}, newest first; `until` 0 means for good.
-- One that was never registered has a row once it fails: it must be known since when.
CREATE TABLE webhook_endpoints (
    tenant text NOT NULL,
    url text NOT NULL,
    secrets jsonb NOT NULL DEFAULT '[]',
    headers jsonb NOT NULL DEFAULT '{}',
    ordered boolean NOT NULL DEFAULT false,
    registered_at bigint NOT NULL DEFAULT 0,
    disabled_at bigint NOT NULL DEFAULT 0,
    disabled_reason text NOT NULL DEFAULT '',
    first_failure_at bigint NOT NULL DEFAULT 0,
    last_success_at bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, url)
);
