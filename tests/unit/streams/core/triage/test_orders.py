"""What becomes of commands."""

import pytest
from msgspec.structs import replace

from schemas import ids
from schemas.errors import Invalid
from schemas.records import AlertCommand
from streams.core.triage.rules import NO_RULES
from streams.core.triage.stage import COMMAND, Place, Verdict
from streams.pipeline import command
from tests.builders import (
    FINGERPRINT,
    HOUR,
    MINUTE,
    NOON,
    Story,
    kinds,
    reasons,
    route,
)

ANN = route("to-ann")


def test_an_acknowledgement_is_a_change_with_a_name() -> None:
    """Who acknowledged, and what they noted, is there for all to see."""
    story = Story(ANN)
    story.hears()
    (change,) = story.orders("ack", at=5, note="on it").changes
    assert ("acknowledged", 2, "ann", "on it", True, "ann", False) == (
        change.kind,
        change.seq,
        change.actor,
        change.note,
        change.acknowledged,
        change.acknowledged_by,
        change.has_content,
    )
    assert NOON == story.now.changed_at
    (back,) = story.orders("unack").changes
    assert ("unacknowledged", False, "") == (back.kind, back.acknowledged, back.acknowledged_by)


def test_a_resolve_by_hand_ends_an_alert_as_any_resolve_does() -> None:
    """Those who were told are told the end, with the name of who ended it."""
    story = Story(ANN)
    story.hears(at=MINUTE)
    verdict = story.orders("resolve", at=0)
    (change,) = verdict.changes
    assert ("resolved", "ann") == (change.kind, change.actor)
    (intent,) = verdict.intents
    assert (True, "Disk full", "ann") == (
        intent.ends,
        intent.data["title"],
        intent.data["actor"],
    )
    assert ["reopened"] == kinds(story.hears(at=2 * MINUTE))


def test_a_snooze_is_shown_and_can_be_lifted() -> None:
    """A snooze bears its end; one that ends now lifts the snooze."""
    story = Story()
    story.hears()
    assert NOON + HOUR == story.orders("snooze", until=NOON + HOUR).changes[0].snoozed_until
    assert ["nothing_to_change"] == reasons(story.orders("snooze", until=NOON + HOUR))
    assert 0 == story.orders("snooze", at=1, until=0).changes[0].snoozed_until
    assert ["nothing_to_change"] == reasons(story.orders("snooze", at=2, until=0))


@pytest.mark.parametrize("kind", ["ack", "unack", "resolve", "snooze"])
def test_a_command_without_its_alert_says_so(kind: str) -> None:
    """An order for an alert that never was leaves no state behind."""
    story = Story()
    verdict = story.orders(kind)
    assert (None, ["unknown_alert"]) == (verdict.state, reasons(verdict))


def test_a_command_for_an_earlier_life_is_not_obeyed() -> None:
    """An acknowledgement of yesterday's alert does not silence today's."""
    story = Story()
    story.hears()
    verdict = story.orders("ack", alert_id="00000000-0000-5000-8000-000000000000")
    assert ([], ["unknown_alert"]) == (kinds(verdict), reasons(verdict))
    alert_id = ids.alert_id("default", FINGERPRINT, 0, 1)
    assert ["acknowledged"] == kinds(story.orders("ack", alert_id=alert_id))


@pytest.mark.parametrize(
    ("first", "again"), [("ack", "ack"), ("resolve", "resolve"), ("wake", "unack")]
)
def test_an_order_that_changes_nothing_says_so(first: str, again: str) -> None:
    """Doing what is done already is no error, and no change."""
    story = Story()
    story.hears()
    story.orders(first)
    assert (["nothing_to_change"], []) == (
        reasons(story.orders(again)),
        kinds(story.verdicts[-1]),
    )


def test_a_wake_up_with_nothing_due_changes_only_how_far_commands_were_read() -> None:
    """Nothing to do is a good answer."""
    story = Story(ANN)
    story.hears()
    before = story.now
    assert Verdict(replace(before, command_offset=1)) == story.orders("wake")


def test_a_command_met_before_is_passed_over() -> None:
    """Replayed commands change nothing and say nothing."""
    story = Story()
    story.hears()
    story.orders("ack")
    cmd = AlertCommand(kind="unack", fingerprint=FINGERPRINT)
    place = Place(COMMAND, 0, 1, NOON)
    assert Verdict(story.now) == command(cmd, place=place, state=story.now, rules=NO_RULES)


def test_a_command_of_no_kind_is_refused() -> None:
    """A command that is none of ours is the record's own fault."""
    with pytest.raises(Invalid, match="no kind"):
        Story().orders("explode")
