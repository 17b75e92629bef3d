"""Calls go to an endpoint as fast as it bears them; who cannot go is told so."""

import asyncio

import pytest

from connectors.sinks.gate import Endpoints, Pass
from connectors.sinks.sink import ACCOUNT, Answer, Later, Limits, Refused, Sent, Unknown, Withheld
from schemas.reasons import Reason


class Clock:
    """Tell the time that a test says it is."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Give the moment."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


async def _enter(endpoints: Endpoints, lane: str = "normal", name: str = "e") -> Pass:
    entered = await endpoints.enter(name, lane)
    assert isinstance(entered, Pass)
    return entered


async def test_a_slot_changes_hands(clock: Clock) -> None:
    """Who waits goes as soon as a call ends, in the order of coming."""
    endpoints = Endpoints(Limits(in_flight=1), clock)
    first = await _enter(endpoints)
    waiting = [asyncio.create_task(endpoints.enter("e", "normal")) for _ in range(2)]
    await asyncio.wait(waiting, timeout=0.01)
    assert not any(task.done() for task in waiting)
    endpoints.leave(first, Sent())
    assert isinstance(await waiting[0], Pass)
    assert not waiting[1].done()
    waiting[1].cancel()


async def test_endpoints_and_lanes_do_not_wait_for_each_other(clock: Clock) -> None:
    """A full endpoint leaves the others, and the urgent lane, their own room."""
    endpoints = Endpoints(Limits(in_flight=1), clock)
    await _enter(endpoints)
    await _enter(endpoints, name="other")
    await _enter(endpoints, lane="urgent")


async def test_who_meets_a_standstill_is_parked(clock: Clock) -> None:
    """Where no call has ended for a second, nobody waits for one."""
    endpoints = Endpoints(Limits(in_flight=1), clock)
    await _enter(endpoints)
    clock.now += 1.0
    assert Reason.PACED is await endpoints.enter("e", "normal")


async def test_who_comes_when_many_wait_is_parked(clock: Clock) -> None:
    """Behind enough others nobody waits."""
    endpoints = Endpoints(Limits(in_flight=1, waiting=1), clock)
    await _enter(endpoints)
    second = asyncio.create_task(endpoints.enter("e", "normal"))
    await asyncio.wait([second], timeout=0.01)
    assert Reason.PACED is await endpoints.enter("e", "normal")
    second.cancel()


async def test_who_gives_up_leaves_no_trace(clock: Clock) -> None:
    """A cancelled wait takes no slot with it."""
    endpoints = Endpoints(Limits(in_flight=1), clock)
    first = await _enter(endpoints)
    second = asyncio.create_task(endpoints.enter("e", "normal"))
    await asyncio.wait([second], timeout=0.01)
    second.cancel()
    await asyncio.wait([second])
    endpoints.leave_unused(first)
    await _enter(endpoints)


async def test_failures_break_an_endpoint_and_limits_do_not(clock: Clock) -> None:
    """Trouble opens the breaker; a refusal or a 429 shows that somebody is at home."""
    answers: dict[str, Answer] = {
        "ill": Later("HTTP 503"),
        "silent": Unknown("reset"),
        "strict": Refused("HTTP 400"),
        "busy": Later("HTTP 429", 0.001, Reason.PROVIDER_LIMITS),
    }
    endpoints = Endpoints(ACCOUNT, clock)
    for name, answer in answers.items():
        for _ in range(10):
            clock.now += 0.01
            endpoints.leave(await _enter(endpoints, name=name), answer)
    clock.now += 1.0
    assert 2 == endpoints.broken
    assert Reason.BREAKER_OPEN is await endpoints.enter("ill", "normal")
    await _enter(endpoints, lane="urgent", name="ill")
    await _enter(endpoints, name="strict")


async def test_what_was_withheld_teaches_nothing(clock: Clock) -> None:
    """A delivery that its receiver does not want says nothing of how its endpoint does."""
    endpoints = Endpoints(ACCOUNT, clock)
    for _ in range(10):
        endpoints.leave(await _enter(endpoints), Later("HTTP 503"))
    clock.now += 30.0
    endpoints.leave(await _enter(endpoints), Withheld("off"))
    assert 1 == endpoints.broken
    await _enter(endpoints)


async def test_a_429_keeps_everybody_off(clock: Clock) -> None:
    """For as long as the provider asked nobody calls."""
    endpoints = Endpoints(Limits(), clock)
    endpoints.leave(await _enter(endpoints), Later("HTTP 429", 30.0, Reason.PROVIDER_LIMITS))
    assert Reason.PACED is await endpoints.enter("e", "urgent")
    clock.now += 30.0
    await _enter(endpoints)
