"""The pipeline beside a naive reading of the agreement, over lives of commands and alerts."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.state import pack_alert, unpack_alert
from streams.core.triage.stage import Verdict
from streams.pipeline import announce, announced, lapses_at, reserve
from tests.builders import (
    DAY,
    FINGERPRINT,
    HOUR,
    MINUTE,
    NOON,
    Story,
    kinds,
    later,
    route,
    silence,
    told,
)
from tests.unit.streams.core.triage.naive import STEPS, Naive

SILENCE = silence("s", "team=db", starts_at=0, ends_at=1 << 50)
ROUTE = route("r", escalation=[later(after // 1000, who) for after, who in STEPS])


class Lives(RuleBasedStateMachine):
    """Let anything happen to one fingerprint and compare what is said with the naive reading."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(ROUTE)
        self.source = "webhook"
        self.clock = 100 * HOUR
        self.silenced = False
        self.alert: Naive | None = None
        self.lone: tuple[int, int] | None = None  # a resolve without alert, and its window's end
        self.seq: dict[str, int] = {}

    def _moves(self, by: int) -> int:
        self.clock += max(by, 0)
        return self.clock + min(by, 0)

    def _tells(self, at: int, *, pages: bool = True) -> bool:
        assert self.alert is not None
        self.alert.owed = not pages or self.silenced or self.alert.snoozed > at
        self.alert.told = self.alert.told or not self.alert.owed
        if not self.alert.owed and self.alert.steps_from < 0:
            self.alert.steps_from, self.alert.taken = self.clock, 0
        return not self.alert.owed

    def _check(self, verdict: Verdict, expected: list[str], *, tells: bool) -> None:
        assert expected == [kind for kind in kinds(verdict) if kind != "repeated"]
        assert tells is bool(verdict.intents)
        for change in verdict.changes:
            assert self.seq.get(change.alert_id, 0) + 1 == change.seq
            self.seq[change.alert_id] = change.seq

    @rule(chosen=st.sampled_from(("webhook", "grafana")))
    @precondition(lambda self: self.alert is None and self.lone is None)
    def is_watched_by(self, chosen: str) -> None:
        """Choose who speaks, before anything was said."""
        self.source = chosen

    @rule(by=st.sampled_from((HOUR, DAY)))
    def passes(self, by: int) -> None:
        """Let time go by without a word."""
        self.clock += by

    @rule()
    def is_silenced_or_not(self) -> None:
        """Put a silence in force, or take it away by hand."""
        self.silenced = not self.silenced
        control = (ROUTE, SILENCE) if self.silenced else (ROUTE,)
        self.story.rules = Story(*control).rules

    @rule(
        by=st.sampled_from((0, 1, MINUTE, HOUR, -1, -MINUTE)),
        priority=st.integers(0, 3),
        status=st.sampled_from(("firing", "firing", "no_data", "info")),
    )
    def occurs(self, by: int, priority: int, status: str) -> None:
        """Hear of the alert."""
        at = self._moves(by)
        if self.alert is None and self.lone is not None and at == self.lone[0]:
            at = self._moves(1)  # a tie with a lone resolve is left open here
        verdict = self.story.hears(
            at=at,
            timestamp=NOON + self.clock,
            source=self.source,
            priority=priority,
            status=status,
            labels={"team": "db"},
        )
        expected, tells = self._occurs(at, priority, status)
        self._check(verdict, expected, tells=tells)

    @rule(priority=st.integers(0, 3))
    def fires_on(self, priority: int) -> None:
        """Hear of the alert again at once."""
        self.occurs(by=0, priority=priority, status="firing")

    def _occurs(self, at: int, priority: int, status: str) -> tuple[list[str], bool]:
        alert, pages = self.alert, status == "firing"
        if alert is None or alert.over(at):
            return self._begins(at, priority, pages=pages)
        alert.count += 1
        alert.began, alert.seen = min(alert.began, at), max(alert.seen, at)
        if not alert.open and status != "info" and at >= alert.changed:
            alert.open, alert.acknowledged, alert.changed = True, False, at
            alert.priority, alert.ends = priority, alert.window(at)
            alert.late, alert.steps_from = self.clock - at, -1
            alert.log.append("reopened")
            return ["reopened"], self._tells(at, pages=pages)
        if not (alert.open and pages and at >= alert.changed):
            return [], False
        if priority > alert.priority:
            alert.priority, alert.changed = priority, at
            return ["escalated"], self._tells(at)
        if not alert.owed or alert.acknowledged:
            return [], False
        return self._comes_due(alert, at)

    def _comes_due(self, alert: Naive, at: int) -> tuple[list[str], bool]:
        muted = self.story.verdicts[-2].state
        assert muted is not None
        if self.silenced:
            # Withheld for another reason before: from now on it is the silence that mutes it.
            return ([] if muted.muted_by else ["silenced"]), False
        if alert.snoozed > at:
            return [], False
        by_rule = muted.muted_by or alert.snoozed
        alert.counts_steps_anew(self.clock)
        return ["unsilenced" if by_rule else "escalated"], self._tells(at)

    def _begins(self, at: int, priority: int, *, pages: bool) -> tuple[list[str], bool]:
        before = ["resolved"] if self.alert is not None and self.alert.open else []
        new = Naive(at, priority, self.source, changed=at, seen=at, late=self.clock - at)
        new.ends = new.window(at)
        lone, self.lone = (self.lone if self.alert is None else None), None
        self.alert = new
        if lone is not None and at <= lone[0]:
            new.open, new.changed = False, lone[0]
            new.ends = lone[1]
            return ["fired", "resolved"], False
        return [*before, "fired"], self._tells(at, pages=pages)

    @rule(by=st.sampled_from((0, 1, MINUTE, HOUR, -MINUTE)))
    def is_resolved(self, by: int) -> None:
        """Hear of its end."""
        at = self._moves(by)
        verdict = self.story.hears(
            at=at, timestamp=NOON + self.clock, source=self.source, status="resolved"
        )
        alert = self.alert
        if alert is not None and not alert.open and alert.over(at):
            self.alert = alert = None
        if alert is None:
            known = self.lone is not None and at < self.lone[1]
            last = max(at, self.lone[0]) if known and self.lone else at
            self.lone = (last, last + HOUR)
            self._check(verdict, [], tells=False)
        elif alert.open and at >= alert.changed:
            self._ends(alert, at, verdict)
        else:
            alert.count += 1
            self._check(verdict, [], tells=False)

    def _ends(self, alert: Naive, at: int, verdict: Verdict) -> None:
        self._check(verdict, ["resolved"], tells=alert.told)
        alert.open, alert.told, alert.owed, alert.changed = False, False, False, at
        alert.ends, alert.steps_from = at + HOUR, -1

    @rule(late=st.sampled_from((0, MINUTE, HOUR)))
    @precondition(lambda self: self.story.state and 0 < self.story.state.wake_at < SILENCE.ends_at)
    def is_woken_when_it_asked(self, late: int) -> None:
        """Let the scheduler keep its word, now and then late."""
        self.clock = max(self.clock, self.story.now.wake_at - NOON) + late
        self.is_ordered(kind="wake")

    @rule(kind=st.sampled_from(("ack", "unack", "resolve", "snooze", "wake")))
    def is_ordered(self, kind: str) -> None:
        """Take a command."""
        until = self.clock + 2 * HOUR
        verdict = self.story.orders(kind, at=self.clock, until=NOON + until)
        alert = self.alert
        if alert is None:
            self._check(verdict, [], tells=False)
        elif kind == "wake":
            self._is_woken(alert, verdict)
        elif kind == "resolve" and alert.open:
            self._ends(alert, max(self.clock, alert.changed), verdict)
        elif kind in {"ack", "unack"} and alert.acknowledged is (kind == "unack"):
            alert.acknowledged = kind == "ack"
            said = "acknowledged" if alert.acknowledged else "unacknowledged"
            if kind == "unack":
                alert.counts_steps_anew(self.clock)
            self._check(verdict, [said], tells=False)
        elif kind == "snooze" and alert.open and alert.snoozed != until:
            alert.snoozed = until
            self._check(verdict, ["snoozed"], tells=False)
        else:
            self._check(verdict, [], tells=False)

    def _is_woken(self, alert: Naive, verdict: Verdict) -> None:
        at = self.clock
        before = self.story.verdicts[-2].state
        assert before is not None
        keeps = alert.owed and before.content is not None
        looks = alert.open and not alert.acknowledged
        if alert.is_out_of_time(at, keeps=keeps) and self.source == "grafana":
            self._ends(alert, max(at, alert.changed), verdict)
        elif alert.is_out_of_time(at, keeps=keeps):
            self._check(verdict, ["resolved"], tells=False)
            alert.open, alert.owed, alert.steps_from = False, False, -1
            alert.changed = max(alert.ends, alert.seen, alert.changed)
        elif looks and keeps:
            expected, tells = self._comes_due(alert, at)
            self._check(verdict, expected, tells=tells)
        elif looks and not alert.owed and alert.step_is_due(at):
            alert.owed = self.silenced
            self._check(verdict, ["silenced"] * self.silenced, tells=not self.silenced)
            assert told(verdict) == ([] if self.silenced else [alert.takes_step(at)])
        else:
            self._check(verdict, [], tells=False)

    @rule()
    @precondition(lambda self: self.story.state is not None)
    def is_said_by_the_clock(self) -> None:
        """Say the count, as the shell does now and then."""
        before = self.story.now
        state = reserve(before)
        if state.reserved is not None:
            change = announce(state, fingerprint=FINGERPRINT, tenant="default")
            assert (before.count, before.seq + 1) == (change.count, change.seq)
            self.seq[change.alert_id] = change.seq
        self.story.state = announced(state)

    @rule()
    @precondition(lambda self: self.story.state is not None)
    def is_restored(self) -> None:
        """Come back from the changelog."""
        state = self.story.now
        self.story.state = unpack_alert(pack_alert(state, lapses_at=lapses_at(state)))

    @invariant()
    def agrees(self) -> None:
        """Hold the same as the naive reading."""
        alert, state = self.alert, self.story.state
        if alert is None or state is None:
            assert state is None or state.opened_offset < 0
            return
        assert (
            alert.open,
            alert.count,
            alert.priority,
            NOON + alert.began,
            alert.acknowledged,
            alert.told,
            alert.owed,
        ) == (
            state.status == "open",
            state.count,
            state.priority,
            state.first_seen_at,
            state.acknowledged,
            bool(state.told),
            state.owed,
        )


Lives.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestLives = Lives.TestCase
