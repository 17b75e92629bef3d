"""Escalation by several routes, and by routes that change while an alert is open."""

import pytest

from schemas.control import Route
from tests.builders import (
    MINUTE,
    NOON,
    later,
    route,
    rules,
    told,
)
from tests.unit.streams.core.triage.paging import BOB, fired, steps_of


def test_several_routes_have_their_own_steps_and_one_message_a_person() -> None:
    """Who stands in two steps of one moment is told once, on the channels of both."""
    one = route(
        "one", position=1, escalation=[later(300, "bob", channels=["sms"])], continue_matching=True
    )
    two = route(
        "two",
        position=2,
        to=["dan"],
        escalation=[later(60, "fay"), later(300, "eve", "bob", channels=["push"])],
    )
    story = fired(one, two)
    assert [("fay", 1)] == steps_of(story.orders("wake", at=MINUTE))
    verdict = story.orders("wake", at=5 * MINUTE)

    assert [("bob", 1), ("eve", 2)] == steps_of(verdict)
    assert ["sms", "push"] == verdict.intents[0].channels
    assert ["escalated to bob, eve"] == [change.note for change in verdict.changes]
    assert ["one", "two"] == [decision.rule_id for decision in verdict.decisions]
    assert 2 == len({decision.id for decision in verdict.decisions})


def test_telling_again_and_a_step_at_one_moment_are_one_change() -> None:
    """Ann is reminded, Bob is told, and nobody gets both."""
    both = route("page", to=["ann", "bob"], retell_s=300, escalation=[later(300, "bob")])
    verdict = fired(both).orders("wake", at=5 * MINUTE)

    assert ["told again; escalated to bob"] == [change.note for change in verdict.changes]
    assert [("bob", 1)] == steps_of(verdict)
    assert ["bob", "ann"] == told(verdict)
    assert NOON + 10 * MINUTE == verdict.wake_at


@pytest.mark.parametrize(
    ("now", "told_then"),
    [
        ((), []),
        ((route("page"),), []),
        ((route("page", "team=web", escalation=[BOB]),), []),
        ((route("page", escalation=[later(300, "dan")]),), ["dan"]),
        ((route("page", escalation=[later(360, "bob")]),), []),
        ((route("other", escalation=[later(60, "eve")]),), []),
        ((route("page", retell_s=60),), ["ann"]),
    ],
)
def test_the_rules_of_the_moment_count(now: tuple[Route, ...], told_then: list[str]) -> None:
    """A route that was changed or taken away in between escalates as it is now, or not at all."""
    story = fired()
    story.rules = rules(*now)

    assert told_then == told(story.orders("wake", at=5 * MINUTE))


def test_a_step_that_was_put_off_comes_at_its_new_time() -> None:
    """The clock asks again for the moment that counts now."""
    story = fired()
    story.rules = rules(route("page", escalation=[later(600, "bob")]))

    assert NOON + 10 * MINUTE == story.orders("wake", at=5 * MINUTE).wake_at
    assert [("bob", 1)] == steps_of(story.orders("wake", at=10 * MINUTE))
