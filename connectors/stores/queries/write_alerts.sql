-- Bring alerts to what their highest change says, and the statistics with them.
-- The one parameter is a JSON array, at most one object an alert; the caller holds the lock of
-- the partitions they come from, so what stood before cannot change meanwhile.
WITH incoming AS (
    SELECT * FROM json_to_recordset(%s::json) AS r(
        tenant text, alert_id text, fingerprint text, seq bigint, status text, priority smallint,
        count bigint, first_seen_at bigint, last_seen_at bigint, occurred_at bigint,
        acknowledged boolean, acknowledged_by text, acknowledged_at bigint,
        acknowledged_seq bigint, muted_by text, muted_until bigint, snoozed_until bigint,
        stale boolean, window_ends_at bigint, opened_partition integer, opened_offset bigint,
        content_seq bigint, source text, title text, body text, severity text, labels jsonb,
        links jsonb, started_at bigint)
), before AS (
    SELECT a.tenant, a.alert_id, a.source, a.status, a.priority, a.acknowledged, a.count
    FROM alerts a JOIN incoming USING (tenant, alert_id)
), written AS (
    INSERT INTO alerts AS a (
        tenant, alert_id, fingerprint, seq, status, priority, count, first_seen_at, last_seen_at,
        occurred_at, acknowledged, acknowledged_by, acknowledged_at, acknowledged_seq, muted_by,
        muted_until, snoozed_until, stale, window_ends_at, opened_partition, opened_offset,
        content_seq, source, title, body, severity, labels, links, started_at)
    SELECT
        tenant, alert_id, fingerprint, seq, status, priority, count, first_seen_at, last_seen_at,
        occurred_at, acknowledged, acknowledged_by, acknowledged_at, acknowledged_seq, muted_by,
        muted_until, snoozed_until, stale, window_ends_at, opened_partition, opened_offset,
        content_seq, source, title, body, severity, labels, links, started_at
    FROM incoming
    ON CONFLICT (tenant, alert_id) DO UPDATE SET
        -- What the highest change says.
        (seq, fingerprint, status, priority, count, first_seen_at, last_seen_at, occurred_at,
         acknowledged, acknowledged_by, muted_by, muted_until, snoozed_until, stale,
         window_ends_at, opened_partition, opened_offset)
        = (SELECT h.* FROM (VALUES
            (excluded.seq, excluded.fingerprint, excluded.status, excluded.priority,
             excluded.count, excluded.first_seen_at, excluded.last_seen_at, excluded.occurred_at,
             excluded.acknowledged, excluded.acknowledged_by, excluded.muted_by,
             excluded.muted_until, excluded.snoozed_until, excluded.stale,
             excluded.window_ends_at, excluded.opened_partition, excluded.opened_offset),
            (a.seq, a.fingerprint, a.status, a.priority, a.count, a.first_seen_at,
             a.last_seen_at, a.occurred_at, a.acknowledged, a.acknowledged_by, a.muted_by,
             a.muted_until, a.snoozed_until, a.stale, a.window_ends_at, a.opened_partition,
             a.opened_offset)
        ) AS h ORDER BY h.column1 DESC LIMIT 1),
        -- What the highest change that has content says.
        (content_seq, source, title, body, severity, labels, links, started_at)
        = (SELECT h.* FROM (VALUES
            (excluded.content_seq, excluded.source, excluded.title, excluded.body,
             excluded.severity, excluded.labels, excluded.links, excluded.started_at),
            (a.content_seq, a.source, a.title, a.body, a.severity, a.labels, a.links,
             a.started_at)
        ) AS h ORDER BY h.column1 DESC LIMIT 1),
        -- When it was last acknowledged.
        acknowledged_at = CASE WHEN excluded.acknowledged_seq > a.acknowledged_seq
            THEN excluded.acknowledged_at ELSE a.acknowledged_at END,
        acknowledged_seq = greatest(excluded.acknowledged_seq, a.acknowledged_seq),
        updated_at = now()
    WHERE excluded.seq > a.seq
        OR excluded.content_seq > a.content_seq
        OR excluded.acknowledged_seq > a.acknowledged_seq
    RETURNING tenant, alert_id, source, status, priority, acknowledged, count
), moved AS (
    SELECT tenant, source, status, priority, acknowledged, 1 AS alerts, count AS occurrences
    FROM written
    UNION ALL
    SELECT b.tenant, b.source, b.status, b.priority, b.acknowledged, -1, -b.count
    FROM before b JOIN written USING (tenant, alert_id)
)
INSERT INTO alert_stats AS s
    (tenant, source, status, priority, acknowledged, alerts, occurrences)
SELECT tenant, source, status, priority, acknowledged, sum(alerts), sum(occurrences)
FROM moved
GROUP BY tenant, source, status, priority, acknowledged
HAVING sum(alerts) <> 0 OR sum(occurrences) <> 0
ORDER BY tenant, source, status, priority, acknowledged  -- two writers lock in one order
ON CONFLICT (tenant, source, status, priority, acknowledged) DO UPDATE SET
    alerts = s.alerts + excluded.alerts,
    occurrences = s.occurrences + excluded.occurrences
