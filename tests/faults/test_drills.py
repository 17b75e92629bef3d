"""Down, slow, lying, limiting, half broken: no provider's trouble loses or repeats a message.

Each drill holds what the providers took against what our events say. Pauses are a fortieth of
what they are in life.
"""

import secrets
from collections import deque
from collections.abc import Iterator

import pytest

from tests.conftest import Stack, remove_topics
from tests.every_provider import providing
from tests.fakes.receiver import Act
from tests.faults.drills import LOADS, YES, Count, Drill, EverySecond
from tests.faults.scene import wait_s
from tests.faults.test_dispatch import HASTE
from tests.gateway import house

pytestmark = pytest.mark.stack

FEW = 3  # answers that go wrong: fewer than the attempts that a delivery has


@pytest.fixture(scope="module")
def running(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """Start the processes once; tests part by their deliveries."""
    folder, namespace = tmp_path_factory.mktemp("drills"), f"t{secrets.token_hex(4)}"
    patience = HASTE | {"TOCSIN_SINK_CALL_S": "2"}
    with pytest.MonkeyPatch.context() as patch, providing() as providers:
        drill = Drill(
            house(running_stack, namespace, folder, patch), folder, providers, patience=patience
        )
        yield drill
        drill.exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def drill(stack: Stack, running: Drill) -> Drill:
    """Give the running processes, every provider at peace."""
    del stack
    running.at_peace()
    return running


def hold(counts: dict[str, Count], *, marked: bool) -> None:
    """Check that nothing was lost, told twice unmarked or claimed wrongly on any channel."""
    bad = {
        channel: each
        for channel, each in counts.items()
        if (each.lost, each.again, each.claimed, each.ended_otherwise) != (0, 0, 0, 0)
    }
    assert {} == bad
    assert marked or {0} == {each.marked for each in counts.values()}, counts
    if not marked:
        assert dict(LOADS) == {channel: each.taken for channel, each in counts.items()}


def test_providers_are_down(drill: Drill) -> None:
    """Refused connections repeat nothing, and all goes out when the providers are back."""
    for server in drill.servers.values():
        server.stop()
    loads = drill.load("down")
    wait_s(2)
    for server in drill.servers.values():
        server.start()
    hold(drill.settle(loads), marked=False)


def test_providers_say_nothing(drill: Drill) -> None:
    """Who hears nothing within the time of a call calls again, and says so."""
    drill.script(lambda _: deque([Act(503, how="hang")] * FEW))
    counts = drill.settle(drill.load("slow"))
    assert dict.fromkeys(LOADS, FEW) == drill.met(how="hang")
    hold(counts, marked=True)
    assert all(each.marked for each in counts.values()), counts


def test_providers_take_it_and_do_not_say_so(drill: Drill) -> None:
    """A message whose yes was lost may go out twice, and each such one is marked."""
    drill.script(
        lambda channel: deque([Act(YES[channel], how="drop")] * FEW * (channel != "slack"))
    )
    drill.providers.workspace.losing = FEW  # this one keeps what was posted
    counts = drill.settle(drill.load("lying"))
    hold(counts, marked=True)
    assert {channel: count + FEW for channel, count in LOADS.items()} == {
        channel: each.taken for channel, each in counts.items()
    }


def test_providers_want_quiet(drill: Drill) -> None:
    """A limit is heeded: all goes out afterwards, once."""
    drill.script(lambda _: deque([Act(429, headers={"Retry-After": "1"}, body=b"")] * FEW))
    hold(drill.settle(drill.load("limit")), marked=False)
    assert dict.fromkeys(LOADS, FEW) == drill.met(status=429)


def test_providers_fail_every_second_time(drill: Drill) -> None:
    """Half of the answers are 500, and everything goes out once."""
    drill.script(lambda _: EverySecond(Act(500, body=b"")))
    hold(drill.settle(drill.load("half")), marked=False)
    assert all(drill.met(status=500)[channel] >= count - 1 for channel, count in LOADS.items())
