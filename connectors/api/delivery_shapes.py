"""Turn the rows of deliveries, intents and the outbox into what the API says: pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.api import wording
from connectors.api.delivery_models import (
    ChannelState,
    Delivery,
    DeliveryStep,
    DeliveryWithEvents,
    ExplainedStep,
    IntentExplanation,
    IntentState,
)
from connectors.api.outbox_models import OutboxMessage
from connectors.api.shapes import iso, priority_name
from schemas.reasons import FINAL, NO_CHANNEL, DeliveryStatus

Row = dict[str, Any]

# DESIGN 2: no receipt comes over SMTP, and none is waited for after three days.
WITHOUT_RECEIPTS = frozenset({"smtp"})
RECEIPT_MS = 72 * 3_600_000

_TIMES = (
    "held_until", "created_at", "sent_at", "delivered_at", "opened_at", "clicked_at", "updated_at",
)  # fmt: skip
_OPEN = frozenset({DeliveryStatus.QUEUED, DeliveryStatus.HELD, DeliveryStatus.RETRYING})
# Of several deliveries on a channel, the first of these says how the channel stands.
_BEST = (
    DeliveryStatus.DELIVERED, DeliveryStatus.SENT, DeliveryStatus.QUEUED, DeliveryStatus.RETRYING,
    DeliveryStatus.HELD, DeliveryStatus.FAILED, DeliveryStatus.EXPIRED,
    DeliveryStatus.RATE_LIMITED, DeliveryStatus.SUPERSEDED, DeliveryStatus.SUPPRESSED,
)  # fmt: skip


def delivery(row: Row) -> Delivery:
    """Say how a delivery stands."""
    return Delivery.model_construct(**_fields(row))


def with_events(row: Row, events: Iterable[Row]) -> DeliveryWithEvents:
    """Say how a delivery stands and what happened to it."""
    return DeliveryWithEvents.model_construct(
        **_fields(row), events=[_event(each) for each in events]
    )


def _fields(row: Row) -> Row:
    fields = {name: value for name, value in row.items() if name not in _TIMES}
    fields |= {name: iso(row[name]) for name in _TIMES}
    fields["status"] = fields.pop("step")
    fields["recipient"] = fields.pop("user_id")
    fields["template"] = fields.pop("template_name")
    fields["error"] = fields.pop("error_message")
    return fields | {
        "why": wording.why(row["reason"]),
        "priority_name": priority_name(row["priority"]),
    }


def _event(row: Row) -> DeliveryStep:
    return DeliveryStep(
        id=row["id"],
        status=row["status"],
        attempt=row["attempt"],
        reason=row["reason"],
        why=wording.why(row["reason"]),
        error=row["error"],
        until=iso(row["held_until"]),
        provider=row["provider"],
        provider_id=row["provider_id"],
        maybe_repeat=row["maybe_repeat"],
        corrects=row["corrects"],
        replay=row["replay"],
        occurred_at=iso(row["occurred_at"]),
        link=row["link"],
    )


def intent(
    intent_id: str, accepted: Row | None, rows: Sequence[Row], events: Sequence[Row], *, now: int
) -> IntentState:
    """Say what became of an intent: what was accepted, its deliveries, and what still waits."""
    known = accepted or _described(rows, events)
    waiting = _waiting(rows, events)
    return IntentState(
        id=intent_id,
        status=status_of(rows, waiting, now=now),
        recipient=known["recipient"],
        template=known["template"],
        type=known["type"],
        priority=known["priority"],
        priority_name="" if known["priority"] is None else priority_name(known["priority"]),
        requested_channels=known.get("channels"),
        accepted_at=iso(known.get("accepted_at", 0)),
        created_at=iso(known["created_at"]),
        expires_at=iso(known.get("expires_at", 0)),
        channels=_channels(rows, waiting),
    )


def _described(rows: Sequence[Row], events: Sequence[Row]) -> Row:
    if rows:
        row = min(rows, key=lambda each: (each["created_at"], each["id"]))
        known = {name: row[name] for name in ("type", "priority", "created_at")}
        return known | {"recipient": row["user_id"], "template": row["template_name"]}
    recipient = events[0]["recipient"] if events else ""
    began = events[0]["occurred_at"] if events else 0
    return {
        "recipient": recipient,
        "template": "",
        "type": "",
        "priority": None,
        "created_at": began,
    }


def _waiting(rows: Sequence[Row], events: Sequence[Row]) -> dict[str, Row]:
    """Give, by channel, the last step of what waits and is no delivery yet."""
    there = {row["channel"] for row in rows}
    last: dict[str, Row] = {}
    for event in events:
        channel = event["channel"]
        # What waits as a whole waits until any channel was chosen.
        if channel in there or (channel == NO_CHANNEL and there):
            continue
        if event["status"] in _OPEN:
            last[channel] = event
    return last


def status_of(rows: Sequence[Row], waiting: dict[str, Row], *, now: int) -> str:
    """Say whether an intent is accepted, pending or final."""
    if not rows and not waiting:
        return "accepted"
    if waiting or not all(is_final(row, now=now) for row in rows):
        return "pending"
    return "final"


def is_final(row: Row, *, now: int) -> bool:
    """Say whether nothing more is waited for."""
    if row["step"] == DeliveryStatus.SENT:
        return row["provider"] in WITHOUT_RECEIPTS or now - row["sent_at"] > RECEIPT_MS
    return row["step"] in FINAL


def _channels(rows: Sequence[Row], waiting: dict[str, Row]) -> list[ChannelState]:
    by_channel: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_channel[row["channel"]].append(row)
    out = []
    for channel, found in sorted(by_channel.items()):
        best = min(found, key=lambda row: (_BEST.index(row["step"]), row["id"]))
        out.append(_channel(channel, best["step"], best, [delivery(row) for row in found]))
    out += [_channel(name, event["status"], event, []) for name, event in sorted(waiting.items())]
    return out


def _channel(name: str, status: str, row: Row, deliveries: list[Delivery]) -> ChannelState:
    return ChannelState.model_construct(
        channel=name,
        status=status,
        reason=row["reason"],
        why=wording.why(row["reason"]),
        held_until=iso(row["held_until"]),
        deliveries=deliveries,
    )


def explanation(
    subject: str, status: str, *, events: Iterable[Row], decisions: Iterable[Row]
) -> IntentExplanation:
    """Say in words, in order of time, what was done and decided.

    A decision that an event tells too is told once, by the event.
    """
    decided = {_matter(row, wording.channel_of(row)): row for row in decisions}
    steps = []
    for row in events:
        decision = decided.pop(_matter(row, row["channel"]), None)
        steps.append((row["occurred_at"], 1, _told(row, decision)))
    steps += [(row["occurred_at"], 0, _decided(row)) for row in decided.values()]
    steps.sort(key=lambda each: each[:2])
    return IntentExplanation(id=subject, status=status, steps=[step for _, _, step in steps])


def _matter(row: Row, channel: str) -> tuple[object, ...]:
    # What names no channel, or gives no reason, is told on its own.
    alone = "" if channel and row["reason"] else row["id"]
    return row["occurred_at"], channel, row["reason"], alone


def _told(row: Row, decision: Row | None) -> ExplainedStep:
    return ExplainedStep(
        at=iso(row["occurred_at"]),
        said=wording.step(row, until=iso(row["held_until"])),
        kind="event",
        channel=row["channel"],
        delivery_id=row["delivery_id"],
        stage=decision["stage"] if decision else "",
        outcome=row["status"],
        reason=row["reason"],
        rule_id=decision["rule_id"] if decision else "",
        detail=row["error"],
    )


def _decided(row: Row) -> ExplainedStep:
    return ExplainedStep(
        at=iso(row["occurred_at"]),
        said=wording.decision(row),
        kind="decision",
        channel=wording.channel_of(row),
        delivery_id=row["subject_id"] if row["subject_kind"] == "delivery" else "",
        stage=row["stage"],
        outcome=row["outcome"],
        reason=row["reason"],
        rule_id=row["rule_id"],
        detail=row["detail"],
    )


def outbox_message(row: Row) -> OutboxMessage:
    """Say what would have been sent."""
    fields = {name: value for name, value in row.items() if name != "tenant"}
    fields |= {name: iso(row[name]) for name in ("created_at", "recorded_at")}
    return OutboxMessage.model_construct(**fields, priority_name=priority_name(row["priority"]))
