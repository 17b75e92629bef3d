"""How long an alert is remembered."""

from schemas.state import AlertState, flags, pack_alert
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
    """One that is acknowledged is known for a day of silence; others go after their window."""
    forever = (1 << 63) - 1
    story = Story()
    story.hears()
    assert NOON + 2 * HOUR == lapses_at(story.now)
    story.hears()
    assert forever == lapses_at(story.now)
    story.state = announced(reserve(story.now))
    assert NOON + 2 * HOUR == lapses_at(story.now)
    story.orders("ack")
    assert NOON + DAY == lapses_at(story.now)
    story.orders("resolve", at=MINUTE)
    assert NOON + MINUTE + 2 * HOUR == lapses_at(story.now)
    living = Story()
    living.hears(source="grafana")
    assert NOON + 24 * HOUR == lapses_at(living.now)


def test_a_muted_alert_is_remembered_until_its_silence_ends() -> None:
    """What is owed is not forgotten before it comes due; once somebody cares, nothing is."""
    story = Story(silence("s", "source=webhook", ends_at=NOON + DAY))
    story.hears()
    assert (1 << 63) - 1 == lapses_at(story.now)
    story.orders("ack", at=MINUTE)
    assert NOON + DAY == lapses_at(story.now)
    assert not flags(pack_alert(story.now, lapses_at=lapses_at(story.now)))


def test_what_came_late_is_not_over_before_anyone_could_see_it() -> None:
    """An alert that reached us three hours late is open for as long as any other."""
    story = Story()
    story.hears(timestamp=NOON + 3 * HOUR)
    assert NOON + 5 * HOUR == lapses_at(story.now)


def test_how_far_commands_were_carried_out_is_never_forgotten() -> None:
    """Without that note a copy of a command could be carried out twice."""
    assert (1 << 63) - 1 == lapses_at(AlertState(command_offset=7))
