"""What the API says follows from the rows alone."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import shapes
from tests.builders import NOON


@given(st.integers(0, 2**53), st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_a_cursor_leads_back_to_its_row(last_seen_at: int, alert_id: str) -> None:
    """Whatever stands in a row, its cursor says it again."""
    cursor = shapes.cursor_after({"last_seen_at": last_seen_at, "alert_id": alert_id})
    assert (last_seen_at, alert_id) == shapes.parse_cursor(cursor)


@given(st.text(max_size=60))
def test_a_made_up_cursor_is_refused_and_breaks_nothing(cursor: str) -> None:
    """Text that is no cursor of ours is refused, never an error of the house."""
    with suppress(ValueError):
        shapes.parse_cursor(cursor)


def test_times_are_iso_in_utc() -> None:
    """Milliseconds are written as people and programs read them; an unknown time is null."""
    assert "2023-11-14T22:13:20.123Z" == shapes.iso(NOON + 123)
    assert shapes.iso(0) is None


def test_priorities_are_numbers_or_words() -> None:
    """Both ways of saying a priority may be mixed."""
    assert [3, 2, 0] == shapes.parse_priorities("critical, 2,LOW")


@pytest.mark.parametrize("given_", ["", "4", "urgent", "high,", "-1"])
def test_a_priority_that_does_not_exist_is_named(given_: str) -> None:
    """A wrong word is refused with the words that exist."""
    with pytest.raises(ValueError, match="none of"):
        shapes.parse_priorities(given_)


@pytest.mark.parametrize("given_", ["soon", "2026-03-01T08:00:00", "2026-13-01T00:00:00Z"])
def test_a_moment_needs_a_zone(given_: str) -> None:
    """A time that could be read in two ways is refused."""
    with pytest.raises(ValueError, match=r"ISO 8601|time zone"):
        shapes.parse_moment(given_)


def test_statistics_add_up() -> None:
    """Sums by source, priority and state come from the same rows, and duplicates are counted."""
    row = {"source": "slack", "status": "open", "priority": 2, "acknowledged": False}
    other = {"source": "email", "status": "resolved", "priority": 0, "acknowledged": True}
    said = shapes.statistics(
        [row | {"alerts": 2, "occurrences": 14}, other | {"alerts": 1, "occurrences": 1}],
        deliveries=[
            {"channel": "sms", "status": "failed", "deliveries": 1},
            {"channel": "sms", "status": "pending", "deliveries": 2},
        ],
    )
    assert (3, 2, 2, 15, 12) == (
        said.total,
        said.unacknowledged,
        said.open,
        said.occurrences,
        said.duplicates_saved,
    )
    assert {"slack": 2, "email": 1} == said.by_source
    assert {"low": 1, "normal": 0, "high": 2, "critical": 0} == said.by_priority
    assert {"open": 2, "resolved": 1} == said.by_status
    assert {"sms": {"failed": 1, "pending": 2}} == said.deliveries
