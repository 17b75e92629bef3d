"""When something happened, as far as a sender's clock can be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.event_time import FORWARD_MS, STALE_MS, EventTime, event_time
from tests.builders import NOON


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        (0, EventTime(NOON)),
        (NOON - 1, EventTime(NOON - 1)),
        (NOON + FORWARD_MS, EventTime(NOON + FORWARD_MS)),
        (NOON + FORWARD_MS + 1, EventTime(NOON, skewed=True)),
        (NOON - STALE_MS, EventTime(NOON - STALE_MS)),
        (NOON - STALE_MS - 1, EventTime(NOON - STALE_MS - 1, stale=True)),
    ],
)
def test_a_senders_clock_is_believed_within_bounds(occurred_at: int, expected: EventTime) -> None:
    """Five minutes ahead are believed, a day behind is fresh, and no time means Kafka's."""
    assert expected == event_time(occurred_at, timestamp=NOON)


def test_without_a_kafka_timestamp_the_sender_is_all_there_is() -> None:
    """A topic without timestamps makes nothing stale or skewed."""
    assert EventTime(NOON) == event_time(NOON, timestamp=-1)


@given(st.integers(0, 2 * NOON))
def test_event_time_never_runs_ahead(occurred_at: int) -> None:
    """Whatever a sender claims, no window is moved more than five minutes ahead."""
    time = event_time(occurred_at, timestamp=NOON)
    assert time.at <= NOON + FORWARD_MS
    assert not (time.skewed and time.stale)
