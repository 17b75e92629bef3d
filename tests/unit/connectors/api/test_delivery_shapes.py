"""What is said of an intent follows from what was accepted, its deliveries and what waits."""

from typing import Any

import pytest

from connectors.api import delivery_shapes as shapes
from tests.builders import HOUR, NOON

Row = dict[str, Any]


def _row(name: str, step: str, **fields: Any) -> Row:
    row: Row = dict.fromkeys(
        (
            "reason", "error_message", "provider", "provider_id", "replay", "template_version",
            "locale", "variant", "alert_id",
        ),
        "",
    )  # fmt: skip
    row |= dict.fromkeys(("held_until", "sent_at", "delivered_at", "opened_at", "clicked_at"), 0)
    row |= {
        "id": f"delivery-{name}",
        "intent_id": "i",
        "user_id": "ann",
        "channel": "email",
        "status": "pending" if step in {"queued", "held", "retrying"} else step,
        "step": step,
        "address": "ann@example.org",
        "subject": "Disk full",
        "attempts": 1,
        "maybe_repeat": False,
        "template_name": "alert",
        "type": "alert",
        "priority": 2,
        "lane": "urgent",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return row | fields


def _event(status: str, **fields: Any) -> Row:
    given = {
        "status": status,
        "channel": "none",
        "reason": "not_yet",
        "held_until": NOON + HOUR,
        "recipient": "ann",
        "occurred_at": NOON,
    }
    return given | fields


def _status(*rows: Row, events: tuple[Row, ...] = (), now: int = NOON) -> str:
    return shapes.intent("i", None, rows, events, now=now).status


def test_accepted_until_something_is_planned() -> None:
    """What was accepted and not planned yet says so, with what its sender asked for."""
    accepted = {
        "id": "i",
        "recipient": "ann",
        "template": "welcome",
        "type": "account",
        "priority": 1,
        "channels": ["sms"],
        "created_at": NOON,
        "expires_at": NOON + HOUR,
        "accepted_at": NOON,
    }
    said = shapes.intent("i", accepted, [], [], now=NOON)
    assert ("accepted", "normal", ["sms"], []) == (
        said.status,
        said.priority_name,
        said.requested_channels,
        said.channels,
    )


def test_held_whole_it_waits_until_a_channel_is_chosen() -> None:
    """An intent for later says until when; once it has deliveries the waiting is over."""
    said = shapes.intent("i", None, [], [_event("held")], now=NOON)
    assert ("pending", ["none"], "2023-11-14T23:13:20.000Z") == (
        said.status,
        [each.channel for each in said.channels],
        said.channels[0].held_until,
    )
    planned = shapes.intent("i", None, [_row("a", "delivered")], [_event("held")], now=NOON)
    assert ("final", ["email"]) == (planned.status, [each.channel for each in planned.channels])


def test_a_channel_that_waits_without_an_address_is_told() -> None:
    """One channel delivered, the other still held: the intent is pending."""
    waiting = _event("held", channel="sms", reason="quiet_hours")
    said = shapes.intent("i", None, [_row("a", "delivered")], [waiting], now=NOON)
    assert ("pending", {"email": "delivered", "sms": "held"}) == (
        said.status,
        {each.channel: each.status for each in said.channels},
    )


def test_the_best_of_several_addresses_speaks_for_the_channel() -> None:
    """A push that reached one of three tokens was delivered."""
    rows = [_row("a", "failed"), _row("b", "delivered"), _row("c", "retrying")]
    said = shapes.intent("i", None, rows, [], now=NOON)
    assert ("delivered", 3) == (said.channels[0].status, len(said.channels[0].deliveries))
    assert "pending" == said.status


@pytest.mark.parametrize(
    ("provider", "later", "status"),
    [("smtp", 0, "final"), ("sendgrid", 0, "pending"), ("sendgrid", 73 * HOUR, "final")],
)
def test_sent_is_final_where_no_receipt_can_come(provider: str, later: int, status: str) -> None:
    """SMTP tells nothing more, and after three days nobody waits for a receipt."""
    assert status == _status(_row("a", "sent", sent_at=NOON, provider=provider), now=NOON + later)


def _step(**fields: Any) -> Row:
    given: Row = dict.fromkeys(
        (
            *("error", "provider", "corrects", "replay", "delivery_id", "link"),
            *("subject_kind", "rule_id"),
        ),
        "",
    )
    given |= {"held_until": 0, "attempt": 0, "maybe_repeat": False, "occurred_at": NOON}
    return given | fields


def test_what_event_and_decision_tell_alike_is_told_once() -> None:
    """A hold that was decided and published is one line; what has no reason stays apart."""
    held = _step(id="e1", status="held", channel="sms", reason="rate_limited")
    queued = _step(id="e2", status="queued", channel="email", reason="")
    also = _step(id="e3", status="queued", channel="email", reason="")
    decision = _step(
        id="d1", stage="rate_limit", outcome="held", reason="rate_limited", detail="sms:1"
    )
    other = _step(id="d2", stage="planning", outcome="dropped", reason="duplicate", detail="0:7")
    said = shapes.explanation(
        "i", "pending", events=[held, queued, also], decisions=[decision, other]
    )
    assert [
        ("decision", "planning", ""),
        ("event", "rate_limit", "sms"),
        ("event", "", "email"),
        ("event", "", "email"),
    ] == [(step.kind, step.stage, step.channel) for step in said.steps]
