"""What is news of an alert, and what its first message shows, follows from what was told last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.slack.threads import Step, Thread, begun, step
from schemas.deliveries import Delivery
from tests.slack_line import word

WORDS = st.builds(
    lambda number, priority, ends: word(number, priority=priority, ends=ends),
    st.integers(1, 9),
    st.integers(0, 3),
    st.booleans(),
)


def thread(**fields: object) -> Thread:
    """Make a thread on an alert of high priority, told by its first word."""
    given = {"channel": "C1", "ts": "1.1", "seq": 1, "priority": 2, "last": "d", "last_ts": "1.1"}
    return Thread(**(given | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("later", "there", "expected"),
    [
        (word(2, priority=2), thread(), Step(update=True, broadcast=False)),
        (word(2, priority=3), thread(), Step(update=True, broadcast=True)),
        (word(2, priority=1), thread(), Step(update=True, broadcast=False)),
        (word(2, priority=2, ends=True), thread(), Step(update=True, broadcast=False)),
        (word(3, priority=2), thread(seq=2, ended=True), Step(update=True, broadcast=True)),
        (word(1, priority=3), thread(seq=2), Step(update=False, broadcast=False)),
        (word(1, priority=2), thread(), Step(update=False, broadcast=False)),
    ],
    ids=["told again", "worse", "better", "over", "back", "late", "told to another, too"],
)
def test_what_a_word_does(later: Delivery, there: Thread, expected: Step) -> None:
    """The channel is called when it grows worse or comes back, and an old word changes nothing."""
    assert expected == step(later, there)


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_the_newest_word_is_what_stands(words: list[Delivery]) -> None:
    """In whatever order words come, the first message shows the newest of them, and it alone."""
    first, *rest = words
    there, showing = begun(first, channel="C1", ts="1.1"), first.alert_seq
    for number, each in enumerate(rest):
        if step(each, there).update:
            showing = each.alert_seq
        there = there.told(each, ts=f"2.{number}")
        assert (each.id, f"2.{number}") == (there.last, there.last_ts)
        assert ("C1", "1.1") == (there.channel, there.ts)
    assert max(each.alert_seq for each in words) == showing == there.seq
