"""Calls keep below the rate that a provider bears."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.pace import Pace


@given(
    per_s=st.floats(0.5, 100),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 2), max_size=100),
    keep=st.sampled_from([0.0, 0.2]),
)
def test_never_more_than_the_rate(
    per_s: float, burst: int, pauses: list[float], keep: float
) -> None:
    """In no span of time more calls begin than the burst and the rate allow."""
    pace, now = Pace(per_s, burst), 0.0
    begun: list[float] = []
    for pause in pauses:
        now += pause
        wait = pace.take(now, keep=keep, patience_s=5.0)
        if wait is not None:
            begun.append(now + wait)
    begun.sort()
    for first, at in enumerate(begun):
        for last in range(first, len(begun)):
            assert last - first + 1 <= burst + per_s * (begun[last] - at) + 1e-6


def test_without_a_rate_nobody_waits() -> None:
    """A provider without a rate is called at once."""
    pace = Pace(0.0, 1)
    assert [0.0] * 5 == [pace.take(1.0) for _ in range(5)]


def test_the_impatient_are_told_so() -> None:
    """Whoever would have to wait too long gets no turn, and uses none up."""
    pace = Pace(1.0, 1)
    assert 0.0 == pace.take(0.0)
    assert pace.take(0.0, patience_s=0.5) is None
    assert 0.0 == pace.take(1.0)


def test_a_fifth_is_left_to_urgent() -> None:
    """Normal deliveries leave a part of the burst to urgent ones."""
    pace = Pace(1.0, 10)
    taken = 0
    while pace.take(0.0, keep=0.2) is not None:
        taken += 1
    assert 8 == taken
    assert 0.0 == pace.take(0.0)


def test_a_quiet_time_is_kept() -> None:
    """After a provider asked for quiet nobody calls before it is over."""
    pace = Pace(0.0, 1)
    pace.be_quiet(10.0)
    assert pace.take(5.0, patience_s=1.0) is None
    assert 1.0 == pace.take(9.0, patience_s=1.0)
    assert 0.0 == pace.take(10.0)


def test_a_turn_that_was_not_used_is_given_back() -> None:
    """A call that was not made costs no turn."""
    pace = Pace(1.0, 1)
    pace.take(0.0)
    pace.give_back()
    assert 0.0 == pace.take(0.0)
