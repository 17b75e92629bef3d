"""The short way through the stages ends where the long way does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.control import Route, Rule, Silence
from schemas.records import RawAlert
from schemas.state import AlertState
from streams.core.triage import dedup, plain
from streams.core.triage.rules import NO_RULES, NONE_FOR_TENANT, Rules
from streams.core.triage.stage import RAW, Place, Verdict
from streams.pipeline import announced, reserve, staged
from tests.builders import (
    FINGERPRINT,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    Story,
    later,
    raw_alert,
    route,
    rule,
    rules,
    silence,
)
from tests.strategies import Step, steps

SILENCED = silence("s", "team=db", starts_at=NOON + 99 * HOUR, ends_at=NOON + 102 * HOUR)
ROUTED = (
    route("high", "env!=web", min_priority=2, to=["pager"], position=1, continue_matching=True),
    route("empty", "host=db1", to=[], position=2),
    route("rest", "host!=DB", to=["ann", "bob"], position=3, channels=["slack"], template="t"),
    route("page", "env=db", to=["eve"], position=4, escalation=[later(300, "fay")]),
)
GRADED = rule("p", "priority", "env=db", raise_by=1)
WINDOWED = (
    rule("l", "dedup", "host=web", anchor="last", window_s=900),
    rule("o", "dedup", "host=a.b", anchor="open"),
)
RULES = st.sampled_from(
    (
        NO_RULES,
        rules(SILENCED),
        rules(*ROUTED),
        rules(GRADED),
        rules(*WINDOWED),
        rules(SILENCED, *ROUTED, GRADED, *WINDOWED),
    )
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "dedup_key": st.sampled_from(("", "own")),
        "body": st.text(max_size=5),
        "severity": st.sampled_from(("", "critical", "nonsense")),
        "links": st.just(["https://example.org/1"]),
        "started_at": st.sampled_from((0, NOON)),
        "tenant": st.sampled_from(("default", "other")),
    },
)


def _both_agree(
    raw: RawAlert, place: Place, state: AlertState | None, in_force: Rules
) -> AlertState | None:
    of_tenant = in_force.tenants.get(raw.tenant, NONE_FOR_TENANT)
    at_length = staged(raw, fingerprint=FINGERPRINT, place=place, state=state, rules=of_tenant)
    short = plain.verdict(raw, fingerprint=FINGERPRINT, place=place, state=state, rules=of_tenant)
    assert short in (None, at_length)
    if state is not None and place.rekeyed_from is None:
        more = plain.counted(
            raw, offset=place.offset, timestamp=place.timestamp, state=state, rules=of_tenant
        )
        assert more is None or Verdict(more) == at_length
    return at_length.state


@settings(max_examples=100, deadline=None)
@given(steps(), RULES, FIELDS, st.data())
def test_the_short_way_gives_what_the_long_way_gives_or_nothing(
    life: list[Step], in_force: Rules, fields: dict[str, object], data: st.DataObject
) -> None:
    """Whatever an alert has been through, both ways give the same Verdict, field for field."""
    state: AlertState | None = None
    for offset, step in enumerate(life):
        raw = raw_alert(**({"source": step.raw.source} | _given(step.raw) | fields))
        rekeyed_from = data.draw(st.sampled_from((None, None, None, (1, offset))))
        timestamp = max(0, NOON + step.at + step.lag - data.draw(st.sampled_from((0, HOUR))))
        place = Place(RAW, 0, offset, timestamp, rekeyed_from)
        if not (state and dedup.applied(state, offset=offset, rekeyed_from=rekeyed_from)):
            state = _both_agree(raw, place, state, in_force)
        if state is not None and dedup.has_alert(state):
            state = data.draw(st.sampled_from((state, _meanwhile(state), reserve(state))))


def _given(raw: RawAlert) -> dict[str, object]:
    names = ("status", "priority", "labels", "occurred_at")
    return {name: getattr(raw, name) for name in names}


def _meanwhile(state: AlertState) -> AlertState:
    """Let the count be said, as the clock does between two records."""
    return announced(reserve(state))


@pytest.mark.parametrize("timestamp", [-1, 0, NOON])
@pytest.mark.parametrize("occurred_at", [0, NOON])
def test_records_without_times_of_their_own_go_the_same_way(
    timestamp: int, occurred_at: int
) -> None:
    """A topic without timestamps, or a sender without a clock, changes nothing in this."""
    state = None
    for offset in range(3):
        place = Place(RAW, 0, offset, timestamp)
        state = _both_agree(raw_alert(occurred_at=occurred_at), place, state, NO_RULES)


@pytest.mark.parametrize(
    "control", [(), (route("r", to=("ann", "bob")),), (rule("p", "priority", "env=db"),)]
)
def test_a_storm_goes_the_short_way(control: tuple[Route | Rule | Silence, ...]) -> None:
    """The beginning of an alert, its first duplicate and all others need no stage in turn."""
    in_force = rules(*(c for c in control if not isinstance(c, Rule)))
    of_tenant = in_force.tenants.get("default", NONE_FOR_TENANT)
    state, raw, counted = None, raw_alert(), []
    for offset in range(4):
        if state is not None:
            more = plain.counted(raw, offset=offset, timestamp=NOON, state=state, rules=of_tenant)
            counted.append(more is not None)
        verdict = plain.verdict(
            raw,
            fingerprint=FINGERPRINT,
            place=Place(RAW, 0, offset, NOON),
            state=state,
            rules=of_tenant,
        )
        assert verdict is not None
        state = verdict.state
    assert state is not None
    assert 4 == state.count
    assert [False, True, True] == counted


def test_what_is_out_of_the_ordinary_goes_the_long_way() -> None:
    """A silence in force, a rise in priority and an acknowledged beginning are left to stages."""
    muted = rules(silence("s", "source=webhook")).tenants["default"]
    story = Story()
    story.hears(priority=1)
    for raw, state, in_force in (
        (raw_alert(), None, muted),
        (raw_alert(status="acknowledged"), None, NONE_FOR_TENANT),
        (raw_alert(priority=3, occurred_at=NOON + SECOND), story.now, NONE_FOR_TENANT),
        (raw_alert(occurred_at=NOON + 6 * MINUTE), None, NONE_FOR_TENANT),
    ):
        place = Place(RAW, 0, 9, NOON)
        assert None is plain.verdict(
            raw, fingerprint=FINGERPRINT, place=place, state=state, rules=in_force
        )
