"""What holds for every alert, whatever comes in whatever order."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.control import Route, Rule, Silence
from schemas.records import AlertChange, Decision, Intent
from schemas.state import AlertState, pack_alert, unpack_alert
from streams.core.triage.stage import RAW, Place, Verdict
from streams.pipeline import announce, announced, lapses_at, reserve, triage
from tests.builders import HOUR, NOON, later, route, rule, rules, silence
from tests.strategies import Step, steps

CONTROL: tuple[Silence | Route | Rule, ...] = (
    silence("s", "team=db", starts_at=NOON + 99 * HOUR, ends_at=NOON + 102 * HOUR),
    route("high", "env!=web", min_priority=2, to=["pager"], position=1, continue_matching=True),
    route("rest", "host!=DB", to=["ann", "bob"], position=2, escalation=[later(300, "eve")]),
    rule("p", "priority", "env=db", raise_by=1),
    rule("d", "dedup", "host=web", anchor="last", window_s=900),
)
RULES = rules(*CONTROL)
FEW = settings(max_examples=60, deadline=None)
Output = AlertChange | Intent | Decision


def _place(step: Step, offset: int) -> Place:
    return Place(RAW, 0, offset, NOON + step.at + step.lag)


def _take(step: Step, offset: int, state: AlertState | None, name: str = "fp") -> Verdict:
    return triage(step.raw, fingerprint=name, place=_place(step, offset), state=state, rules=RULES)


def _outputs(verdict: Verdict) -> tuple[Output, ...]:
    return (*verdict.changes, *verdict.intents, *verdict.decisions)


def _stored(state: AlertState | None) -> AlertState | None:
    return None if state is None else unpack_alert(pack_alert(state, lapses_at=lapses_at(state)))


def _live(life: list[Step]) -> tuple[list[AlertState | None], list[Verdict]]:
    states: list[AlertState | None] = [None]
    verdicts = []
    for offset, step in enumerate(life):
        verdicts.append(_take(step, offset, states[-1]))
        states.append(verdicts[-1].state)
    return states, verdicts


@FEW
@given(steps(), st.data())
def test_a_crash_repeats_the_same_ids_and_nothing_else(
    life: list[Step], data: st.DataObject
) -> None:
    """Replayed from any checkpoint on the state of then, the same things are said again."""
    states, verdicts = _live(life)
    start = data.draw(st.integers(0, len(life)))
    state = _stored(states[start])
    for offset in range(start, len(life)):
        again = _take(life[offset], offset, state)
        assert _outputs(verdicts[offset]) == _outputs(again)
        state = _stored(again.state)
    assert states[-1] == state


@FEW
@given(steps(), st.data())
def test_what_was_applied_is_never_applied_again(life: list[Step], data: st.DataObject) -> None:
    """A replay of any suffix on the last state changes nothing and says nothing."""
    states, _ = _live(life)
    final = states[-1]
    for offset in range(data.draw(st.integers(0, len(life))), len(life)):
        verdict = _take(life[offset], offset, final)
        assert verdict.state is final
        assert () == _outputs(verdict)


@FEW
@given(steps())
def test_numbers_rise_without_gaps_and_ids_are_never_used_twice(life: list[Step]) -> None:
    """Within an alert seq is 1, 2, 3 ...; no change, Intent or Decision shares its id."""
    _, verdicts = _live(life)
    numbers: dict[str, int] = {}
    for verdict in verdicts:
        for change in verdict.changes:
            assert numbers.get(change.alert_id, 0) + 1 == change.seq
            numbers[change.alert_id] = change.seq
    names = [output.id for verdict in verdicts for output in _outputs(verdict)]
    assert [] == [name for name, times in Counter(names).items() if times > 1]


@FEW
@given(steps())
def test_the_end_is_told_only_to_whom_the_beginning_was(life: list[Step]) -> None:
    """Nobody hears an end without its beginning, and nobody hears the same end twice."""
    _, verdicts = _live(life)
    told: dict[str, set[str]] = {}
    for verdict in verdicts:
        for intent in verdict.intents:
            known = told.setdefault(intent.alert_id, set())
            if intent.ends:
                assert intent.recipient in known
                known.remove(intent.recipient)
            else:
                known.add(intent.recipient)


def _is_occurrence(step: Step, verdict: Verdict) -> bool:
    """Say whether a record is one more of its alert: all but those that end or acknowledge it."""
    kinds = [change.kind for change in verdict.changes]
    if step.raw.status == "resolved":
        lone = verdict.state is None or verdict.state.opened_offset < 0
        return not lone and "resolved" not in kinds
    return step.raw.status != "acknowledged" or kinds != ["acknowledged"]


@FEW
@given(steps())
def test_counts_equal_occurrences(life: list[Step]) -> None:
    """No occurrence is lost and none is counted twice, over all alerts of a fingerprint."""
    states, verdicts = _live(life)
    counts = {c.alert_id: c.count for verdict in verdicts for c in verdict.changes}
    last = states[-1]
    if last is not None and last.count > last.said_count:
        change = announce(reserve(announced(last)), fingerprint="fp", tenant="default")
        counts[change.alert_id] = change.count
    occurrences = [_is_occurrence(*pair) for pair in zip(life, verdicts, strict=True)]
    assert sum(occurrences) == sum(counts.values())


@FEW
@given(steps())
def test_only_changes_that_are_news_are_told(life: list[Step]) -> None:
    """An Intent belongs to a change of the same record, and never to a count or a mute."""
    _, verdicts = _live(life)
    for verdict in verdicts:
        kinds = {(c.alert_id, c.seq): c.kind for c in verdict.changes}
        for intent in verdict.intents:
            kind = kinds[intent.alert_id, intent.alert_seq]
            assert kind in {"fired", "escalated", "reopened", "unsilenced", "resolved"}
            assert (kind == "resolved") is intent.ends
            assert intent.data["kind"] == kind


@FEW
@given(steps(), steps(), st.randoms(use_true_random=False))
def test_alerts_never_disturb_each_other(
    one: list[Step],
    two: list[Step],
    random: Random,
) -> None:
    """However the records of two alerts interleave, each says the same."""
    alone = {"a": _live_as("a", one), "b": _live_as("b", two)}
    queue = [("a", step, offset) for offset, step in enumerate(one)]
    rest = [("b", step, offset) for offset, step in enumerate(two)]
    states: dict[str, AlertState | None] = {"a": None, "b": None}
    mixed: dict[str, list[Output]] = {"a": [], "b": []}
    while queue or rest:
        chosen = queue if queue and (not rest or random.random() < 0.5) else rest
        name, step, offset = chosen.pop(0)
        verdict = _take(step, offset, states[name], name)
        states[name] = verdict.state
        mixed[name] += _outputs(verdict)
    assert alone == mixed


def _live_as(name: str, life: list[Step]) -> list[Output]:
    state: AlertState | None = None
    said: list[Output] = []
    for offset, step in enumerate(life):
        verdict = _take(step, offset, state, name)
        state = verdict.state
        said += _outputs(verdict)
    return said
