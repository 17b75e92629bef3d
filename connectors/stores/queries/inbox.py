"""SQL by which the inbox is read; every statement names the tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.stores.postgres import Connection

Row = dict[str, Any]

_COLUMNS = (
    "SELECT alert_id, fingerprint, seq, status, priority, count, first_seen_at, last_seen_at,"
    " acknowledged, acknowledged_by, acknowledged_at, muted_by, muted_until, snoozed_until,"
    " stale, source, title, body, severity, labels, links, started_at FROM alerts WHERE "
)
_BY_ID_OR_FINGERPRINT = (
    "tenant = %s AND (alert_id = %s OR fingerprint = %s)"
    " ORDER BY (alert_id = %s) DESC, first_seen_at DESC, opened_offset DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Choose among a tenant's alerts; what is None or empty chooses all."""

    tenant: str
    source: str | None = None
    status: str | None = None
    priorities: Sequence[int] = ()
    acknowledged: bool | None = None


async def listed(
    connection: Connection,
    wanted: Filter,
    *,
    most: int,
    skip: int = 0,
    after: tuple[int, str] | None = None,
) -> list[Row]:
    """Give alerts, the last seen first; `after` is the last one of the page before."""
    clauses, values = _clauses(wanted)
    if after is not None:
        clauses.append("(last_seen_at, alert_id) < (%s, %s)")
        values.extend(after)
    query = "".join(
        (
            _COLUMNS,
            " AND ".join(clauses),
            " ORDER BY last_seen_at DESC, alert_id DESC LIMIT %s OFFSET %s",
        )
    )
    found = await connection.execute(query.encode(), [*values, most, skip])
    return await found.fetchall()


async def total(connection: Connection, wanted: Filter) -> int:
    """Count the alerts that a filter chooses, without reading them."""
    clauses, values = _clauses(wanted)
    query = "SELECT coalesce(sum(alerts), 0)::bigint AS alerts FROM alert_stats WHERE "
    found = await connection.execute("".join((query, " AND ".join(clauses))).encode(), values)
    row = await found.fetchone()
    return int(row["alerts"]) if row else 0


def _clauses(wanted: Filter) -> tuple[list[str], list[Any]]:
    clauses, values = ["tenant = %s"], [wanted.tenant]
    out: list[Any] = list(values)
    if wanted.source is not None:
        clauses.append("source = %s")
        out.append(wanted.source)
    if wanted.status == "open":
        clauses.append("status = 'open'")  # said in full, so that the index of open ones serves
    elif wanted.status is not None:
        clauses.append("status = %s")
        out.append(wanted.status)
    if wanted.priorities:
        clauses.append("priority = ANY(%s)")
        out.append(list(wanted.priorities))
    if wanted.acknowledged is not None:
        clauses.append("acknowledged = %s")
        out.append(wanted.acknowledged)
    return clauses, out


async def find(connection: Connection, *, tenant: str, id_or_fingerprint: str) -> Row | None:
    """Give one alert by id, or the last that was opened under a fingerprint."""
    found = await connection.execute(
        (_COLUMNS + _BY_ID_OR_FINGERPRINT).encode(),
        (tenant, id_or_fingerprint, id_or_fingerprint, id_or_fingerprint),
    )
    return await found.fetchone()


async def history(connection: Connection, *, tenant: str, alert_id: str, most: int) -> list[Row]:
    """Give an alert's last changes, newest first."""
    found = await connection.execute(
        "SELECT seq, kind, status, priority, count, occurred_at, acknowledged, muted_by,"
        " muted_until, snoozed_until, actor, rule_id, note FROM alert_changes"
        " WHERE tenant = %s AND alert_id = %s ORDER BY seq DESC LIMIT %s",
        (tenant, alert_id, most),
    )
    return await found.fetchall()


async def decisions(
    connection: Connection, *, tenant: str, alert_id: str, fingerprint: str, most: int
) -> list[Row]:
    """Give what stages decided about an alert, or about records of its fingerprint."""
    found = await connection.execute(
        "SELECT id, subject_kind, subject_id, fingerprint, stage, outcome, reason, rule_id,"
        " detail, count, occurred_at FROM decisions WHERE tenant = %s"
        " AND (subject_id = %s OR (fingerprint = %s AND fingerprint <> ''))"
        " ORDER BY occurred_at DESC, id DESC LIMIT %s",
        (tenant, alert_id, fingerprint, most),
    )
    return await found.fetchall()


async def statistics(connection: Connection, *, tenant: str) -> list[Row]:
    """Give how many alerts and occurrences stand under each combination."""
    found = await connection.execute(
        "SELECT source, status, priority, acknowledged, alerts, occurrences FROM alert_stats"
        " WHERE tenant = %s AND alerts > 0 ORDER BY source",
        (tenant,),
    )
    return await found.fetchall()
