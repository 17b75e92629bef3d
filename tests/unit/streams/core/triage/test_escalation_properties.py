"""What holds for every escalation, whatever happens in between."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.state import pack_alert, unpack_alert
from streams.core.triage.stage import Verdict
from streams.pipeline import lapses_at
from tests.builders import HOUR, MINUTE, NOON, Story, later, route

DB: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}

CONTROL = (
    route(
        "one",
        position=1,
        escalation=[later(300, "bob"), later(900, "cy"), later(1800, "ann", "bob")],
        continue_matching=True,
    ),
    route("two", position=2, to=["dan"], min_priority=2, escalation=[later(300, "cy", "eve")]),
)
AFTER = {"one": (300, 900, 1800), "two": (300,)}
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("wait", "wait", "wait", "fires", "rises", "ack", "unack", "snooze")),
        st.sampled_from((1, MINUTE, 4 * MINUTE, 10 * MINUTE, HOUR)),
        st.sampled_from((0, 0, 1, MINUTE)),
    ),
    max_size=25,
)


class Watch:
    """Let the time pass over one alert, wake it when it asked for it, and look at every telling."""

    def __init__(self) -> None:
        self.story = Story(*CONTROL)
        self.now = self.due = self.snoozed_until = 0
        self.acknowledged = False
        self.told_at: dict[str, int] = {}
        self.taken: dict[str, list[int]] = {"one": [], "two": []}
        self._note(self.story.hears(priority=1, **DB))

    def passes(self, by: int, *, late: int) -> None:
        """Let time go by; the scheduler keeps its word, now and then late."""
        until = self.now + by
        while 0 < self.due <= NOON + until - late:
            self.now, self.due = max(self.now, self.due - NOON + late), 0
            self._note(self.story.orders("wake", at=self.now))
        self.now = until

    def happens(self, what: str) -> None:
        """Let the alert occur, or somebody do something about it."""
        if what in {"fires", "rises"}:
            priority = 3 if what == "rises" else 1
            self._note(self.story.hears(at=self.now, priority=priority, **DB))
        elif what != "wait":
            self.snoozed_until = self.now + 7 * MINUTE if what == "snooze" else self.snoozed_until
            self.acknowledged = {"ack": True, "unack": False}.get(what, self.acknowledged)
            self._note(self.story.orders(what, at=self.now, until=NOON + self.snoozed_until))

    def _note(self, verdict: Verdict) -> None:
        self.due = verdict.wake_at or self.due
        first = {i.recipient for i in verdict.intents if "escalation_step" not in i.data}
        for name, who in (("one", "ann"), ("two", "dan")):
            if who in first:
                self.told_at.setdefault(name, self.now)
        seen = [intent.recipient for intent in verdict.intents]
        assert len(seen) == len(set(seen))
        for decision in verdict.decisions:
            if decision.reason == "escalation_step":
                self._check(decision.rule_id, int(decision.detail.split()[1]))
        state = self.story.now
        self.story.state = unpack_alert(pack_alert(state, lapses_at=lapses_at(state)))

    def _check(self, name: str, number: int) -> None:
        self.taken[name].append(number)
        assert not self.acknowledged
        assert self.now >= self.snoozed_until
        assert self.now >= self.told_at[name] + AFTER[name][number - 1] * 1000


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_each_step_comes_once_in_order_and_never_too_early(
    events: list[tuple[str, int, int]],
) -> None:
    """Whatever happens in between, nothing comes twice, early, or while somebody takes care."""
    watch = Watch()
    for what, by, late in events:
        watch.passes(by, late=late)
        watch.happens(what)
    for numbers in watch.taken.values():
        assert list(range(1, len(numbers) + 1)) == numbers


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from((1, MINUTE, 10 * MINUTE)), max_size=20))
def test_left_alone_every_step_is_taken_in_its_minute(pauses: list[int]) -> None:
    """However the time is cut into pieces, with nobody caring all are told, each when due."""
    watch = Watch()
    watch.happens("rises")
    for pause in pauses:
        watch.passes(pause, late=0)
        watch.happens("fires")
    watch.passes(HOUR, late=0)

    assert {"one": [1, 2, 3], "two": [1]} == watch.taken
    steps = [i for i in watch.story.intents if "escalation_step" in i.data]
    assert [300, 300, 300, 900, 1800, 1800] == [i.data["firing_for_s"] for i in steps]
