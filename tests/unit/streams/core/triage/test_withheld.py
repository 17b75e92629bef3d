"""What is not told now, and when it is told after all."""

from typing import Any

import pytest

from tests.builders import (
    HOUR,
    NOON,
    Story,
    kinds,
    reasons,
    route,
    rules,
    silence,
    told,
)

ANN = route("to-ann")


def test_a_silenced_alert_is_shown_and_told_to_nobody() -> None:
    """The change says which silence mutes it and until when, and a Decision names the rule."""
    story = Story(ANN, silence("s1", "team=db"))
    verdict = story.hears(labels={"team": "db"})
    (change,) = verdict.changes
    assert ("fired", "s1", NOON + HOUR, "s1") == (
        change.kind,
        change.muted_by,
        change.muted_until,
        change.rule_id,
    )
    assert [] == told(verdict)
    (decision,) = verdict.decisions
    assert ("silence", "muted", "silenced", "s1") == (
        decision.stage,
        decision.outcome,
        decision.reason,
        decision.rule_id,
    )


def test_an_alert_that_outlives_its_silence_is_told_then() -> None:
    """It says how long it has been firing, and it is told once."""
    story = Story(ANN, silence("s1", "team=db"))
    given: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}
    story.hears(**given)
    story.hears(at=HOUR - 1, **given)
    assert [] == told(story)
    verdict = story.hears(at=HOUR, **given)
    (change,) = verdict.changes
    assert ("unsilenced", "", 0, 2, 3) == (
        change.kind,
        change.muted_by,
        change.muted_until,
        change.seq,
        change.count,
    )
    (intent,) = verdict.intents
    assert ("unsilenced", 3600, "Disk full") == (
        intent.data["kind"],
        intent.data["firing_for_s"],
        intent.data["title"],
    )
    assert [] == kinds(story.hears(at=HOUR + 1, **given))


def test_a_silence_taken_away_by_hand_is_over_at_once() -> None:
    """The next occurrence is told."""
    story = Story(ANN, silence("s1", "team=db"))
    story.hears(labels={"team": "db"})
    story.rules = rules(ANN)
    assert ["unsilenced"] == kinds(story.hears(at=1, labels={"team": "db"}))


def test_an_acknowledged_alert_is_not_told_when_its_silence_ends() -> None:
    """Someone has it already."""
    story = Story(ANN, silence("s1", "team=db"))
    given: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}
    story.hears(**given)
    story.orders("ack")
    assert ([], []) == (kinds(story.hears(at=HOUR, **given)), told(story))


def test_a_new_silence_does_not_mute_what_was_told() -> None:
    """An open alert that people know of stays as it is."""
    story = Story(ANN)
    story.hears(labels={"team": "db"})
    story.rules = rules(ANN, silence("s1", "team=db"))
    assert [] == kinds(story.hears(at=1, labels={"team": "db"}))
    assert "" == story.now.muted_by


def test_getting_worse_under_a_silence_is_shown_and_told_when_it_ends() -> None:
    """What was withheld is owed, though the alert was told before."""
    story = Story(ANN, silence("s1", "team=db", starts_at=NOON + 1))
    given: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}
    story.hears(priority=1, **given)
    muted = story.hears(at=2, priority=3, **given)
    assert (["escalated"], [], ["silenced"]) == (kinds(muted), told(muted), reasons(muted))
    ended = story.hears(at=HOUR, priority=3, **given)
    assert (["unsilenced"], ["ann"], 3) == (kinds(ended), told(ended), ended.intents[0].priority)


def test_another_silence_takes_over_and_is_shown() -> None:
    """Where one silence ends and another holds, the alert stays muted and says by which."""
    later = silence("s2", "team=~d.*", starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR)
    story = Story(ANN, silence("s1", "team=db"), later)
    given: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}
    story.hears(**given)
    verdict = story.hears(at=HOUR, **given)
    (change,) = verdict.changes
    assert ("silenced", "s2", NOON + 3 * HOUR) == (
        change.kind,
        change.muted_by,
        change.muted_until,
    )
    assert [] == told(story)
    assert ["unsilenced"] == kinds(story.hears(at=3 * HOUR, **given))


def test_a_silenced_alert_ends_in_silence() -> None:
    """Nobody was told, so nobody hears the end."""
    story = Story(ANN, silence("s1", "team=db"))
    story.hears(labels={"team": "db"})
    verdict = story.hears(at=1, status="resolved", labels={"team": "db"})
    assert (["resolved"], []) == (kinds(verdict), told(verdict))


def test_a_snoozed_alert_that_gets_worse_waits_for_its_time() -> None:
    """A snooze is a promise of quiet; what was withheld is told after it."""
    story = Story(ANN)
    story.hears(source="grafana", priority=1)
    story.orders("snooze", until=NOON + HOUR)
    worse = story.hears(at=1, source="grafana", priority=3)
    assert (["escalated"], [], ["snoozed"]) == (kinds(worse), told(worse), reasons(worse))
    after = story.hears(at=HOUR, source="grafana", priority=3)
    assert (["unsilenced"], ["ann"]) == (kinds(after), told(after))


def test_trouble_after_no_data_is_told() -> None:
    """An alarm without data that then really fires must reach people."""
    story = Story(ANN)
    story.hears(source="cloudwatch", status="no_data")
    verdict = story.hears(at=1, source="cloudwatch")
    assert (["escalated"], ["ann"]) == (kinds(verdict), told(verdict))
    assert [] == kinds(story.hears(at=2, source="cloudwatch"))


@pytest.mark.parametrize("status", ["info", "no_data"])
def test_what_is_no_trouble_never_pages(status: str) -> None:
    """It is shown and counted, and why nobody was told is said once."""
    story = Story(ANN)
    for at in range(3):
        story.hears(at=at, status=status, severity="critical")
    assert (3, "open") == (story.now.count, story.now.status)
    assert [] == told(story)
    assert ["never_pages", "duplicate"] == reasons(story)
