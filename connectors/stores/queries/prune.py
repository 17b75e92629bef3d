"""SQL by which rows that are old enough go, a few at a time, and the statistics with them."""

from typing import Any

from connectors.stores.postgres import Connection

LOCK = 724_601  # any number, the same for every process of ours
MOST_COUNTED = 1_000_000

# What is old, by table; times are epoch milliseconds, `before` and `now` are given.
OLD: dict[str, str] = {
    "decisions": "occurred_at < %(before)s::bigint",
    "delivery_events": "occurred_at < %(before)s::bigint",
    "dead_letters": "occurred_at < %(before)s::bigint",
    "outbox": "recorded_at < %(before)s::bigint",
    # What is to be sent in half a year is not old before.
    "intents": "accepted_at < %(before)s::bigint AND expires_at < %(now)s::bigint",
    "notification_log": (
        "created_at < to_timestamp(%(before)s::bigint / 1000.0)"
        " AND (held_until IS NULL OR held_until < to_timestamp(%(now)s::bigint / 1000.0))"
    ),
    # Seen long ago is not enough: somebody may have resolved it yesterday.
    "alerts": (
        "status = 'resolved' AND last_seen_at < %(before)s::bigint"
        " AND occurred_at < %(before)s::bigint"
    ),
}
_AGE = {
    "decisions": "occurred_at",
    "delivery_events": "occurred_at",
    "dead_letters": "occurred_at",
    "outbox": "recorded_at",
    "intents": "accepted_at",
}
COUNTED_IN = {"notification_log": "delivery_stats", "alerts": "alert_stats"}
Values = dict[str, Any]


async def alone(connection: Connection, schema: str) -> bool:
    """Say whether no other process prunes this schema, and keep it so in this transaction."""
    found = await connection.execute(
        "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s)) AS alone", (LOCK, schema)
    )
    row = await found.fetchone()
    return bool(row and row["alone"])


async def tenants(connection: Connection, table: str) -> list[str]:
    """List the tenants that have rows in a table that statistics are kept of."""
    stats = COUNTED_IN[table]
    found = await connection.execute(
        f"SELECT DISTINCT tenant FROM {stats} ORDER BY tenant".encode()  # noqa: S608 - named above
    )
    return [row["tenant"] for row in await found.fetchall()]


async def count(connection: Connection, table: str, *, before: int, now: int) -> int:
    """Count what is old in a table, up to a million and one."""
    query = f"SELECT 1 FROM {table} WHERE {OLD[table]} LIMIT {MOST_COUNTED + 1}"  # noqa: S608 - named above
    found = await connection.execute(
        f"SELECT count(*) AS rows FROM ({query}) AS old".encode(),  # noqa: S608
        {"before": before, "now": now},
    )
    row = await found.fetchone()
    return int(row["rows"]) if row else 0


async def rows(connection: Connection, table: str, *, before: int, now: int, most: int) -> int:
    """Delete the oldest rows of a table that no statistics are kept of; say how many."""
    found = await connection.execute(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"  # noqa: S608
        f" WHERE {OLD[table]} ORDER BY {_AGE[table]} LIMIT %(most)s))".encode(),
        {"before": before, "now": now, "most": most},
    )
    return found.rowcount


async def hold_writers(connection: Connection, topic: str) -> None:
    """Let no view write what comes from a topic before this transaction ends.

    A writer reads what stood before and adds the difference to the statistics: what it read
    must not go meanwhile.
    """
    await connection.execute(
        "SELECT 1 FROM view_offsets WHERE topic = %s ORDER BY topic, partition FOR UPDATE",
        (topic,),
    )


async def deliveries(
    connection: Connection, tenant: str, *, before: int, now: int, most: int
) -> int:
    """Delete a tenant's oldest deliveries and count them off; say how many."""
    found = await connection.execute(
        "WITH gone AS (DELETE FROM notification_log WHERE ctid = ANY(ARRAY("  # noqa: S608
        " SELECT ctid FROM notification_log WHERE tenant = %(tenant)s"
        f" AND {OLD['notification_log']} ORDER BY created_at, id LIMIT %(most)s))"
        " RETURNING channel, status),"
        " counted AS (SELECT channel, status, count(*) AS gone FROM gone GROUP BY 1, 2),"
        " kept AS (UPDATE delivery_stats s SET deliveries = s.deliveries - c.gone FROM counted c"
        " WHERE s.tenant = %(tenant)s AND s.channel = c.channel AND s.status = c.status)"
        " SELECT coalesce(sum(gone), 0)::bigint AS gone FROM counted".encode(),
        {"tenant": tenant, "before": before, "now": now, "most": most},
    )
    return await _gone(found)


async def alerts(connection: Connection, tenant: str, *, before: int, now: int, most: int) -> int:
    """Delete a tenant's oldest resolved alerts with their changes; say how many rows it were.

    The changes go first: an alert that has more of them than `most` goes with a later call.
    """
    values = {"tenant": tenant, "before": before, "now": now, "most": most}
    old = (
        "SELECT alert_id FROM alerts WHERE tenant = %(tenant)s"  # noqa: S608
        f" AND {OLD['alerts']} ORDER BY last_seen_at, alert_id LIMIT %(most)s"
    )
    found = await connection.execute(
        "DELETE FROM alert_changes WHERE ctid = ANY(ARRAY("  # noqa: S608
        " SELECT c.ctid FROM alert_changes c"
        f" WHERE c.tenant = %(tenant)s AND c.alert_id IN ({old}) LIMIT %(most)s))".encode(),
        values,
    )
    changes = found.rowcount
    if changes >= most:
        return changes
    found = await connection.execute(
        "WITH gone AS (DELETE FROM alerts WHERE tenant = %(tenant)s"  # noqa: S608
        f" AND alert_id = ANY(ARRAY({old}))"
        " RETURNING source, status, priority, acknowledged, count),"
        " counted AS (SELECT source, status, priority, acknowledged, count(*) AS gone,"
        " sum(count) AS occurrences FROM gone GROUP BY 1, 2, 3, 4),"
        " kept AS (UPDATE alert_stats s SET alerts = s.alerts - c.gone,"
        " occurrences = s.occurrences - c.occurrences FROM counted c"
        " WHERE s.tenant = %(tenant)s AND s.source = c.source AND s.status = c.status"
        " AND s.priority = c.priority AND s.acknowledged = c.acknowledged)"
        " SELECT coalesce(sum(gone), 0)::bigint AS gone FROM counted".encode(),
        values,
    )
    return changes + await _gone(found)


async def _gone(found: Any) -> int:
    row = await found.fetchone()
    return int(row["gone"]) if row else 0
