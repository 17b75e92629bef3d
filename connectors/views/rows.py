"""Make rows of records: pure, and the same rows whenever the same records come again."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.views.deliveries import event_rows, log_rows
from connectors.views.kept import KEPT
from schemas.deliveries import DeliveryEvent
from schemas.reasons import ChangeKind
from schemas.records import AlertChange, DeadLetter, Decision, Record

Row = dict[str, Any]
ERROR_CHARS = 4_000  # of an error text are worth keeping


@dataclass(frozen=True, slots=True)
class Taken:
    """Hold a decoded record and where it stood."""

    topic: str
    partition: int
    offset: int
    record: Record


@dataclass(frozen=True, slots=True)
class Rows:
    """Hold the rows of one batch, at most one an alert and one a delivery.

    `kept` are the records of compacted topics, as they came.
    """

    alerts: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    dead_letters: list[Row] = field(default_factory=list)
    delivery_events: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    kept: list[Record] = field(default_factory=list)


_STATE = (
    "fingerprint", "seq", "status", "priority", "count", "first_seen_at", "last_seen_at",
    "occurred_at", "acknowledged", "acknowledged_by", "muted_by", "muted_until", "snoozed_until",
    "stale", "window_ends_at", "opened_partition", "opened_offset",
)  # fmt: skip
_CONTENT = ("source", "title", "body", "severity", "labels", "links", "started_at")
_HISTORY = (
    "tenant", "alert_id", "seq", "kind", "status", "priority", "count", "occurred_at",
    "acknowledged", "muted_by", "muted_until", "snoozed_until", "actor", "rule_id", "note",
)  # fmt: skip


def rows_of(batch: Sequence[Taken]) -> Rows:
    """Sort a batch into rows for each table."""
    changes = [each.record for each in batch if isinstance(each.record, AlertChange)]
    events = [_named(each, each.record) for each in batch if isinstance(each.record, DeliveryEvent)]
    return Rows(
        alerts=_alerts(changes),
        changes=_history(changes),
        decisions=[_decision(each) for each in batch if isinstance(each.record, Decision)],
        dead_letters=[_dead_letter(each) for each in batch if isinstance(each.record, DeadLetter)],
        delivery_events=event_rows(events),
        deliveries=log_rows(events),
        kept=[each.record for each in batch if isinstance(each.record, KEPT)],
    )


def latest(changes: Iterable[AlertChange]) -> list[AlertChange]:
    """Give the highest change of each alert."""
    highest: dict[tuple[str, str], AlertChange] = {}
    for change in changes:
        key = (change.tenant, change.alert_id)
        if key not in highest or change.seq > highest[key].seq:
            highest[key] = change
    return list(highest.values())


def _alerts(changes: Sequence[AlertChange]) -> list[Row]:
    with_content: dict[tuple[str, str], AlertChange] = {}
    acknowledged: dict[tuple[str, str], AlertChange] = {}
    for change in changes:
        key = (change.tenant, change.alert_id)
        if change.has_content and _higher(change, with_content.get(key)):
            with_content[key] = change
        if change.kind == ChangeKind.ACKNOWLEDGED and _higher(change, acknowledged.get(key)):
            acknowledged[key] = change
    out = []
    for change in latest(changes):
        key = (change.tenant, change.alert_id)
        content, ack = with_content.get(key), acknowledged.get(key)
        row: Row = {name: getattr(change, name) for name in _STATE}
        row |= {name: getattr(content or _NOTHING, name) for name in _CONTENT}
        row["tenant"], row["alert_id"] = key
        row["content_seq"] = content.seq if content else 0
        row["acknowledged_seq"] = ack.seq if ack else 0
        row["acknowledged_at"] = ack.occurred_at if ack else 0
        out.append(row)
    return out


_NOTHING = AlertChange(alert_id="-", seq=0, fingerprint="-", kind="-")


def _higher(change: AlertChange, than: AlertChange | None) -> bool:
    return than is None or change.seq > than.seq


def _history(changes: Sequence[AlertChange]) -> list[Row]:
    return [{name: getattr(change, name) for name in _HISTORY} for change in changes]


def _decision(taken: Taken) -> Row:
    row = msgspec.structs.asdict(taken.record)
    row["id"] = row["id"] or f"{taken.topic}:{taken.partition}:{taken.offset}"
    return row


def _named(taken: Taken, event: DeliveryEvent) -> DeliveryEvent:
    if event.id:
        return event
    place = f"{taken.topic}:{taken.partition}:{taken.offset}"
    return msgspec.structs.replace(event, id=place)


def _dead_letter(taken: Taken) -> Row:
    row = msgspec.structs.asdict(taken.record)
    row["id"] = row["id"] or f"{taken.topic}:{taken.partition}:{taken.offset}"
    row["key"] = b64encode(row["key"]).decode()
    row["value"] = b64encode(row["value"]).decode()
    row["error"] = row["error"][:ERROR_CHARS]
    row["headers"] = [[name, b64encode(value).decode()] for name, value in row["headers"]]
    return row
