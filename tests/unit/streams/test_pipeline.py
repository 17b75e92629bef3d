"""What becomes of alerts on their way through the stages."""

import pytest

from schemas import ids
from schemas.errors import Invalid
from schemas.state import AlertState
from streams.core.triage.rules import NO_RULES
from streams.core.triage.stage import RAW, Place, Verdict
from streams.pipeline import counted, triage
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
        "fingerprint": FINGERPRINT,
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
    assert ["resolved", "fired"] == kinds(verdict)
    assert (1, 3) == (first, story.now.opened_offset)
    assert ["duplicate", "window_over", "duplicates_saved"] == reasons(story)
    assert [1, 1] == [d.count for d in verdict.decisions]


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


def test_the_shortest_way_counts_only_what_it_has_not_met() -> None:
    """A third record is counted without a Verdict, and the same record again is not."""
    story = Story()
    story.hears()
    story.hears()
    taken = story.takes(raw_alert(), Place(RAW, 0, 3, NOON))
    again = {offset: _counted(story.now, offset) for offset in (2, 3)}
    assert {2: None, 3: None} == again
    more = _counted(story.now, 4)
    assert more is not None
    assert (story.now.count + 1, 4) == (more.count, more.raw_offset)
    assert taken.state is story.now


def _counted(state: AlertState, offset: int) -> AlertState | None:
    return counted(raw_alert(), offset=offset, timestamp=NOON, state=state, rules=NO_RULES)


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
