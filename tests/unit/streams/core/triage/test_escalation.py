"""Escalation: while nobody takes an alert in hand, others are told too, each step in its time."""

import pytest

from schemas.state import Escalation
from streams.core.triage import escalation
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Story,
    kinds,
    later,
    reasons,
    route,
    rules,
    silence,
    told,
)
from tests.unit.streams.core.triage.paging import CY, DB, STEPS, fired, steps_of


def test_while_nobody_acknowledges_others_are_told_too() -> None:
    """Ann at once, Bob after five minutes, Cy after fifteen; each with what has been going on."""
    story = fired()
    assert NOON + 5 * MINUTE == story.verdicts[0].wake_at

    second = story.orders("wake", at=5 * MINUTE)
    (intent,) = second.intents
    assert ("bob", "alert", None, "Disk full") == (
        intent.recipient,
        intent.template,
        intent.channels,
        intent.data["title"],
    )
    assert (1, 300, "repeated") == (
        intent.data["escalation_step"],
        intent.data["firing_for_s"],
        intent.data["kind"],
    )
    assert NOON + 15 * MINUTE == second.wake_at
    third = story.orders("wake", at=15 * MINUTE)
    assert [("cy", 2)] == steps_of(third)
    assert 0 == third.wake_at
    assert [] == told(story.orders("wake", at=DAY - 1))


def test_a_step_stands_in_the_history_and_among_the_reasons() -> None:
    """The inbox shows who was told when, and by which route."""
    verdict = fired().orders("wake", at=5 * MINUTE)

    (change,) = verdict.changes
    assert ("repeated", 2, "escalated to bob") == (change.kind, change.seq, change.note)
    (decision,) = verdict.decisions
    assert ("route", "changed", "escalation_step", "page", "step 1 of 2: bob") == (
        decision.stage,
        decision.outcome,
        decision.reason,
        decision.rule_id,
        decision.detail,
    )


def test_a_step_may_have_words_and_channels_of_its_own() -> None:
    """What a step does not say is the route's template and the person's preference."""
    own = later(300, "bob", template="wake-up", channels=["sms"])
    story = fired(route("page", template="alarm", escalation=[own, CY]))

    (intent,) = story.orders("wake", at=5 * MINUTE).intents
    assert ("wake-up", ["sms"]) == (intent.template, intent.channels)
    (intent,) = story.orders("wake", at=15 * MINUTE).intents
    assert ("alarm", None) == (intent.template, intent.channels)


@pytest.mark.parametrize("stop", ["ack", "resolve", "by its source", "acknowledged by its source"])
def test_whoever_takes_it_in_hand_stops_it(stop: str) -> None:
    """An acknowledgement or an end from anywhere leaves everybody else in peace."""
    story = fired()
    if stop == "by its source":
        story.hears(at=MINUTE, status="resolved", **DB)
    elif stop == "acknowledged by its source":
        story.hears(at=MINUTE, status="acknowledged", **DB)
    else:
        story.orders(stop, at=MINUTE)

    assert [] == told(story.orders("wake", at=5 * MINUTE))
    assert [] == told(story.orders("wake", at=HOUR))


def test_an_acknowledgement_taken_back_starts_the_wait_anew() -> None:
    """Whoever gives it back leaves the next one as long as there is between two steps."""
    story = fired()
    story.orders("wake", at=5 * MINUTE)
    story.orders("ack", at=6 * MINUTE)
    story.orders("wake", at=15 * MINUTE)
    back = story.orders("unack", at=HOUR)

    assert NOON + HOUR + 10 * MINUTE == back.wake_at
    assert [] == told(story.orders("wake", at=HOUR + 10 * MINUTE - 1))
    assert [("cy", 2)] == steps_of(story.orders("wake", at=HOUR + 10 * MINUTE))


def test_the_end_reaches_everybody_who_was_told() -> None:
    """Whoever was woken learns that it is over."""
    story = fired()
    story.orders("wake", at=5 * MINUTE)
    ended = story.hears(at=10 * MINUTE, status="resolved", **DB)

    assert ["ann", "bob"] == told(ended)
    assert {True} == {intent.ends for intent in ended.intents}


def test_whoever_was_told_already_is_told_again() -> None:
    """A step that names the first person once more reminds them."""
    story = fired(route("page", escalation=[later(300, "ann", "bob")]))
    verdict = story.orders("wake", at=5 * MINUTE)

    assert ["ann", "bob"] == told(verdict)
    assert ["ann", "bob"] == story.now.told
    assert 3 == len({intent.id for intent in story.intents})


def test_a_reopened_alert_begins_anew() -> None:
    """Each outage is escalated on its own, from its own beginning."""
    story = fired()
    story.orders("wake", at=5 * MINUTE)
    story.hears(at=6 * MINUTE, status="resolved", **DB)
    story.orders("wake", at=15 * MINUTE)
    again = story.hears(at=HOUR, **DB)

    assert (["reopened"], NOON + HOUR + 5 * MINUTE) == (kinds(again), again.wake_at)
    assert [("bob", 1)] == steps_of(story.orders("wake", at=HOUR + 5 * MINUTE))


def test_a_rise_in_priority_does_not_start_again() -> None:
    """The steps go on as they were counted; a route that comes to it counts from there."""
    critical = route(
        "critical",
        position=1,
        min_priority=3,
        to=["dan"],
        escalation=[later(60, "eve")],
        continue_matching=True,
    )
    story = Story(critical, STEPS)
    story.hears(priority=1, **DB)
    risen = story.hears(at=4 * MINUTE, priority=3, **DB)

    assert ["dan", "ann"] == told(risen)
    assert [("eve", 1), ("bob", 1)] == steps_of(story.orders("wake", at=5 * MINUTE))
    assert [("cy", 2)] == steps_of(story.orders("wake", at=15 * MINUTE))


def test_a_snooze_puts_a_step_off() -> None:
    """What comes due in a snooze is done when it ends, and the rest keeps its distance."""
    story = fired()
    story.orders("snooze", at=MINUTE, until=NOON + HOUR)

    assert [] == told(story.orders("wake", at=5 * MINUTE))
    after = story.orders("wake", at=HOUR)
    assert [("bob", 1)] == steps_of(after)
    assert NOON + HOUR + 10 * MINUTE == after.wake_at


def test_a_silence_mutes_a_step() -> None:
    """In a silence nobody is told; after it Ann is told first, and Bob if she keeps still."""
    story = fired()
    story.rules = rules(STEPS, silence("works", "team=db"))
    muted = story.orders("wake", at=5 * MINUTE)

    assert (["silenced"], [], NOON + HOUR) == (kinds(muted), told(muted), muted.wake_at)
    after = story.orders("wake", at=HOUR)
    assert (["unsilenced"], ["ann"]) == (kinds(after), told(after))
    assert NOON + HOUR + 5 * MINUTE == after.wake_at
    assert [("bob", 1)] == steps_of(story.orders("wake", at=HOUR + 5 * MINUTE))


def test_what_was_silenced_from_the_start_is_counted_from_its_telling() -> None:
    """Nobody is passed over before the first were told."""
    story = Story(STEPS, silence("works", "team=db"))
    story.hears(**DB)
    story.rules = rules(STEPS)

    assert ["ann"] == told(story.orders("wake", at=HOUR))
    assert [] == told(story.orders("wake", at=HOUR + 5 * MINUTE - 1))
    assert [("bob", 1)] == steps_of(story.orders("wake", at=HOUR + 5 * MINUTE))


def test_after_an_outage_of_ours_nobody_is_overrun() -> None:
    """An hour late, Bob is told at once and Cy ten minutes later, if Bob keeps still."""
    story = fired()
    late = story.orders("wake", at=HOUR, issued_at=NOON + 5 * MINUTE)

    assert [("bob", 1)] == steps_of(late)
    assert NOON + HOUR + 10 * MINUTE == late.wake_at


def test_a_report_that_came_late_is_counted_from_its_telling() -> None:
    """An event of an hour ago was told just now, so Ann has her five minutes."""
    story = Story(STEPS)
    first = story.hears(timestamp=NOON + HOUR, **DB)

    assert NOON + HOUR + 5 * MINUTE == first.wake_at
    assert [] == told(story.orders("wake", at=HOUR + 5 * MINUTE - 1))


def test_an_alert_from_chat_waits_for_its_steps() -> None:
    """What has a window is not over while somebody is still to be told of it."""
    story = Story(route("page", escalation=[later(3 * 3600, "bob")]))
    story.hears(source="slack")

    assert [] == kinds(story.orders("wake", at=2 * HOUR))
    assert [("bob", 1)] == steps_of(story.orders("wake", at=3 * HOUR))
    assert ["window_over"] == reasons(story.orders("wake", at=3 * HOUR + 1))


def test_nothing_is_remembered_longer_than_needed() -> None:
    """After the last step only its mark stays, and not the text of the alert."""
    story = fired()
    assert story.now.content is not None
    story.orders("wake", at=5 * MINUTE)
    story.orders("wake", at=15 * MINUTE)

    assert None is story.now.content
    assert [Escalation("page", NOON, 15 * MINUTE, 0)] == story.now.escalations
    story.hears(at=16 * MINUTE, status="resolved", **DB)
    assert None is story.now.escalations


def test_counting_begins_once() -> None:
    """A route that tells a second time goes on with its steps; one that tells no more is gone."""
    ways = rules(STEPS, route("quiet")).tenants["default"].ways
    first = escalation.begun(None, ways, now=5)
    assert [Escalation("page", 5, 0, 5 * MINUTE)] == first
    assert first == escalation.begun(first, ways, now=7)
    assert None is escalation.begun(first, ways[1:], now=7)
