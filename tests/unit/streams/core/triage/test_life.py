"""How alerts begin, are counted, end, and give way to the next."""

from typing import Any

import pytest

from streams.pipeline import reserve
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    Story,
    kinds,
    reasons,
    route,
    rule,
    silence,
    told,
)

ANN = route("to-ann")


def test_what_was_counted_is_said_before_an_alert_gives_way() -> None:
    """The old alert's last count reaches the inbox although no clock came round to say it."""
    story = Story()
    story.hears()
    for _ in range(4):
        story.hears()
    story.state = reserve(story.now)
    story.hears()
    verdict = story.hears(at=HOUR)
    assert [("repeated", 2, 5), ("resolved", 3, 6), ("fired", 1, 1)] == [
        (c.kind, c.seq, c.count) for c in verdict.changes
    ]


def test_offsets_outlive_the_alert_they_opened() -> None:
    """A new alert still knows how far both topics were applied."""
    story = Story()
    story.hears()
    story.orders("ack")
    story.orders("unack")
    story.hears(at=2 * HOUR)
    assert (2, 2, 2) == (
        story.now.raw_offset,
        story.now.command_offset,
        story.now.opened_offset,
    )


def test_an_acknowledged_alert_is_not_begun_anew_by_the_clock() -> None:
    """Someone has it: the next day's occurrence is a duplicate, not a new page."""
    story = Story(ANN)
    story.hears()
    story.orders("ack")
    assert [] == kinds(story.hears(at=DAY))
    assert 2 == story.now.count


def test_a_snoozed_alert_is_not_begun_anew_before_its_time() -> None:
    """A snooze keeps the alert; after it the clock counts again."""
    story = Story(ANN)
    story.hears()
    story.orders("snooze", until=NOON + 3 * HOUR)
    assert [] == kinds(story.hears(at=3 * HOUR - 1))
    assert "fired" == kinds(story.hears(at=3 * HOUR))[-1]


def test_each_occurrence_moves_the_window_of_anchor_last() -> None:
    """With anchor last the alert lives as long as it is heard of once a window."""
    story = Story(rule("d", "dedup", anchor="last", window_s=60))
    for at in (0, 50, 100, 150):
        story.hears(at=at * SECOND)
    assert (4, NOON + 210 * SECOND) == (story.now.count, story.now.window_ends_at)
    assert "fired" == kinds(story.hears(at=210 * SECOND))[-1]


@pytest.mark.parametrize(
    ("fields", "anchor"),
    [
        ({"source": "alertmanager"}, "open"),
        ({"source": "pagerduty"}, "open"),
        ({"source": "webhook", "dedup_key": "k"}, "open"),
        ({"source": "webhook"}, "first"),
        ({"source": "slack"}, "first"),
    ],
)
def test_senders_with_a_life_cycle_end_their_alerts_themselves(
    fields: dict[str, Any], anchor: str
) -> None:
    """Only where no end is ever said does the clock end an alert."""
    story = Story()
    story.hears(**fields)
    assert anchor == story.now.anchor
    assert (0 if anchor == "open" else NOON + HOUR) == story.now.window_ends_at


def test_the_end_is_told_to_whom_the_beginning_was() -> None:
    """A resolve reaches exactly those who were told, by the template of the first telling."""
    story = Story(route("r", to=("ann", "bob"), template="brief"))
    story.hears(priority=2)
    story.hears()
    story.hears()
    verdict = story.hears(at=MINUTE, status="resolved")
    (change,) = verdict.changes
    assert ("resolved", 2, 3, "resolved") == (
        change.kind,
        change.seq,
        change.count,
        change.status,
    )
    assert [("ann", True, 2, "brief"), ("bob", True, 2, "brief")] == [
        (i.recipient, i.ends, i.priority, i.template) for i in verdict.intents
    ]
    assert ["duplicate", "duplicates_saved"] == reasons(story)
    assert 2 == story.decisions[-1].count


def test_the_end_of_an_alert_nobody_was_told_of_is_told_to_nobody() -> None:
    """No one hears the end of a story whose beginning they never heard."""
    story = Story()
    story.hears()
    verdict = story.hears(at=1, status="resolved")
    assert (["resolved"], []) == (kinds(verdict), told(verdict))


def test_a_second_resolve_changes_nothing() -> None:
    """However often a source says it is over, that is said once."""
    story = Story(ANN)
    story.hears()
    story.hears(at=1, status="resolved")
    for at in range(2, 9):
        assert ([], []) == (
            kinds(story.hears(at=at, status="resolved")),
            told(story.verdicts[-1]),
        )
    assert ["already_resolved"] == reasons(story)


def test_firing_again_within_the_window_reopens() -> None:
    """The same alert, told again, no longer acknowledged."""
    story = Story(ANN)
    story.hears(priority=2)
    story.orders("ack")
    story.hears(at=MINUTE, status="resolved")
    verdict = story.hears(at=MINUTE + HOUR - 1, priority=1)
    (change,) = verdict.changes
    assert ("reopened", 4, "open", 1, False) == (
        change.kind,
        change.seq,
        change.status,
        change.priority,
        change.acknowledged,
    )
    assert ["ann"] == told(verdict)
    assert ["ann"] == told(story.hears(at=2 * HOUR, status="resolved"))


def test_firing_again_after_the_window_is_a_new_alert() -> None:
    """An hour after its end an alert is history."""
    story = Story(ANN)
    story.hears(source="alertmanager")
    story.hears(at=MINUTE, status="resolved")
    verdict = story.hears(at=MINUTE + HOUR, source="alertmanager")
    assert ["fired"] == kinds(verdict)
    assert 1 == verdict.changes[0].seq


def test_what_is_older_than_the_last_change_is_only_counted() -> None:
    """A late record neither reopens nor resolves nor escalates; why is said once."""
    story = Story(ANN)
    story.hears(at=10, source="grafana", priority=1)
    story.hears(at=50, priority=2)
    for _ in range(2):
        assert [] == kinds(story.hears(at=40, priority=3))
        assert [] == kinds(story.hears(at=40, status="resolved"))
    story.hears(at=60, status="resolved")
    assert [] == kinds(story.hears(at=55))
    assert 7 == story.now.count
    assert 1 == reasons(story).count("older_than_last_change")


def test_a_late_record_shows_when_it_all_began() -> None:
    """An occurrence that comes out of order moves the beginning, not the window."""
    story = Story()
    story.hears(at=MINUTE)
    story.hears(at=0)
    story.hears(at=0)
    assert (NOON, NOON + MINUTE, NOON + MINUTE + HOUR, 3) == (
        story.now.first_seen_at,
        story.now.last_seen_at,
        story.now.window_ends_at,
        story.now.count,
    )


def test_a_resolve_without_an_alert_tells_nobody() -> None:
    """It is remembered for a window, and why nothing came of it is said once."""
    story = Story(ANN)
    for at in (0, 1, 2):
        assert ([], []) == (
            kinds(story.hears(at=at, status="resolved")),
            told(story.verdicts[-1]),
        )
    assert ["nothing_to_resolve"] == reasons(story)
    assert ("resolved", -1, NOON + 2 + HOUR) == (
        story.now.status,
        story.now.opened_offset,
        story.now.window_ends_at,
    )


def test_a_fire_that_comes_after_its_resolve_is_over_already() -> None:
    """It is shown as fired and resolved, and tells nobody."""
    story = Story(ANN)
    story.hears(at=MINUTE, status="resolved")
    verdict = story.hears(at=MINUTE - 1)
    assert [("fired", 1, "open"), ("resolved", 2, "resolved")] == [
        (c.kind, c.seq, c.status) for c in verdict.changes
    ]
    assert [] == told(verdict)
    assert ["resolved_first"] == reasons(verdict)
    assert ["reopened"] == kinds(story.hears(at=2 * MINUTE))


def test_a_fire_newer_than_a_lone_resolve_opens_as_ever() -> None:
    """A lone resolve silences nothing that came after it."""
    story = Story(ANN)
    story.hears(at=0, status="resolved")
    verdict = story.hears(at=1)
    assert (["fired"], ["ann"]) == (kinds(verdict), told(verdict))


def test_an_acknowledgement_at_the_source_counts_here() -> None:
    """Who acknowledged in PagerDuty need not do it again."""
    story = Story(ANN)
    story.hears(source="pagerduty")
    verdict = story.hears(at=1, source="pagerduty", status="acknowledged")
    (change,) = verdict.changes
    assert ("acknowledged", "pagerduty", True, 1) == (
        change.kind,
        change.actor,
        change.acknowledged,
        change.count,
    )
    assert [] == kinds(story.hears(at=2, source="pagerduty", status="acknowledged"))


def test_an_acknowledgement_of_something_unheard_of_opens_it() -> None:
    """It is told as any alert, then shown as acknowledged."""
    verdict = Story(ANN).hears(source="pagerduty", status="acknowledged")
    assert (["fired", "acknowledged"], ["ann"]) == (kinds(verdict), told(verdict))


def test_a_remark_does_not_reopen_what_is_over() -> None:
    """A note on a resolved incident is counted and no more."""
    story = Story(ANN)
    story.hears(source="pagerduty")
    story.hears(at=1, source="pagerduty", status="resolved")
    assert [] == kinds(story.hears(at=2, source="pagerduty", status="info"))
    assert "resolved" == story.now.status


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


@pytest.mark.parametrize("duplicates", [0, 1, 2, 50])
def test_one_step_worse_is_heard_in_any_storm(duplicates: int) -> None:
    """However many duplicates came before, the first that is one step worse is told."""
    story = Story(ANN)
    for _ in range(1 + duplicates):
        story.hears(priority=1)
    assert ["escalated"] == kinds(story.hears(priority=2))
