"""Whatever fails between an intent and its provider, it comes to one end, and nobody hears twice.

Time is held by settings: in the short forms every pause of the sinks (ladders, breaker, parking)
and the outage itself are a fortieth of what they are in life, and so is the load. The long form
lets the pauses be what they are.
"""

import asyncio
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.stores.redis import Redis, Script
from tests.conftest import Stack, remove_topics
from tests.exchange import PLANNING, SCHEDULER, SINKS
from tests.fakes.beside import Beside, receiving_beside
from tests.fakes.receiver import Act
from tests.faults.dispatch import Count, Dispatch
from tests.faults.scene import wait_s
from tests.gateway import house
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack

SCALE = 40
LADDER = (10, 30, 120, 600, 3600)
URGENT = (5, 15, 60, 180, 300)
OUTAGE_S = 600
INTENTS = 10_000
RETRY_AFTER_S = 1


def scaled(*seconds: float) -> str:
    """Write pauses as settings take them, each a fortieth."""
    return ",".join(f"{each / SCALE:g}" for each in seconds)


HASTE = {
    "TOCSIN_RETRY_S": scaled(*LADDER),
    "TOCSIN_RETRY_URGENT_S": scaled(*URGENT),
    "TOCSIN_BREAKER_S": scaled(30),
    "TOCSIN_PARK_S": scaled(5, 60),
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Beside]:
    """Give a local SendGrid."""
    with receiving_beside(Act(202)) as server:
        yield server


@pytest.fixture(scope="module")
def running(
    running_stack: Stack, tmp_path_factory: pytest.TempPathFactory, provider: Beside
) -> Iterator[Dispatch]:
    """Start the processes once; tests part by their intents."""
    folder, namespace = tmp_path_factory.mktemp("dispatch"), f"t{secrets.token_hex(4)}"
    with pytest.MonkeyPatch.context() as patch:
        home = house(running_stack, namespace, folder, patch)
        dispatch = Dispatch(home, folder, provider, patience=HASTE)
        yield dispatch
        dispatch.exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def dispatch(stack: Stack, running: Dispatch) -> Dispatch:
    """Give the running processes, whole again whatever an earlier test left."""
    del stack
    running.start()
    return running


def hold(count: Count) -> None:
    """Check that nothing was lost, nothing told twice unmarked, and nothing left open."""
    assert (0, 0, 0, 0) == (count.lost, count.again, count.claimed, count.open), count


def outage(dispatch: Dispatch, *, seconds: float) -> None:
    """Let the provider refuse connections for half the time, then say 503 for the other."""
    wait_s(seconds / 2)
    dispatch.provider.receiver.always = Act(503, headers={"Retry-After": str(RETRY_AFTER_S)})
    dispatch.provider.start()
    wait_s(seconds / 2)
    dispatch.provider.receiver.always = Act(202, headers={"X-Message-Id": "m"}, body=b"")


def test_a_provider_that_is_down_for_ten_minutes(dispatch: Dispatch) -> None:
    """Ten minutes of refusals: what may wait goes out afterwards, and nothing goes out twice.

    The urgent ladder is used up after nine minutes and a bit: what is urgent and was not taken
    by then has failed, which its sender is told.
    """
    before = dispatch.load("before", 40)
    dispatch.settle(before)
    dispatch.provider.stop()
    during = dispatch.load("during", INTENTS // SCALE)
    outage(dispatch, seconds=OUTAGE_S / SCALE)
    count = dispatch.settle(during)
    hold(count)
    assert (len(during), 0) == (count.taken + count.failed, count.marked)
    assert count.taken >= len(during) * 4 // 5
    assert count.refused > 0


def test_redis_away_and_then_empty(dispatch: Dispatch, stack: Stack) -> None:
    """Without Redis nothing is sent blind; an empty one is filled before anything is."""
    first = dispatch.load("first", 150)
    at_work = dispatch.calls() + 40
    dispatch.wait_for_calls(at_work)
    stack.valkey.kill()
    second = dispatch.load("second", 100)
    wait_s(2)
    stack.valkey.start()
    dispatch.wait_for_calls(at_work + 40)
    emptied(stack)
    hold(dispatch.settle([*first, *second]))


def emptied(stack: Stack) -> None:
    """Take everything out of Redis."""

    async def empty() -> None:
        redis = Redis(url=stack.redis_url)
        flush = Script("redis.call('FLUSHALL') return 1")

        async def done() -> bool:
            return bool(await redis.run(flush, keys=[], args=[], within_s=5))

        await eventually_async(done, within_s=20, why="Redis is emptied")
        await redis.close()

    asyncio.run(empty())


def test_groups_deleted_on_full_topics(dispatch: Dispatch) -> None:
    """Read from the beginning once more, what was told is not told again, nor what is stale."""
    done = dispatch.load("done", 200)
    hold(dispatch.settle(done))
    for name in (PLANNING, SINKS):
        assert 0 == dispatch.exchange.processes[name].stop()
    stale = dispatch.load("stale", 50, expires_at=time.time_ns() // 1_000_000 + 1)
    before = len(dispatch.provider.receiver.requests)
    dispatch.forget_groups()
    dispatch.start()
    fresh = dispatch.load("fresh", 20)
    hold(dispatch.settle([*done, *stale, *fresh]))
    assert len(fresh) == len(dispatch.provider.receiver.requests) - before
    ends = {e.status for e in dispatch.exchange.events() if e.intent_id in set(stale)}
    assert {"expired"} == ends


def test_all_killed_together(dispatch: Dispatch) -> None:
    """Two power cuts that take planning, scheduler and sink at once lose nothing."""
    ids: list[str] = []
    for cut in range(2):
        soon = time.time_ns() // 1_000_000 + 2_000
        ids += dispatch.load(f"cut{cut}", 150, send_at=soon)
        dispatch.wait_for_calls(dispatch.calls() + 20)
        dispatch.exchange.kill(PLANNING, SCHEDULER, SINKS)
        dispatch.exchange.start()
    hold(dispatch.settle(ids))


@pytest.mark.soak
def test_ten_minutes_as_they_are(
    stack: Stack, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes of a provider's absence, ten thousand intents and the pauses of life."""
    home = house(stack, namespace, tmp_path, monkeypatch)
    with receiving_beside(Act(202)) as provider:
        dispatch = Dispatch(home, tmp_path, provider, patience={})
        try:
            dispatch.start()
            provider.stop()
            ids = dispatch.load("soak", INTENTS)
            outage(dispatch, seconds=OUTAGE_S)
            # The normal lane's fourth pause is ten minutes long.
            count = dispatch.settle(ids, within_s=2_400)
        finally:
            dispatch.exchange.close()
    hold(count)
    assert (len(ids), 0) == (count.taken + count.failed, count.marked)
