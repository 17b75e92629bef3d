"""SQL by which deliveries are read; every statement names the tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.stores.postgres import Connection

Row = dict[str, Any]
Mark = tuple[int, str]  # when a delivery began, in epoch milliseconds, and its id

_TIMES = (
    "sent_at", "delivered_at", "opened_at", "clicked_at", "held_until", "created_at",
    "updated_at",
)  # fmt: skip
_WORDS = (
    "id", "intent_id", "user_id", "channel", "status", "step", "reason", "error_message",
    "provider", "provider_id", "address", "subject", "attempts", "maybe_repeat", "replay",
    "template_name", "template_version", "locale", "variant", "type", "priority", "lane",
    "alert_id",
)  # fmt: skip
# Times leave the table as they travel everywhere else: epoch milliseconds, 0 where not known.
_SELECT = ", ".join(
    (*_WORDS, *(f"coalesce(extract(epoch FROM {t}) * 1000, 0)::bigint AS {t}" for t in _TIMES))
)
_FROM = f"SELECT {_SELECT} FROM notification_log WHERE "  # noqa: S608 - columns named above
_NEWEST = " ORDER BY notification_log.created_at DESC, notification_log.id DESC"
_MARK = (
    "(notification_log.created_at, notification_log.id)"
    " < (timestamptz 'epoch' + %s * interval '1 millisecond', %s)"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Choose among a tenant's deliveries; what is None chooses all, an empty tuple none.

    `status` is one of the log's, `step` narrows pending to queued, held or retrying.
    """

    tenant: str
    recipient: str | None = None
    channel: str | None = None
    status: str | None = None
    step: str | None = None
    intents: tuple[str, ...] | None = None
    alert: str | None = None


async def listed(
    connection: Connection, wanted: Filter, *, most: int, after: Mark | None = None
) -> list[Row]:
    """Give deliveries, the newest first; `after` marks the last one of the page before."""
    clauses, values = ["tenant = %s"], [wanted.tenant]
    out: list[Any] = list(values)
    chosen = {
        "user_id": wanted.recipient,
        "channel": wanted.channel,
        "status": wanted.status,
        "step": wanted.step,
        "alert_id": wanted.alert,
    }
    for column, value in chosen.items():
        if value is not None:
            clauses.append(f"{column} = %s")
            out.append(value)
    if wanted.intents is not None:
        clauses.append("intent_id = ANY(%s)")
        out.append(list(wanted.intents))
    if wanted.alert:
        clauses.append("alert_id <> ''")  # said in full, so that the index of alerts serves
    if wanted.status == "failed":
        clauses.append("status = 'failed'")  # the same for the index of failures
    if after is not None:
        clauses.append(_MARK)
        out.extend(after)
    query = "".join((_FROM, " AND ".join(clauses), _NEWEST, " LIMIT %s"))
    found = await connection.execute(query.encode(), [*out, most])
    return await found.fetchall()


async def find(connection: Connection, *, tenant: str, delivery_id: str) -> Row | None:
    """Give one delivery."""
    found = await connection.execute(
        f"{_FROM} tenant = %s AND id = %s".encode(), (tenant, delivery_id)
    )
    return await found.fetchone()


async def events(
    connection: Connection,
    *,
    tenant: str,
    intents: Sequence[str],
    most: int,
    delivery_id: str = "",
) -> list[Row]:
    """Give what happened to the deliveries of intents, or to one of them, in order of time."""
    found = await connection.execute(
        "SELECT id, delivery_id, channel, status, address, provider, provider_id, reason, error,"
        " attempt, held_until, maybe_repeat, corrects, replay, occurred_at, link, recipient"
        " FROM delivery_events WHERE tenant = %s AND intent_id = ANY(%s)"
        " AND (%s::text = '' OR delivery_id = %s) ORDER BY occurred_at, attempt, id LIMIT %s",
        (tenant, list(intents), delivery_id, delivery_id, most),
    )
    return await found.fetchall()


async def decisions(
    connection: Connection, *, tenant: str, subjects: Sequence[str], most: int
) -> list[Row]:
    """Give what stages decided about any of these, in order of time."""
    found = await connection.execute(
        "SELECT id, subject_kind, subject_id, fingerprint, stage, outcome, reason, rule_id,"
        " detail, count, occurred_at FROM decisions WHERE tenant = %s"
        " AND subject_id = ANY(%s) ORDER BY occurred_at, id LIMIT %s",
        (tenant, list(subjects), most),
    )
    return await found.fetchall()


async def statistics(connection: Connection, *, tenant: str) -> list[Row]:
    """Give how many deliveries stand under each channel and status."""
    found = await connection.execute(
        "SELECT channel, status, deliveries FROM delivery_stats WHERE tenant = %s"
        " AND deliveries > 0 ORDER BY channel, status",
        (tenant,),
    )
    return await found.fetchall()
