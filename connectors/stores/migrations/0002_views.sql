-- Where the views stand in each partition. Written in the transaction that writes the rows, so
-- that a crash repeats nothing and loses nothing.
CREATE TABLE view_offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
);

-- One row an alert, as its highest change says. Times are epoch milliseconds, as on the topics.
-- `content_seq` and `acknowledged_seq` are the changes that title, body, labels and links, and
-- the moment of acknowledgement were taken from.
CREATE TABLE alerts (
    tenant text NOT NULL,
    alert_id text NOT NULL,
    fingerprint text NOT NULL,
    seq bigint NOT NULL,
    status text NOT NULL,
    priority smallint NOT NULL,
    count bigint NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    occurred_at bigint NOT NULL,
    acknowledged boolean NOT NULL,
    acknowledged_by text NOT NULL,
    acknowledged_at bigint NOT NULL,
    acknowledged_seq bigint NOT NULL,
    muted_by text NOT NULL,
    muted_until bigint NOT NULL,
    snoozed_until bigint NOT NULL,
    stale boolean NOT NULL,
    window_ends_at bigint NOT NULL,
    opened_partition integer NOT NULL,
    opened_offset bigint NOT NULL,
    content_seq bigint NOT NULL,
    source text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    severity text NOT NULL,
    labels jsonb NOT NULL,
    links jsonb NOT NULL,
    started_at bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, alert_id)
);

CREATE INDEX alerts_newest ON alerts (tenant, last_seen_at DESC, alert_id DESC);
CREATE INDEX alerts_newest_of_source ON alerts (tenant, source, last_seen_at DESC, alert_id DESC);
CREATE INDEX alerts_newest_open
    ON alerts (tenant, last_seen_at DESC, alert_id DESC) WHERE status = 'open';
CREATE INDEX alerts_by_fingerprint ON alerts (tenant, fingerprint, first_seen_at DESC);

-- How many alerts and occurrences stand under each combination, kept by the statement that
-- writes the alerts: the dashboard never counts a million rows.
CREATE TABLE alert_stats (
    tenant text NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    priority smallint NOT NULL,
    acknowledged boolean NOT NULL,
    alerts bigint NOT NULL,
    occurrences bigint NOT NULL,
    PRIMARY KEY (tenant, source, status, priority, acknowledged)
);

-- Every change of every alert.
CREATE TABLE alert_changes (
    tenant text NOT NULL,
    alert_id text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    priority smallint NOT NULL,
    count bigint NOT NULL,
    occurred_at bigint NOT NULL,
    acknowledged boolean NOT NULL,
    muted_by text NOT NULL,
    muted_until bigint NOT NULL,
    snoozed_until bigint NOT NULL,
    actor text NOT NULL,
    rule_id text NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (tenant, alert_id, seq)
);

-- Why a stage dropped, held, muted or changed something.
CREATE TABLE decisions (
    tenant text NOT NULL,
    id text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    fingerprint text NOT NULL,
    stage text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    rule_id text NOT NULL,
    detail text NOT NULL,
    count bigint NOT NULL,
    occurred_at bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX decisions_of_subject ON decisions (tenant, subject_id, occurred_at DESC);
CREATE INDEX decisions_of_fingerprint ON decisions (tenant, fingerprint, occurred_at DESC);
CREATE INDEX decisions_by_age ON decisions (occurred_at);

-- Records that could not be taken, as they came.
CREATE TABLE dead_letters (
    id text PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    stage text NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    truncated boolean NOT NULL,
    headers jsonb NOT NULL,
    timestamp bigint NOT NULL,
    occurred_at bigint NOT NULL
);

CREATE INDEX dead_letters_newest ON dead_letters (occurred_at DESC, id DESC);
