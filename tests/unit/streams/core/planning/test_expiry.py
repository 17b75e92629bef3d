"""Until when it is of use to tell something."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.notification import NotificationType
from schemas.records import Intent
from streams.core.planning.expiry import expired, expires_at
from tests.builders import DAY, HOUR, NOON, SECOND

FEW = settings(max_examples=60, deadline=None)

PLAIN = NotificationType(id="news")
SHORT = NotificationType(id="news", expires_s=60)


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        ({"expires_at": NOON + 1, "priority": 3}, SHORT, NOON + 1),
        ({"priority": 3}, SHORT, NOON + 60 * SECOND),
        ({"priority": 3}, PLAIN, NOON + HOUR),
        ({"priority": 2}, PLAIN, NOON + HOUR),
        ({"priority": 1}, PLAIN, NOON + 3 * DAY),
        ({"priority": 1, "type": "alert"}, PLAIN, NOON + DAY),
        ({"priority": 0, "alert_id": "a"}, PLAIN, NOON + DAY),
        ({"priority": 1, "send_at": NOON + 9 * DAY}, PLAIN, NOON + 12 * DAY),
    ],
)
def test_every_intent_expires(
    fields: dict[str, Any], kind: NotificationType, expected: int
) -> None:
    """What is given goes first, then the type's word, then an hour, a day or three."""
    intent = Intent(**({"recipient": "ann", "template": "t", "type": "news"} | fields))
    assert expected == expires_at(intent, kind, created_at=NOON)


@FEW
@given(
    st.builds(
        Intent,
        recipient=st.just("ann"),
        priority=st.integers(0, 3),
        send_at=st.integers(0, 253_402_300_799_999),
    ),
    st.integers(0, 2_000_000_000),
    st.integers(1, NOON),
)
def test_nothing_expires_before_it_may_be_sent(
    intent: Intent, expires_s: int, created_at: int
) -> None:
    """What is held for a later moment is still of use then, and the moment can be written."""
    kind = NotificationType(id="alert", expires_s=expires_s)
    expiry = expires_at(intent, kind, created_at=created_at)
    assert max(created_at, intent.send_at) <= expiry <= 253_402_300_799_999


@FEW
@given(st.integers(1, NOON), st.integers(0, NOON))
def test_the_moment_of_expiry_is_too_late(at: int, now: int) -> None:
    """An intent may be sent before its expiry and not at it; one without expiry always."""
    assert (now >= at) is expired(at, now)
    assert not expired(0, now)
