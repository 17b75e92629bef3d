"""What becomes of alerts, told as short stories of one fingerprint."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas import ids
from schemas.errors import Invalid
from schemas.records import AlertCommand
from streams.core.rules import NO_RULES
from streams.core.stage import COMMAND, RAW, Place, Verdict
from streams.pipeline import announce, announced, command, lapses_at, reserve, triage
from tests.builders import (
    DAY,
    FINGERPRINT,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    Story,
    kinds,
    raw_alert,
    reasons,
    route,
    rule,
    rules,
    silence,
    told,
)

ANN = route("to-ann")


def test_a_new_alert_is_shown_and_told() -> None:
    """A first occurrence opens an alert and tells everyone its route names."""
    verdict = Story(route("r", to=("ann", "bob"))).hears(severity="critical", body="all of /var")
    (change,) = verdict.changes
    assert ("fired", 1, 3, 1, "open") == (
        change.kind,
        change.seq,
        change.priority,
        change.count,
        change.status,
    )
    assert (True, "Disk full", "all of /var") == (change.has_content, change.title, change.body)
    assert ["ann", "bob"] == told(verdict)
    assert change.alert_id == ids.alert_id("default", FINGERPRINT, 0, 1)
    assert change.id == ids.change_id("default", change.alert_id, 1)
    assert [] == reasons(verdict)


def test_an_intent_carries_what_a_template_needs() -> None:
    """An Intent bears the alert's priority, content and number, and when it is of no use."""
    story = Story(route("r", channels=["slack"], template="brief"))
    (intent,) = story.hears(
        priority=2,
        body="ü" * 4000,
        severity="major",
        labels={"team": "db"},
        links=["https://example.org/1"],
        started_at=NOON - HOUR,
        timestamp=NOON + SECOND,
    ).intents
    assert (2, "brief", ["slack"], "alert", False) == (
        intent.priority,
        intent.template,
        intent.channels,
        intent.type,
        intent.ends,
    )
    assert NOON + SECOND + HOUR == intent.expires_at
    assert ids.alert_intent_id("default", intent.alert_id, 1, "ann") == intent.id
    assert {
        "title": "Disk full",
        "body": "ü" * 2048,
        "severity": "major",
        "source": "webhook",
        "labels": {"team": "db"},
        "links": ["https://example.org/1"],
        "count": 1,
        "priority": 2,
        "kind": "fired",
        "started_at": NOON - HOUR,
        "first_seen_at": NOON,
    } == intent.data


def test_an_ordinary_intent_is_of_use_for_a_day() -> None:
    """What is not urgent may be told a day later, and no later than that."""
    (intent,) = Story(ANN).hears(priority=1).intents
    assert NOON + DAY == intent.expires_at


def test_duplicates_are_counted_and_never_told() -> None:
    """A thousand duplicates are one telling, one change and one Decision."""
    story = Story(ANN)
    for _ in range(1000):
        story.hears()
    assert 1000 == story.now.count
    assert ["fired"] == kinds(story)
    assert ["ann"] == told(story)
    assert ["duplicate"] == reasons(story)


def test_a_verdict_with_nothing_to_say_allocates_nothing() -> None:
    """Duplicates share one empty tuple, since they are nearly everything in a storm."""
    story = Story(ANN)
    story.hears()
    story.hears()
    verdict = story.hears()
    assert (verdict.changes, verdict.intents, verdict.decisions) == ((), (), ())
    assert verdict.changes is Verdict(None).changes


def test_a_window_ends_with_its_last_moment_outside() -> None:
    """An hour counts from the first occurrence, and the hour's end already begins a new alert."""
    story = Story(ANN)
    story.hears()
    story.hears(at=HOUR - 1)
    first = story.now.opened_offset
    verdict = story.hears(at=HOUR)
    assert ["repeated", "fired"] == kinds(verdict)
    assert (1, 3) == (first, story.now.opened_offset)
    assert ["duplicate", "duplicates_saved"] == reasons(story)
    assert [1] == [d.count for d in verdict.decisions]


def test_what_was_counted_is_said_before_an_alert_gives_way() -> None:
    """The old alert's last count reaches the inbox although no clock came round to say it."""
    story = Story()
    story.hears()
    for _ in range(4):
        story.hears()
    story.state = reserve(story.now)
    story.hears()
    verdict = story.hears(at=HOUR)
    assert [("repeated", 2, 5), ("repeated", 3, 6), ("fired", 1, 1)] == [
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


def test_a_rise_in_priority_tells_again() -> None:
    """A duplicate that got worse is told, under a new number, with its content."""
    story = Story(ANN)
    story.hears(priority=1)
    verdict = story.hears(at=SECOND, priority=3, title="Disk full on all hosts")
    (change,) = verdict.changes
    assert ("escalated", 2, 3, 2, True) == (
        change.kind,
        change.seq,
        change.priority,
        change.count,
        change.has_content,
    )
    assert ["ann", "ann"] == told(story)
    assert len({intent.id for intent in story.intents}) == 2


def test_a_lower_priority_never_lowers() -> None:
    """A duplicate that sounds milder is a duplicate."""
    story = Story(ANN)
    story.hears(priority=3)
    assert [] == kinds(story.hears(at=SECOND, priority=0))
    assert 3 == story.now.priority


def test_an_acknowledged_alert_that_gets_worse_is_told() -> None:
    """An acknowledgement was given for what was known then."""
    story = Story(ANN)
    story.hears(priority=1)
    story.orders("ack")
    verdict = story.hears(at=SECOND, priority=3)
    assert (["escalated"], ["ann"]) == (kinds(verdict), told(verdict))
    assert story.now.acknowledged


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
    verdict = story.hears(at=MINUTE)
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


@pytest.mark.parametrize("status", ["info", "no_data"])
def test_what_is_no_trouble_never_pages(status: str) -> None:
    """It is shown and counted, and why nobody was told is said once."""
    story = Story(ANN)
    for at in range(3):
        story.hears(at=at, status=status, severity="critical")
    assert (3, "open") == (story.now.count, story.now.status)
    assert [] == told(story)
    assert ["never_pages", "duplicate"] == reasons(story)


def test_trouble_after_no_data_is_told() -> None:
    """An alarm without data that then really fires must reach people."""
    story = Story(ANN)
    story.hears(source="cloudwatch", status="no_data")
    verdict = story.hears(at=1, source="cloudwatch")
    assert (["escalated"], ["ann"]) == (kinds(verdict), told(verdict))
    assert [] == kinds(story.hears(at=2, source="cloudwatch"))


def test_a_remark_does_not_reopen_what_is_over() -> None:
    """A note on a resolved incident is counted and no more."""
    story = Story(ANN)
    story.hears(source="pagerduty")
    story.hears(at=1, source="pagerduty", status="resolved")
    assert [] == kinds(story.hears(at=2, source="pagerduty", status="info"))
    assert "resolved" == story.now.status


def test_a_stale_alert_is_shown_and_told_to_nobody() -> None:
    """What is more than a day old on arrival is kept; a fresh occurrence of it is told."""
    story = Story(ANN)
    verdict = story.hears(source="sentry", timestamp=NOON + DAY + 1)
    assert (["fired"], [], ["stale"]) == (kinds(verdict), told(verdict), reasons(verdict))
    assert verdict.changes[0].stale
    fresh = story.hears(at=DAY, source="sentry")
    assert (["escalated"], ["ann"]) == (kinds(fresh), told(fresh))


def test_exactly_a_day_is_not_stale() -> None:
    """Staleness begins after a day, not with it."""
    assert ["ann"] == told(Story(ANN).hears(timestamp=NOON + DAY))


def test_a_clock_that_runs_ahead_is_not_believed() -> None:
    """More than five minutes ahead of Kafka's time, Kafka's time is taken; it is said once."""
    story = Story(ANN)
    story.hears(at=5 * MINUTE, timestamp=NOON)
    assert NOON + 5 * MINUTE == story.now.first_seen_at
    for _ in range(3):
        story.hears(at=5 * MINUTE + 1, timestamp=NOON)
    assert (NOON, NOON + 5 * MINUTE) == (story.now.first_seen_at, story.now.last_seen_at)
    assert 1 == reasons(story).count("clock_skew")


def test_a_record_met_before_is_passed_over() -> None:
    """The same record again changes nothing and says nothing."""
    story = Story(ANN)
    story.hears()
    story.hears()
    before = story.now
    for offset in (1, 2):
        verdict = story.takes(raw_alert(priority=3), Place(RAW, 0, offset, NOON))
        assert (before, (), (), ()) == (
            verdict.state,
            verdict.changes,
            verdict.intents,
            verdict.decisions,
        )
        assert verdict.state is before


def test_a_rekeyed_record_counts_once_and_names_its_first_place() -> None:
    """Sent on twice after a crash, it is still one record, and its alert is named by its origin."""
    story = Story(ANN)
    verdict = story.takes(raw_alert(), Place(RAW, 0, 7, NOON, (3, 40)))
    assert ids.alert_id("default", FINGERPRINT, 3, 40) == verdict.changes[0].alert_id
    story.takes(raw_alert(), Place(RAW, 0, 8, NOON, (3, 40)))
    story.takes(raw_alert(), Place(RAW, 0, 9, NOON, (3, 41)))
    story.takes(raw_alert(), Place(RAW, 0, 10, NOON, (4, 1)))
    assert (3, {3: 41, 4: 1}) == (story.now.count, story.now.rekeyed)


def test_a_status_of_nobody_is_refused() -> None:
    """A record with a status that is none of ours is the record's own fault."""
    with pytest.raises(Invalid, match="no status"):
        Story().hears(status="on fire")


# ---- silences


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


# ---- priority rules and routes


def test_a_priority_rule_is_named_where_it_changed_something() -> None:
    """The Decision says from what to what, and by which rules."""
    story = Story(ANN, rule("p1", "priority", "team=db", raise_by=2))
    verdict = story.hears(labels={"team": "db"}, priority=0)
    assert 2 == verdict.changes[0].priority
    (decision,) = verdict.decisions
    assert ("priority_rule", "changed", "p1", "0 -> 2 by p1") == (
        decision.reason,
        decision.outcome,
        decision.rule_id,
        decision.detail,
    )
    story.hears(labels={"team": "db"}, priority=0)
    assert 1 == reasons(story).count("priority_rule")


def test_an_alert_without_a_route_says_so_once() -> None:
    """Nobody is told, and support can see why."""
    story = Story(route("r", "team=db"))
    story.hears(priority=1)
    story.hears(at=1, priority=2)
    assert ([], 1) == (told(story), reasons(story).count("no_route"))


# ---- commands


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


@pytest.mark.parametrize("kind", ["ack", "unack", "resolve", "snooze", "wake"])
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


# ---- coalesced counts, and forgetting


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


def test_an_alert_is_remembered_while_anyone_may_need_it() -> None:
    """An alert without a clock stays; others are forgotten an hour after their window."""
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
    assert forever == lapses_at(living.now)


def test_a_muted_alert_is_remembered_until_its_silence_ends() -> None:
    """What is owed is not forgotten before it can come due."""
    story = Story(silence("s", "source=webhook", ends_at=NOON + DAY))
    story.hears()
    assert NOON + DAY + HOUR == lapses_at(story.now)


def test_tenants_never_share_an_alert_id() -> None:
    """The same record of another tenant is another alert."""
    place = Place(RAW, 0, 1, NOON)
    names = {
        triage(
            raw_alert(tenant=tenant),
            fingerprint=FINGERPRINT,
            place=place,
            state=None,
            rules=NO_RULES,
        )
        .changes[0]
        .alert_id
        for tenant in ("acme", "globex")
    }
    assert 2 == len(names)
