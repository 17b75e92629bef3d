"""How counts are said, now and then."""

import pytest

from streams.pipeline import announce, announced, reserve
from tests.builders import (
    FINGERPRINT,
    NOON,
    Story,
)


def test_a_count_is_reserved_announced_and_cleared() -> None:
    """The same reservation always makes the same change, whatever happens meanwhile."""
    story = Story()
    story.hears()
    story.hears(at=3)
    reserved = reserve(story.now)
    assert (2, 2, NOON + 3) == (
        reserved.reserved.seq if reserved.reserved else 0,
        reserved.said_count,
        reserved.reserved.last_seen_at if reserved.reserved else 0,
    )
    change = announce(reserved, fingerprint=FINGERPRINT, tenant="default")
    assert ("repeated", 2, 2, False) == (
        change.kind,
        change.seq,
        change.count,
        change.has_content,
    )
    story.state = reserved
    story.hears(at=4)
    (escalated,) = story.hears(at=5, priority=3).changes
    assert (3, 4) == (escalated.seq, escalated.count)
    later = announce(story.now, fingerprint=FINGERPRINT, tenant="default")
    assert (change.id, change.seq, change.count, change.last_seen_at) == (
        later.id,
        later.seq,
        later.count,
        later.last_seen_at,
    )
    assert announced(story.now).reserved is None


def test_nothing_is_reserved_where_nothing_is_new() -> None:
    """A count that was said is not said again."""
    story = Story()
    story.hears()
    assert reserve(story.now) is story.now
    assert announced(story.now) is story.now
    with pytest.raises(ValueError, match="nothing is reserved"):
        announce(story.now, fingerprint=FINGERPRINT, tenant="default")


def test_a_reservation_stands_until_it_was_announced() -> None:
    """What was written down is said first; what came after it waits for the next time."""
    story = Story()
    story.hears()
    story.hears()
    story.state = reserve(story.now)
    story.hears()
    assert reserve(story.now) is story.now
    assert 3 == reserve(announced(story.now)).said_count
