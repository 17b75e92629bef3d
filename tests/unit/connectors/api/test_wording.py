"""Whoever asks why gets words, for every reason that planning and sinks can give."""

import re
from pathlib import Path
from typing import Any

import pytest

from connectors.api import wording
from schemas import reasons
from schemas.reasons import NO_CHANNEL, DeliveryStatus, Reason

_SOURCE = Path(reasons.__file__).read_text()


def _listed(heading: str, end: str) -> list[str]:
    found = re.search(rf"    # {heading}\n(.*?)    # {end}\n", _SOURCE, re.DOTALL)
    assert found is not None
    return re.findall(r'= "(\w+)"', found[1])


def _event(**fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "channel": "email",
        "status": "held",
        "provider": "",
        "attempt": 1,
        "corrects": "",
        "replay": "",
        "link": "",
        "maybe_repeat": False,
        "reason": "",
    }
    return given | fields


@pytest.mark.parametrize("reason", _listed("planning", "sinks") + _listed("sinks", "scheduler"))
def test_every_reason_of_a_delivery_has_words(reason: str) -> None:
    """No reason that a recipient may ask about is told as a bare key."""
    assert reason in wording.WHY


def test_a_reason_without_words_is_still_readable() -> None:
    """What nobody wrote words for is told without underscores, and nothing as nothing."""
    assert "nothing to resolve" == wording.why(Reason.NOTHING_TO_RESOLVE)
    assert "" == wording.why("")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            _event(reason="quiet_hours"),
            "email: held until 07:00: the recipient's quiet hours",
        ),
        (
            _event(status="delivered", provider="smtp", attempt=2, maybe_repeat=True),
            "email: delivered (smtp), attempt 2, perhaps a second time",
        ),
        (
            _event(status="expired", channel=NO_CHANNEL, reason="expired"),
            "expired: its time was over",
        ),
        (
            _event(status="failed", corrects="delivered", replay="r1"),
            "email: failed, which corrects delivered, sent anew by an operator",
        ),
        (
            _event(status="clicked", link="https://a.example/run"),
            "email: a link was followed (https://a.example/run)",
        ),
    ],
)
def test_a_step_is_a_sentence(event: dict[str, Any], said: str) -> None:
    """Channel, state, moment, provider, attempt and reason stand in one line."""
    assert said == wording.step(event, until="07:00")


@pytest.mark.parametrize("status", list(DeliveryStatus))
def test_every_state_has_words(status: DeliveryStatus) -> None:
    """Each state of a delivery can be said."""
    assert wording.step(_event(status=status), until=None).startswith("email: ")


def test_a_decision_is_a_sentence() -> None:
    """Stage, outcome, reason, rule and detail stand in one line."""
    row = {
        "stage": "quiet_hours",
        "outcome": "held",
        "reason": "quiet_hours",
        "rule_id": "r",
        "detail": "until 07:00",
    }
    assert (
        "quiet hours: held, the recipient's quiet hours (rule r) (until 07:00)"
        == wording.decision(row)
    )
    assert "planning: passed" == wording.decision(
        row | {"stage": "planning", "outcome": "passed", "reason": "", "rule_id": "", "detail": ""}
    )


def test_a_decision_about_a_channel_names_it() -> None:
    """What planning decided of one channel is told of that channel, without its own marks."""
    row = {
        "stage": "rate_limit",
        "outcome": "held",
        "reason": "",
        "rule_id": "",
        "detail": "sms:2",
    }
    assert "sms: rate limit: held" == wording.decision(row)
    assert "rate limit: held" == wording.decision(row | {"detail": "0:17"})


def test_a_fallback_says_because_of_what() -> None:
    """Who was told on another channel learns why, and who was not learns that too."""
    row = {
        "stage": "fallback",
        "outcome": "changed",
        "reason": "fallback",
        "rule_id": "",
        "detail": "sms: push did not arrive within 60 s",
    }
    assert "sent by sms because push did not arrive within 60 s" == wording.decision(row)
    none = row | {"outcome": "dropped", "reason": "no_fallback", "detail": "none: push failed"}
    assert (
        "sent by no other channel although push failed: no other channel was left to tell it on"
        == wording.decision(none)
    )
    assert "sent by no other channel although push failed: its time was over" == (
        wording.decision(none | {"reason": "expired"})
    )
    twice = row | {"outcome": "dropped", "reason": "duplicate", "detail": "1:1:7"}
    assert wording.decision(twice).startswith("fallback: dropped, the same intent")
