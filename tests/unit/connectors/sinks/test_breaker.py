"""An endpoint that does not answer is left alone, and found again."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.breaker import Breaker, Gate


def _call(breaker: Breaker, now: float, *, failed: bool) -> Gate:
    gate = breaker.ask(now)
    if gate is not Gate.SHUT:
        breaker.note(now, gate, failed=failed)
    return gate


def _broken(at: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(10):
        _call(breaker, at, failed=True)
    assert breaker.is_open
    return breaker


def test_opens_at_seven_of_ten() -> None:
    """Seven failures of ten calls are too many, six are not."""
    lucky, unlucky = Breaker(), Breaker()
    for number in range(10):
        _call(lucky, 100.0, failed=number >= 4)
        _call(unlucky, 100.0, failed=number >= 3)
    assert (False, True) == (lucky.is_open, unlucky.is_open)


def test_nine_failures_are_too_few_to_judge() -> None:
    """An endpoint is judged by ten calls at least."""
    breaker = Breaker()
    for _ in range(9):
        _call(breaker, 100.0, failed=True)
    assert not breaker.is_open


def test_failures_in_a_row_may_be_enough() -> None:
    """Where another stands in, some in a row count however much went well before."""
    breaker = Breaker(in_a_row=3)
    for failed in (*[False] * 90, True, True, False, True, True):
        _call(breaker, 100.0, failed=failed)
    assert not breaker.is_open
    _call(breaker, 100.0, failed=True)
    assert breaker.is_open


def test_old_failures_are_forgotten() -> None:
    """What failed more than five minutes ago does not count."""
    breaker = Breaker()
    for _ in range(9):
        _call(breaker, 100.0, failed=True)
    _call(breaker, 411.0, failed=True)
    assert not breaker.is_open


def test_one_call_tries_after_half_a_minute() -> None:
    """For 30 s nobody calls, then one, and the others wait for what it finds."""
    breaker = _broken(100.0)
    assert Gate.SHUT is breaker.ask(129.9)
    assert Gate.TRIAL is breaker.ask(130.0)
    assert Gate.SHUT is breaker.ask(130.1)


def test_a_success_closes_it() -> None:
    """When the trial succeeds, everybody may call again."""
    breaker = _broken(100.0)
    _call(breaker, 130.0, failed=False)
    assert Gate.OPEN_WAY is breaker.ask(130.0)


def test_a_failure_keeps_it_shut() -> None:
    """When the trial fails, another 30 s begin."""
    breaker = _broken(100.0)
    _call(breaker, 130.0, failed=True)
    assert Gate.SHUT is breaker.ask(159.9)
    assert Gate.TRIAL is breaker.ask(160.0)


def test_an_urgent_success_closes_it_too() -> None:
    """Urgent calls pass an open breaker, and what they find counts for all."""
    breaker = _broken(100.0)
    breaker.note(110.0, Gate.SHUT, failed=False)
    assert not breaker.is_open


def test_a_trial_that_was_not_made_is_made_by_another() -> None:
    """A trial that is taken back leaves the turn to the next."""
    breaker = _broken(100.0)
    breaker.give_up(breaker.ask(130.0))
    assert Gate.TRIAL is breaker.ask(130.0)


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=200))
def test_an_open_breaker_lets_one_through_at_a_time(steps: list[tuple[float, bool]]) -> None:
    """However calls fall, an open breaker is shut or lets exactly one try."""
    breaker, now = Breaker(), 0.0
    for pause, failed in steps:
        now += pause
        was_open = breaker.is_open
        gate = breaker.ask(now)
        assert (gate is Gate.OPEN_WAY) == (not was_open)
        if gate is Gate.TRIAL:
            assert Gate.SHUT is breaker.ask(now)
        if gate is not Gate.SHUT:
            breaker.note(now, gate, failed=failed)
        assert not (was_open and gate is Gate.TRIAL and not failed and breaker.is_open)
