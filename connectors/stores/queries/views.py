"""SQL by which the views write, many rows a statement."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from connectors.stores.postgres import Connection

Row = dict[str, Any]
Place = tuple[str, int]  # topic and partition

_WRITE_ALERTS = Path(__file__).with_name("write_alerts.sql").read_bytes()


async def begin_offsets(connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Give where each partition is to be read from; one never read begins at 0."""
    listed = as_json({"topic": topic, "partition": partition} for topic, partition in places)
    await connection.execute(
        "INSERT INTO view_offsets (topic, partition)"
        " SELECT topic, partition FROM json_to_recordset(%s::json)"
        " AS r(topic text, partition integer) ORDER BY 1, 2 ON CONFLICT DO NOTHING",
        (listed,),
    )
    return await lock_offsets(connection, places)


async def lock_offsets(connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Give where each partition stands, and keep others from writing it in this transaction."""
    listed = as_json({"topic": topic, "partition": partition} for topic, partition in places)
    found = await connection.execute(
        "SELECT o.topic, o.partition, o.next_offset FROM view_offsets o"
        " JOIN json_to_recordset(%s::json) AS r(topic text, partition integer)"
        " USING (topic, partition) ORDER BY 1, 2 FOR UPDATE OF o",
        (listed,),
    )
    return {(row["topic"], row["partition"]): row["next_offset"] for row in await found.fetchall()}


async def set_offsets(connection: Connection, offsets: Mapping[Place, int]) -> None:
    """Note up to where partitions were read."""
    listed = as_json(
        {"topic": topic, "partition": partition, "next_offset": offset}
        for (topic, partition), offset in offsets.items()
    )
    await connection.execute(
        "UPDATE view_offsets o SET next_offset = r.next_offset"
        " FROM json_to_recordset(%s::json) AS r(topic text, partition integer, next_offset bigint)"
        " WHERE o.topic = r.topic AND o.partition = r.partition",
        (listed,),
    )


async def write_alerts(connection: Connection, rows: Sequence[Row]) -> None:
    """Bring alerts and statistics to the newest of what is stored and what is given."""
    if rows:
        await connection.execute(_WRITE_ALERTS, (as_json(rows),))


async def write_changes(connection: Connection, rows: Sequence[Row]) -> None:
    """Add to the history what it does not have."""
    if rows:
        await connection.execute(
            "INSERT INTO alert_changes SELECT * FROM json_to_recordset(%s::json) AS r("
            "tenant text, alert_id text, seq bigint, kind text, status text, priority smallint,"
            " count bigint, occurred_at bigint, acknowledged boolean, muted_by text,"
            " muted_until bigint, snoozed_until bigint, actor text, rule_id text, note text)"
            " ON CONFLICT DO NOTHING",
            (as_json(rows),),
        )


async def write_decisions(connection: Connection, rows: Sequence[Row]) -> None:
    """Add the decisions that are not stored yet."""
    if rows:
        await connection.execute(
            "INSERT INTO decisions SELECT * FROM json_to_recordset(%s::json) AS r("
            "tenant text, id text, subject_kind text, subject_id text, fingerprint text,"
            " stage text, outcome text, reason text, rule_id text, detail text, count bigint,"
            " occurred_at bigint) ON CONFLICT DO NOTHING",
            (as_json(rows),),
        )


async def write_dead_letters(connection: Connection, rows: Sequence[Row]) -> None:
    """Add the dead letters that are not stored yet; `key` and `value` come as base64."""
    if rows:
        await connection.execute(
            "INSERT INTO dead_letters SELECT id, topic, partition, r.offset, stage, reason,"
            " error, decode(key, 'base64'), decode(value, 'base64'), truncated, headers,"
            ' "timestamp", occurred_at FROM json_to_recordset(%s::json) AS r('
            'id text, topic text, partition integer, "offset" bigint, stage text, reason text,'
            " error text, key text, value text, truncated boolean, headers jsonb,"
            ' "timestamp" bigint, occurred_at bigint) ON CONFLICT DO NOTHING',
            (as_json(rows),),
        )


async def live_alerts(
    connection: Connection, *, after: tuple[str, str], most: int, ended_after: int
) -> list[Row]:
    """Give a page of the alerts that an occurrence may still belong to.

    Those are the open ones, and those whose window, or whose last occurrence where there is
    none, lies after `ended_after`.
    """
    found = await connection.execute(
        "SELECT tenant, alert_id, fingerprint, seq, status, occurred_at, last_seen_at,"
        " acknowledged, snoozed_until, window_ends_at, opened_partition, opened_offset"
        " FROM alerts WHERE (tenant, alert_id) > (%s, %s) AND (status = 'open'"
        " OR greatest(window_ends_at, last_seen_at, occurred_at) > %s)"
        " ORDER BY tenant, alert_id LIMIT %s",
        (*after, ended_after, most),
    )
    return await found.fetchall()


def as_json(rows: Iterable[Row]) -> str:
    """Write rows as the one parameter of a statement."""
    return orjson.dumps(list(rows)).decode()
