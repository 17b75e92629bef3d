"""Kill sinks, take their partitions away and forget their offsets, and count what providers saw."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest

from schemas import topics as declared
from schemas.deliveries import Delivery
from schemas.reasons import FINAL
from schemas.topics import Names
from tests import topics
from tests.conftest import Stack
from tests.faults.scene import wait_s
from tests.gateway import House, house
from tests.processes import Process
from tests.provider import Call, Provider
from tests.sink_house import CHANNEL, Mail, delivery
from tests.waiting import eventually

pytestmark = pytest.mark.stack
RECIPIENTS = 60


class Desk:
    """Run sink processes on topics of their own, and count."""

    def __init__(self, stack: Stack, home: House, folder: Path, provider: Provider) -> None:
        self.provider = provider
        self.names = Names(home.namespace)
        self.mail = Mail(stack.bootstrap_servers, self.names)
        self.group = self.names.group(f"sink-{CHANNEL}")
        self.topic = self.names.topic(declared.DELIVERIES[CHANNEL, "normal"])
        self._environment = {
            **home.environment,
            "TOCSIN_TEST_PROVIDER": provider.address,
            "TOCSIN_SESSION_S": "6",
        }
        self._folder = folder
        self._lag = topics.lag_of(stack.bootstrap_servers, self.group)
        self.workers: list[Process] = []

    def worker(self, name: str) -> Process:
        """Start a worker that keeps its name over restarts."""
        process = Process(
            ["tests.provider", CHANNEL],
            env=self._environment | {"TOCSIN_INSTANCE_ID": name},
            log=self._folder / f"{name}.log",
        )
        self.workers.append(process)
        return process.start()

    def wait_for_calls(self, count: int, *, within_s: float = 60) -> None:
        """Wait until the provider was called so often."""
        eventually(
            lambda: len(self.provider.calls) >= count, within_s=within_s, why=f"{count} calls"
        )

    def settle(self, *, within_s: float = 90) -> None:
        """Wait until every delivery is finished and committed."""
        eventually(lambda: self._lag([self.topic]) == 0, within_s=within_s, why="all is committed")

    def account(self, deliveries: list[Delivery]) -> Counter[str]:
        """Count what providers and events say, and hold it against what was asked."""
        states = self.mail.states()
        marked = {event.delivery_id for event in self.mail.events() if event.maybe_repeat}
        calls = Counter(call.id for call in self.provider.calls)
        ids = {each.id for each in deliveries}
        found = Counter(
            deliveries=len(ids),
            calls=calls.total(),
            uncalled=len(ids - set(calls)),
            called_again=sum(times > 1 for times in calls.values()),
            called_again_unmarked=sum(n > 1 and each not in marked for each, n in calls.items()),
            marked=len(marked),
            without_end=sum(
                each not in states or states[each].status not in FINAL | {"sent"} for each in ids
            ),
        )
        print("sinks:", dict(found))
        return found

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.kill()


@pytest.fixture
def desk(
    stack: Stack, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """Give topics, a provider that takes its time, and no worker yet."""
    home = house(stack, namespace, tmp_path, monkeypatch)
    with Provider(_takes_its_time) as provider:
        opened = Desk(stack, home, tmp_path, provider)
        yield opened
        opened.close()


def _takes_its_time(call: Call) -> str:
    wait_s(0.02)
    return "delivered" if call.seq % 2 else "sent"


def _is_slow(call: Call) -> str:
    wait_s(0.25)
    return "sent" if call.number == 1 else "delivered"


def _load(count: int, *, begin: int = 0) -> list[Delivery]:
    return [
        delivery(number, recipient=f"r{number % RECIPIENTS}", alert_seq=number)
        for number in range(begin, begin + count)
    ]


def test_a_killed_sink_loses_nothing(desk: Desk) -> None:
    """Through four kills under load nothing is lost, and a second call is always marked."""
    load = _load(1500)
    desk.mail.put(load)
    worker = desk.worker("one")
    for kill in range(1, 5):
        desk.wait_for_calls(kill * 250)
        worker.kill()
        worker.start()
    desk.settle()
    counts = desk.account(load)
    assert (0, 0, 0) == (
        counts["uncalled"],
        counts["without_end"],
        counts["called_again_unmarked"],
    )


def test_a_rebalance_while_sending_repeats_nothing(desk: Desk) -> None:
    """Workers that come and go in the middle of the load cause no second call at all."""
    load = _load(2400)
    desk.provider.script = _is_slow
    desk.mail.put(load)
    desk.worker("one")
    desk.wait_for_calls(200)
    second = desk.worker("two")
    eventually(
        lambda: f"{desk.topic} gained: [" in second.log.read_text(),
        within_s=60,
        why="the second has partitions",
    )
    at_work = len(desk.provider.calls)
    desk.wait_for_calls(at_work + 300)
    assert len(load) > len(desk.provider.calls), "the load was over before the rebalances"
    assert 0 == second.stop()
    desk.settle()
    counts = desk.account(load)
    assert (len(load), 0, 0) == (counts["calls"], counts["uncalled"], counts["without_end"])


def test_another_takes_over_what_a_dead_sink_left(desk: Desk) -> None:
    """A worker that never comes back is inherited: what it was sending is marked when repeated."""
    load = _load(600)
    desk.mail.put(load)
    first = desk.worker("one")
    desk.wait_for_calls(150)
    first.kill()
    desk.worker("two")
    desk.settle(within_s=120)
    counts = desk.account(load)
    assert (0, 0, 0) == (
        counts["uncalled"],
        counts["without_end"],
        counts["called_again_unmarked"],
    )


def test_a_group_that_was_deleted_sends_nothing_stale(desk: Desk, stack: Stack) -> None:
    """Read from the beginning once more, neither what went out nor what expired is sent."""
    stale = [delivery(5000 + n, expires_at=int(time.time() * 1000) + 15_000) for n in range(50)]
    load = _load(300)
    desk.mail.put(load)
    worker = desk.worker("one")
    desk.settle()
    worker.stop()
    before = len(desk.provider.calls)
    desk.mail.put(stale)
    _delete_group(stack.bootstrap_servers, desk.group)
    eventually(lambda: time.time() * 1000 > stale[-1].expires_at, within_s=30, why="they are stale")
    worker.start()
    desk.settle()
    assert before == len(desk.provider.calls)
    states = desk.mail.states()
    assert {"expired"} == {states[each.id].status for each in stale}
    assert 0 == desk.account(load)["without_end"]


def _delete_group(servers: str, group: str) -> None:
    admin = topics.admin(servers)

    def deleted() -> bool:
        done = admin.delete_consumer_groups([group])
        wait(done.values(), timeout=10)
        return done[group].exception() is None

    eventually(deleted, within_s=30, why="the group is gone")
