"""Moments: an alert of which nobody speaks is told, told again or ended when its time comes."""

from typing import Any

import pytest
from hypothesis import given

from schemas.state import MUTED, AlertState, flags, pack_alert
from streams.core.triage import moments
from streams.core.triage.stage import RAW, Place
from streams.pipeline import lapses_at, triage
from tests.builders import (
    DAY,
    FINGERPRINT,
    HOUR,
    MINUTE,
    NOON,
    Story,
    kinds,
    reasons,
    route,
    rules,
    silence,
    told,
)
from tests.strategies import Step, steps

ANN = route("to-ann")
DB: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}


def muted() -> Story:
    """Begin with an alert that is muted until one."""
    story = Story(ANN, silence("s1", "team=db"))
    story.hears(**DB)
    return story


def test_a_muted_alert_asks_to_be_woken_when_its_silence_ends() -> None:
    """The moment is the end of the silence, and it is asked for once."""
    story = muted()

    assert [NOON + HOUR] == [verdict.wake_at for verdict in story.verdicts]
    assert 0 == story.hears(at=MINUTE, **DB).wake_at


def test_woken_after_its_silence_it_is_told() -> None:
    """Nobody has to speak of it once more; people learn how long it has been firing."""
    story = muted()
    verdict = story.orders("wake", at=HOUR)

    assert ["unsilenced"] == kinds(verdict)
    assert ["ann"] == told(verdict)
    (intent,) = verdict.intents
    assert (3600, "Disk full") == (intent.data["firing_for_s"], intent.data["title"])
    assert [] == kinds(story.orders("wake", at=HOUR + 1))


@pytest.mark.parametrize("order", ["ack", "resolve"])
def test_what_was_taken_care_of_is_not_told(order: str) -> None:
    """An alert that was acknowledged or ended in the silence wakes nobody."""
    story = muted()
    story.orders(order, at=MINUTE)

    assert [] == told(story.orders("wake", at=HOUR))


def test_an_acknowledgement_taken_back_lets_it_be_told() -> None:
    """Who takes the acknowledgement back after the silence is told at once."""
    story = muted()
    story.orders("ack", at=MINUTE)
    story.orders("wake", at=HOUR)
    verdict = story.orders("unack", at=HOUR + MINUTE)

    assert 0 < verdict.wake_at <= NOON + HOUR + MINUTE
    assert ["ann"] == told(story.orders("wake", at=HOUR + MINUTE))


def test_a_silence_lifted_by_hand_is_over() -> None:
    """Woken before the silence's written end, the alert is told if the rule is gone."""
    story = muted()
    story.rules = rules(ANN)
    verdict = story.orders("wake", at=MINUTE)

    assert ["unsilenced"] == kinds(verdict)
    assert ["ann"] == told(verdict)


def test_a_longer_silence_moves_the_moment() -> None:
    """Woken at the old end, the alert says until when it is muted now, and sleeps on."""
    story = muted()
    story.rules = rules(ANN, silence("s1", "team=db", ends_at=NOON + 3 * HOUR))
    verdict = story.orders("wake", at=HOUR)

    assert ["silenced"] == kinds(verdict)
    assert [] == told(verdict)
    assert NOON + 3 * HOUR == verdict.wake_at
    assert ["ann"] == told(story.orders("wake", at=3 * HOUR))


def test_woken_too_early_it_sleeps_on() -> None:
    """A wake is a look, and changes nothing where nothing is due."""
    story = muted()

    assert [] == kinds(story.orders("wake", at=MINUTE))
    assert ["ann"] == told(story.orders("wake", at=HOUR))


def test_what_a_snooze_held_back_is_told_after_it() -> None:
    """An escalation in a snooze comes when the snooze is over."""
    story = Story(ANN)
    story.hears(severity="warning", **DB)
    story.orders("snooze", at=MINUTE, until=NOON + HOUR)
    held = story.hears(at=2 * MINUTE, severity="critical", **DB)

    assert [] == told(held)
    assert NOON + HOUR == held.wake_at
    assert ["ann"] == told(story.orders("wake", at=HOUR))


def test_a_route_may_tell_again() -> None:
    """While nobody acknowledges, those who were told are told again so often."""
    story = Story(route("to-ann", retell_s=600))
    first = story.hears(**DB)
    again = story.orders("wake", at=10 * MINUTE)

    assert NOON + 10 * MINUTE == first.wake_at
    assert ["ann"] == told(again)
    assert NOON + 20 * MINUTE == again.wake_at
    assert first.intents[0].id != again.intents[0].id
    story.orders("ack", at=11 * MINUTE)
    assert [] == told(story.orders("wake", at=20 * MINUTE))


def test_an_open_alert_of_which_nothing_is_heard_ends() -> None:
    """After a day without a word it is resolved by the clock, and those who were told learn it."""
    story = Story(ANN)
    story.hears(**DB)
    story.hears(at=HOUR, **DB)

    assert [] == kinds(story.orders("wake", at=HOUR + DAY - 1))
    verdict = story.orders("wake", at=HOUR + DAY)
    (change,) = verdict.changes
    assert ("resolved", "timeout") == (change.kind, change.actor)
    assert ["ann"] == told(verdict)
    assert [] == kinds(story.orders("wake", at=HOUR + DAY + 1))


def test_an_alert_with_a_window_that_nobody_takes_in_hand_ends_by_the_clock() -> None:
    """Once nothing late can come it leaves the open ones by itself; that it does is no news."""
    story = Story(ANN)
    story.hears(source="slack")

    assert [] == kinds(story.orders("wake", at=2 * HOUR - 1))
    verdict = story.orders("wake", at=2 * HOUR)
    (change,) = verdict.changes
    assert ("resolved", "resolved", "timeout", NOON + HOUR) == (
        change.kind,
        change.status,
        change.actor,
        change.occurred_at,
    )
    assert [] == told(verdict)
    assert ["window_over"] == reasons(verdict)
    assert ["fired"] == kinds(story.hears(at=2 * HOUR + 1, source="slack"))


def test_an_alert_that_gives_way_to_the_next_one_has_ended() -> None:
    """What comes after the window is another alert, and the one before it is open no more."""
    story = Story(ANN)
    first = story.hears(source="slack")
    verdict = story.hears(at=HOUR + MINUTE, source="slack")

    assert ["resolved", "fired"] == kinds(verdict)
    ended, fired = verdict.changes
    assert (NOON + HOUR, NOON + HOUR + MINUTE) == (ended.occurred_at, fired.occurred_at)
    assert ended.alert_id == first.changes[0].alert_id != fired.alert_id
    assert [fired.alert_id] == [intent.alert_id for intent in verdict.intents]


def test_what_somebody_has_in_hand_outlives_its_window() -> None:
    """Acknowledged, it is known and counted until nothing was heard of it for a day."""
    story = Story(ANN)
    story.hears(source="slack")
    story.orders("ack", at=MINUTE)
    story.hears(at=5 * HOUR, source="slack")

    assert [] == kinds(story.orders("wake", at=5 * HOUR + DAY - 1))
    assert ["unacknowledged"] == kinds(story.orders("unack", at=6 * HOUR))
    story.orders("ack", at=6 * HOUR)
    verdict = story.orders("wake", at=5 * HOUR + DAY)
    assert (["resolved"], []) == (kinds(verdict), told(verdict))


def test_what_was_stale_from_the_start_ends_as_what_it_was() -> None:
    """That an alert was too old when it came is still seen when it is over."""
    story = Story(ANN)
    story.hears(timestamp=NOON + 2 * DAY, source="slack")

    assert [] == kinds(story.orders("wake", at=2 * DAY + HOUR))
    (change,) = story.orders("wake", at=2 * DAY + 2 * HOUR).changes
    assert ("resolved", True) == (change.kind, change.stale)


def test_what_came_just_before_its_window_ended_is_not_made_stale_by_its_end() -> None:
    """A record of the window that comes after the end is counted, and begins nothing."""
    story = Story(ANN)
    story.hears(source="slack")
    story.orders("wake", at=2 * HOUR)
    late = story.hears(at=HOUR - 1, timestamp=NOON + 2 * HOUR, source="slack")

    assert ([], []) == (kinds(late), told(late))
    assert (2, "resolved") == (story.now.count, story.now.status)


def test_a_snooze_lifted_by_hand_gives_back_what_it_held() -> None:
    """Nobody waits for the end of a snooze that is no more, and the clock does not end it."""
    story = Story(ANN)
    story.hears(severity="warning")
    story.orders("snooze", at=MINUTE, until=NOON + 5 * HOUR)
    story.hears(at=2 * MINUTE, severity="critical")
    lifted = story.orders("snooze", at=3 * HOUR, until=0)

    assert NOON + 3 * HOUR == lifted.wake_at
    assert ["ann"] == told(story.orders("wake", at=3 * HOUR))


@pytest.mark.parametrize("held_by", ["silence", "snooze"])
def test_what_is_held_back_does_not_ask_to_be_woken_over_and_over(held_by: str) -> None:
    """Time to tell again in a silence or snooze, an alert sleeps until that is over."""
    story = Story(route("to-ann", retell_s=600))
    story.hears(**DB)
    if held_by == "silence":
        story.rules = rules(route("to-ann", retell_s=600), silence("s1", "team=db"))
    else:
        story.orders("snooze", at=MINUTE, until=NOON + HOUR)
    held = story.orders("wake", at=10 * MINUTE)

    assert [] == told(held)
    assert NOON + HOUR == held.wake_at
    after = story.orders("wake", at=HOUR)
    assert ["ann"] == told(after)
    assert NOON + HOUR + 10 * MINUTE == after.wake_at


def test_a_late_wake_tells_once() -> None:
    """After an hour without a scheduler people are told again once, not six times."""
    story = Story(route("to-ann", retell_s=600))
    story.hears(**DB)
    late = story.orders("wake", at=HOUR, issued_at=NOON + 10 * MINUTE)

    assert ["ann"] == told(late)
    assert NOON + HOUR + 10 * MINUTE == late.wake_at


def test_a_late_report_is_told_again_in_the_rhythm_of_its_telling() -> None:
    """Reported an hour late, it is told again ten minutes after it was told."""
    story = Story(route("to-ann", retell_s=600))
    first = story.hears(timestamp=NOON + HOUR, **DB)

    assert NOON + HOUR + 10 * MINUTE == first.wake_at


def test_a_snoozed_alert_does_not_time_out_in_its_snooze() -> None:
    """Who put an alert off finds it again."""
    story = Story(ANN)
    story.hears(**DB)
    story.orders("snooze", at=MINUTE, until=NOON + 3 * DAY)

    assert not moments.timed_out(story.now, at=NOON + 2 * DAY)
    assert moments.timed_out(story.now, at=NOON + 3 * DAY)


def test_a_wake_for_what_is_not_there_says_nothing() -> None:
    """Late wakes are expected."""
    story = Story(ANN)
    verdict = story.orders("wake")

    assert ((), (), ()) == (verdict.changes, verdict.intents, verdict.decisions)


@given(steps())
def test_whoever_is_owed_a_telling_has_a_moment(story: list[Step]) -> None:
    """Whatever comes, an alert that a silence withholds asks to be woken at the end of it."""
    control = rules(ANN, silence("s1", "team=db"))
    state: AlertState | None = None
    asked = 0
    for offset, step in enumerate(story):
        place = Place(RAW, 0, offset, step.at + step.lag)
        verdict = triage(step.raw, fingerprint=FINGERPRINT, place=place, state=state, rules=control)
        state = verdict.state
        asked = verdict.wake_at or asked
        if state is None or state.status != "open" or state.acknowledged:
            continue
        if state.owed and state.content is not None:
            assert 0 < asked <= moments.next_at(state)
            assert flags(pack_alert(state, lapses_at=lapses_at(state))) & MUTED
