"""Turn rows into what the API says: pure."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.api.delivery_models import Delivery
from connectors.api.models import (
    Change,
    DecisionMade,
    Explanation,
    Notification,
    NotificationWithHistory,
    Statistics,
)
from schemas.reasons import AlertStatus, Priority

Row = dict[str, Any]
_TIMES = ("_at", "_until")
_NAMES = {int(each): each.name.lower() for each in Priority}


def iso(ms: int) -> str | None:
    """Write epoch milliseconds as ISO 8601 in UTC; 0 is not known."""
    if not ms:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat("T", "milliseconds")[:-6] + "Z"


def priority_name(priority: int) -> str:
    """Say a priority in a word."""
    return _NAMES.get(priority, str(priority))


def _with_times(row: Row) -> Row:
    return {name: iso(value) if name.endswith(_TIMES) else value for name, value in row.items()}


def _fields(row: Row) -> Row:
    fields = _with_times(row)
    fields["id"] = fields.pop("alert_id")
    fields["priority_name"] = priority_name(row["priority"])
    fields["duplicates"] = max(0, row["count"] - 1)
    if not row["acknowledged"]:
        fields["acknowledged_by"], fields["acknowledged_at"] = "", None
    return fields


def notification(row: Row) -> Notification:
    """Say what the inbox shows of an alert."""
    return Notification.model_construct(**_fields(row))


def with_history(
    row: Row, changes: Iterable[Row], *, told: list[Delivery]
) -> NotificationWithHistory:
    """Say what the inbox shows of an alert, what happened to it and who was told."""
    history = [Change.model_construct(**_with_times(change)) for change in changes]
    return NotificationWithHistory.model_construct(**_fields(row), history=history, told=told)


def explanation(row: Row, decisions: Iterable[Row]) -> Explanation:
    """Say what was decided about an alert."""
    return Explanation(
        id=row["alert_id"],
        fingerprint=row["fingerprint"],
        decisions=[
            DecisionMade(about=each["subject_kind"], **_with_times(each)) for each in decisions
        ],
    )


def statistics(rows: Iterable[Row], *, deliveries: Iterable[Row]) -> Statistics:
    """Add up how many alerts and deliveries there are by what."""
    by_channel: dict[str, dict[str, int]] = {}
    for row in deliveries:
        by_channel.setdefault(row["channel"], {})[row["status"]] = row["deliveries"]
    by_source: Counter[str] = Counter()
    by_status: Counter[str] = Counter({str(each): 0 for each in AlertStatus})
    by_priority: Counter[str] = Counter(dict.fromkeys(_NAMES.values(), 0))
    unacknowledged = occurrences = 0
    for row in rows:
        alerts = row["alerts"]
        by_source[row["source"]] += alerts
        by_status[row["status"]] += alerts
        by_priority[priority_name(row["priority"])] += alerts
        unacknowledged += 0 if row["acknowledged"] else alerts
        occurrences += row["occurrences"]
    total = by_source.total()
    return Statistics(
        total=total,
        unacknowledged=unacknowledged,
        open=by_status[AlertStatus.OPEN],
        by_source=dict(by_source),
        by_priority=dict(by_priority),
        by_status=dict(by_status),
        occurrences=occurrences,
        duplicates_saved=max(0, occurrences - total),
        deliveries=by_channel,
    )


def cursor_after(row: Row) -> str:
    """Mark the place behind an alert's row."""
    return cursor_at(row["last_seen_at"], row["alert_id"])


def cursor_at(moment: int, ident: str) -> str:
    """Mark the place behind what has this moment and id."""
    marked = orjson.dumps([moment, ident])
    return base64.urlsafe_b64encode(marked).decode().rstrip("=")


def parse_cursor(cursor: str) -> tuple[int, str]:
    """Read a mark; ValueError where it is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        last_seen_at, alert_id = orjson.loads(raw)
    except (binascii.Error, ValueError, TypeError) as wrong:
        raise ValueError("not a cursor of ours") from wrong
    if type(last_seen_at) is not int or type(alert_id) is not str or "\0" in alert_id:
        raise ValueError("not a cursor of ours")
    return last_seen_at, alert_id


def parse_priorities(given: str) -> list[int]:
    """Read priorities, as numbers or words with commas between; ValueError names a wrong one."""
    numbers = {name: number for number, name in _NAMES.items()}
    numbers |= {str(number): number for number in _NAMES}
    out = []
    for word in given.split(","):
        number = numbers.get(word.strip().lower())
        if number is None:
            raise ValueError(
                f"{word.strip()[:40]!r} is none of 0 to 3, low, normal, high, critical"
            )
        out.append(number)
    return out


def parse_moment(given: str) -> int:
    """Read ISO 8601 with a zone as epoch milliseconds; ValueError where it is not."""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as wrong:
        raise ValueError("not an ISO 8601 time") from wrong
    if moment.tzinfo is None:
        raise ValueError("say the time zone, as in 2026-03-01T08:00:00Z")
    return int(moment.timestamp() * 1000)
