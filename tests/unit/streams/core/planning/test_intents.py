"""Who an intent is, and which cannot be planned."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import ids
from schemas.errors import Invalid
from schemas.records import Intent
from streams.core.planning.intents import identified
from tests.builders import HOUR, NOON

FEW = settings(max_examples=60, deadline=None)


def intent(**fields: Any) -> Intent:
    """Build an intent for Ann."""
    return Intent(**({"recipient": "ann", "template": "t"} | fields))


def placed(given: Intent, *, offset: int = 7, timestamp: int = NOON) -> Intent:
    """Identify an intent that stands at a place."""
    return identified(given, topic="intents", partition=1, offset=offset, timestamp=timestamp)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": "own", "alert_id": "a", "alert_seq": 1, "idempotency_key": "k"}, "own"),
        (
            {"alert_id": "a", "alert_seq": 1, "idempotency_key": "k"},
            ids.alert_intent_id("default", "a", 1, "ann"),
        ),
        ({"idempotency_key": "k"}, ids.intent_id("default", "k", "ann", "t")),
        (
            {"idempotency_key": "k", "alert_id": "a"},
            ids.intent_id("default", "k", "ann", "t"),
        ),
        ({}, ids.placed_intent_id("default", "intents", 1, 7)),
    ],
)
def test_an_intent_is_known_by_what_its_sender_said(fields: dict[str, Any], expected: str) -> None:
    """The id given goes first, then the alert's change, then the key, then the place."""
    assert expected == placed(intent(**fields)).id


@FEW
@given(
    st.builds(
        intent,
        id=st.sampled_from(("", "own")),
        alert_id=st.sampled_from(("", "a")),
        alert_seq=st.integers(0, 3),
        idempotency_key=st.sampled_from(("", "k")),
        created_at=st.integers(0, 2 * NOON),
    ),
    st.integers(0, 9),
)
def test_an_intent_that_has_an_identity_keeps_it(given: Intent, offset: int) -> None:
    """Identified again, it is the same; elsewhere it is another only if the place is all it has."""
    once = placed(given, offset=offset)
    assert once == placed(once, offset=offset + 1)
    moved = placed(given, offset=offset + 1)
    said = bool(given.id or given.idempotency_key or (given.alert_id and given.alert_seq))
    assert said is (once.id == moved.id)


def test_an_intent_was_created_when_its_sender_says() -> None:
    """Kafka's time stands in where none is given, and for a clock that runs ahead."""
    assert NOON == placed(intent()).created_at
    assert NOON - HOUR == placed(intent(created_at=NOON - HOUR)).created_at
    assert NOON == placed(intent(created_at=NOON + HOUR)).created_at


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kind": "order"}, "kind"),
        ({"recipient": ""}, "recipient"),
        ({"template": ""}, "template"),
        ({"priority": 4}, "priority"),
        ({"priority": -1}, "priority"),
        ({"kind": "wake"}, "id"),
        ({"channels": ["email"] * 21}, "channels"),
        ({"id": "x" * 513}, "id"),
        ({"idempotency_key": "x" * 256}, "idempotency_key"),
        ({"digest_key": "x" * 256}, "digest_key"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(fields: dict[str, Any], where: str) -> None:
    """The error names the field that is wrong."""
    with pytest.raises(Invalid, match=f"^{where}: "):
        placed(intent(**fields))


def test_what_can_be_planned_is_taken() -> None:
    """A subject or a body alone is enough, and a wake needs neither."""
    assert placed(intent(template="", subject="Hello"))
    assert placed(intent(template="", body="Hello"))
    assert "i" == placed(intent(template="", kind="wake", id="i")).id
