-- What `control.types` holds, as rows.
CREATE TABLE notification_types (
    tenant text NOT NULL,
    name text NOT NULL,
    channels jsonb NOT NULL,
    excess text NOT NULL,
    limits jsonb NOT NULL,
    expires_s bigint NOT NULL,
    quiet_hours text NOT NULL,
    critical_ignores_opt_out boolean NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- The version that was last written of a person's preferences: until the view shows it, nobody
-- else writes one.
CREATE TABLE preference_claims (
    tenant text NOT NULL,
    user_id text NOT NULL,
    version bigint NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, user_id)
);
