-- Bring deliveries to what their events add up to, and the statistics with them.
-- The one parameter is a JSON array, at most one object a delivery; times are epoch milliseconds,
-- 0 where not known. The caller holds the lock of the partitions they come from.
WITH incoming AS (
    SELECT
        id, tenant, intent_id, user_id, template_name, channel, status, provider, provider_id,
        error_message,
        timestamptz 'epoch' + nullif(sent_at, 0) * interval '1 millisecond' AS sent_at,
        timestamptz 'epoch' + nullif(delivered_at, 0) * interval '1 millisecond' AS delivered_at,
        timestamptz 'epoch' + nullif(opened_at, 0) * interval '1 millisecond' AS opened_at,
        timestamptz 'epoch' + nullif(clicked_at, 0) * interval '1 millisecond' AS clicked_at,
        timestamptz 'epoch' + created_at * interval '1 millisecond' AS created_at,
        timestamptz 'epoch' + updated_at * interval '1 millisecond' AS updated_at,
        step, reason,
        timestamptz 'epoch' + nullif(held_until, 0) * interval '1 millisecond' AS held_until,
        address, subject, attempts, maybe_repeat, replay, template_version, locale, variant, type,
        priority, lane, alert_id, alert_seq, ends, state_key, described_key, provider_key
    FROM json_to_recordset(%s::json) AS r(
        id text, tenant text, intent_id text, user_id text, template_name text, channel text,
        status text, provider text, provider_id text, error_message text, sent_at bigint,
        delivered_at bigint, opened_at bigint, clicked_at bigint, created_at bigint,
        updated_at bigint, step text, reason text, held_until bigint, address text, subject text,
        attempts integer, maybe_repeat boolean, replay text, template_version text, locale text,
        variant text, type text, priority smallint, lane text, alert_id text, alert_seq bigint,
        ends boolean, state_key text, described_key text, provider_key text)
), before AS (
    SELECT l.tenant, l.id, l.channel, l.status
    FROM notification_log l JOIN incoming USING (tenant, id)
), written AS (
    INSERT INTO notification_log AS a (
        id, tenant, intent_id, user_id, template_name, channel, status, provider, provider_id,
        error_message, sent_at, delivered_at, opened_at, clicked_at, created_at, updated_at, step,
        reason, held_until, address, subject, attempts, maybe_repeat, replay, template_version,
        locale, variant, type, priority, lane, alert_id, alert_seq, ends, state_key,
        described_key, provider_key)
    SELECT * FROM incoming
    ON CONFLICT (tenant, id) DO UPDATE SET
        -- How it stands.
        (state_key, status, step, reason, error_message, held_until, delivered_at, replay)
        = (SELECT h.* FROM (VALUES
            (excluded.state_key, excluded.status, excluded.step, excluded.reason,
             excluded.error_message, excluded.held_until, excluded.delivered_at, excluded.replay),
            (a.state_key, a.status, a.step, a.reason, a.error_message, a.held_until,
             a.delivered_at, a.replay)
        ) AS h ORDER BY h.column1 DESC LIMIT 1),
        -- What it is.
        (described_key, intent_id, user_id, channel, address, template_name, template_version,
         locale, variant, type, priority, lane, subject, alert_id, alert_seq, ends, created_at)
        = (SELECT h.* FROM (VALUES
            (excluded.described_key, excluded.intent_id, excluded.user_id, excluded.channel,
             excluded.address, excluded.template_name, excluded.template_version, excluded.locale,
             excluded.variant, excluded.type, excluded.priority, excluded.lane, excluded.subject,
             excluded.alert_id, excluded.alert_seq, excluded.ends, excluded.created_at),
            (a.described_key, a.intent_id, a.user_id, a.channel, a.address, a.template_name,
             a.template_version, a.locale, a.variant, a.type, a.priority, a.lane, a.subject,
             a.alert_id, a.alert_seq, a.ends, a.created_at)
        ) AS h ORDER BY h.column1 DESC LIMIT 1),
        -- Who carries it.
        (provider_key, provider, provider_id)
        = (SELECT h.* FROM (VALUES
            (excluded.provider_key, excluded.provider, excluded.provider_id),
            (a.provider_key, a.provider, a.provider_id)
        ) AS h ORDER BY h.column1 DESC LIMIT 1),
        -- least and greatest pass over nulls.
        sent_at = least(excluded.sent_at, a.sent_at),
        opened_at = least(excluded.opened_at, a.opened_at),
        clicked_at = least(excluded.clicked_at, a.clicked_at),
        updated_at = greatest(excluded.updated_at, a.updated_at),
        attempts = greatest(excluded.attempts, a.attempts),
        maybe_repeat = excluded.maybe_repeat OR a.maybe_repeat
    WHERE excluded.state_key > a.state_key
        OR excluded.described_key > a.described_key
        OR excluded.provider_key > a.provider_key
        OR excluded.sent_at < coalesce(a.sent_at, 'infinity')
        OR excluded.opened_at < coalesce(a.opened_at, 'infinity')
        OR excluded.clicked_at < coalesce(a.clicked_at, 'infinity')
        OR excluded.updated_at > a.updated_at
        OR excluded.attempts > a.attempts
        OR excluded.maybe_repeat > a.maybe_repeat
    RETURNING tenant, id, channel, status
), moved AS (
    SELECT tenant, channel, status, 1 AS deliveries FROM written
    UNION ALL
    SELECT b.tenant, b.channel, b.status, -1 FROM before b JOIN written USING (tenant, id)
)
INSERT INTO delivery_stats AS s (tenant, channel, status, deliveries)
SELECT tenant, channel, status, sum(deliveries)
FROM moved
GROUP BY tenant, channel, status
HAVING sum(deliveries) <> 0
ORDER BY tenant, channel, status  -- two writers lock in one order
ON CONFLICT (tenant, channel, status) DO UPDATE SET deliveries = s.deliveries + excluded.deliveries
