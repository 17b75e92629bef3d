-- Keys of the API and tokens of sources. Only a SHA-256 of the token is kept: it has 192 random
-- bits, so nothing slower is needed.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    tenant text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    source text NOT NULL DEFAULT '',
    signing_secret text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE UNIQUE INDEX api_keys_one_live_name ON api_keys (tenant, name) WHERE revoked_at IS NULL;
