"""How long an alert is remembered."""

from streams.pipeline import announced, lapses_at, reserve
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Story,
    silence,
)


def test_an_alert_is_remembered_while_anyone_may_need_it() -> None:
    """One that is acknowledged stays; others go after their window, or are ended after a day."""
    forever = (1 << 63) - 1
    story = Story()
    story.hears()
    assert NOON + 2 * HOUR == lapses_at(story.now)
    story.hears()
    assert forever == lapses_at(story.now)
    story.state = announced(reserve(story.now))
    assert NOON + 2 * HOUR == lapses_at(story.now)
    story.orders("ack")
    assert forever == lapses_at(story.now)
    story.orders("resolve", at=MINUTE)
    assert NOON + MINUTE + 2 * HOUR == lapses_at(story.now)
    living = Story()
    living.hears(source="grafana")
    assert NOON + 24 * HOUR == lapses_at(living.now)


def test_a_muted_alert_is_remembered_until_its_silence_ends() -> None:
    """What is owed is not forgotten before it can come due."""
    story = Story(silence("s", "source=webhook", ends_at=NOON + DAY))
    story.hears()
    assert NOON + DAY + HOUR == lapses_at(story.now)
