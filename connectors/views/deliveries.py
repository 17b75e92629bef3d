"""Add up the events of a delivery: pure, and the same row in whatever order they come."""

from collections.abc import Iterable
from typing import Any

from schemas.deliveries import DeliveryEvent
from schemas.errors import Invalid
from schemas.reasons import FINAL, NO_CHANNEL, DeliveryStatus

Row = dict[str, Any]

PENDING = "pending"
FACTS = {"opened": "opened_at", "clicked": "clicked_at"}  # beside the state, not part of it
ERROR_CHARS = 4_000  # of an error text are worth keeping

_OPEN = (DeliveryStatus.QUEUED, DeliveryStatus.HELD, DeliveryStatus.RETRYING)
_CORRECTABLE = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
_LATEST_MS = 2**63 - 1

# What is taken together, from the event that has the highest key.
_STATE = (
    "state_key", "status", "step", "reason", "error_message", "held_until", "delivered_at",
    "replay",
)  # fmt: skip
_DESCRIBED = (
    "described_key", "intent_id", "user_id", "channel", "address", "template_name",
    "template_version", "locale", "variant", "type", "priority", "lane", "subject", "alert_id",
    "alert_seq", "ends", "created_at",
)  # fmt: skip
_PROVIDED = ("provider_key", "provider", "provider_id")
_SAME_NAME = (
    "intent_id", "channel", "address", "template_version", "locale", "variant", "type",
    "priority", "lane", "subject", "alert_id", "alert_seq", "ends", "provider", "provider_id",
    "maybe_repeat", "tenant",
)  # fmt: skip
_KEPT = (
    "tenant", "id", "delivery_id", "intent_id", "recipient", "channel", "status", "address",
    "provider", "provider_id", "reason", "attempt", "maybe_repeat", "corrects", "replay",
    "occurred_at", "link",
)  # fmt: skip


def event_rows(events: Iterable[DeliveryEvent]) -> list[Row]:
    """Give the history's rows, one an event; Invalid where a status is none of ours."""
    rows = []
    for event in events:
        _known(event)
        row = {name: getattr(event, name) for name in _KEPT}
        row["held_until"] = event.until
        row["error"] = event.error[:ERROR_CHARS]
        rows.append(row)
    return rows


def log_rows(events: Iterable[DeliveryEvent]) -> list[Row]:
    """Give what the events add up to, at most one row a delivery.

    What waits as a whole, or before an address was chosen, is no delivery yet and has no row.
    """
    rows: dict[tuple[str, str], Row] = {}
    for event in events:
        if event.status in _OPEN and (event.channel == NO_CHANNEL or not event.address):
            continue
        row, key = _contribution(event), (event.tenant, event.delivery_id)
        rows[key] = merged(rows[key], row) if key in rows else row
    return list(rows.values())


def merged(one: Row, other: Row) -> Row:
    """Give the row of both; the table's own merging says the same (write_deliveries.sql)."""
    row = {"tenant": one["tenant"], "id": one["id"]}
    for group in (_STATE, _DESCRIBED, _PROVIDED):
        source = other if other[group[0]] > one[group[0]] else one
        row |= {name: source[name] for name in group}
    for name in ("sent_at", "opened_at", "clicked_at"):
        row[name] = min(one[name] or other[name], other[name] or one[name])
    for name in ("updated_at", "attempts", "maybe_repeat"):
        row[name] = max(one[name], other[name])
    return row


def _contribution(event: DeliveryEvent) -> Row:
    _known(event)
    row: Row = {name: getattr(event, name) for name in _SAME_NAME}
    row |= {
        "id": event.delivery_id,
        "user_id": event.recipient,
        "template_name": event.template,
        "created_at": event.created_at or event.occurred_at,
        "described_key": _mark(bool(event.created_at), _early(event.occurred_at), event.id),
        "provider_key": _provider_key(event),
        "updated_at": event.occurred_at,
        "attempts": event.attempt,
        "sent_at": event.occurred_at if event.status in _CORRECTABLE else 0,
        "opened_at": 0,
        "clicked_at": 0,
    }
    if event.status in FACTS:
        row[FACTS[event.status]] = event.occurred_at
        return row | _NO_STATE
    return row | _state(event)


_NO_STATE: Row = {
    "state_key": "", "status": PENDING, "step": str(DeliveryStatus.QUEUED), "reason": "",
    "error_message": "", "held_until": 0, "delivered_at": 0, "replay": "",
}  # fmt: skip


def _state(event: DeliveryEvent) -> Row:
    is_open = event.status in _OPEN
    return {
        "state_key": _state_key(event),
        "status": PENDING if is_open else event.status,
        "step": event.status,
        "reason": event.reason,
        "error_message": event.error[:ERROR_CHARS],
        "held_until": event.until if is_open else 0,
        "delivered_at": event.occurred_at if event.status == DeliveryStatus.DELIVERED else 0,
        "replay": event.replay,
    }


def _state_key(event: DeliveryEvent) -> str:
    """Make the highest key for the event that tells how the delivery stands.

    A correction overrules a final state, that overrules `sent`, and that what is still open.
    Of open steps and of `sent` the last counts, of finals and corrections the first: a late event
    takes no final back. Only a replay begins anew; ids of replays sort by when they were asked.
    """
    if event.status == DeliveryStatus.FAILED and event.corrects in _CORRECTABLE:
        return _mark(event.replay, 3, _early(event.occurred_at), event.id)
    if event.status in FINAL:
        return _mark(event.replay, 2, _early(event.occurred_at), event.id)
    late = (_number(event.attempt), _number(event.occurred_at))
    if event.status == DeliveryStatus.SENT:
        return _mark(event.replay, 1, *late, event.id)
    return _mark(event.replay, 0, *late, _OPEN.index(DeliveryStatus(event.status)), event.id)


def _provider_key(event: DeliveryEvent) -> str:
    if not event.provider and not event.provider_id:
        return ""
    late = (_number(event.attempt), _number(event.occurred_at))
    return _mark(bool(event.provider_id), event.replay, *late, event.id)


def _mark(*parts: str | int | bool) -> str:
    return "\x1f".join(part if isinstance(part, str) else str(int(part)) for part in parts)


def _number(given: int) -> str:
    return f"{max(0, given):019}"


def _early(moment: int) -> str:
    return _number(_LATEST_MS - moment)


def _known(event: DeliveryEvent) -> None:
    if event.status not in _STATUSES:
        raise Invalid(f"no status of a delivery: {event.status[:40]!r}")


_STATUSES: frozenset[str] = frozenset([*DeliveryStatus, *FACTS])
