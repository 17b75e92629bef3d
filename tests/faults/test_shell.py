"""The shell loses nothing and decides nothing twice in effect, whatever happens to its worker."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.topics import Names
from tests import topics
from tests.conftest import Stack
from tests.faults.bank import Bank
from tests.faults.scene import frozen, wait_s
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def bank(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[Bank]:
    """Give a bank whose workers end with the test."""
    bank = Bank(stack.bootstrap_servers, Names(namespace), tmp_path)
    yield bank
    bank.close()


def hold(bank: Bank) -> None:
    """Check that every entry is told, once in effect, and no batch skipped one."""
    verdict = bank.judge()
    print(f"{verdict} exits={[w.exits for w in bank.workers]}")

    assert 0 == verdict.missing
    assert 0 == verdict.contradicted
    assert 0 == verdict.unexpected
    assert [] == bank.gaps()


def test_one_record_alone_is_committed(bank: Bank) -> None:
    """A record that stays alone on a fresh topic is judged and committed."""
    bank.send(1)
    bank.worker("one")

    bank.settle(within_s=40)
    hold(bank)


def test_state_survives_stop_and_start(bank: Bank) -> None:
    """A worker that stops cleanly and comes back goes on counting where it stopped."""
    bank.send(3_000)
    worker = bank.worker("one")
    bank.settle()

    assert 0 == worker.stop()

    bank.send(3_000, seed=2)
    worker.start()
    bank.settle()
    hold(bank)


def test_kills_under_load(bank: Bank) -> None:
    """Six kill -9 on two workers under load lose no entry and tell none two ways."""
    one, two = bank.worker("one", instance_id="one"), bank.worker("two", instance_id="two")
    bank.wait_until_ready(one)
    bank.wait_until_ready(two)
    with bank.sending(waves=100, count=500):
        for kill in range(6):
            bank.kill_at_work((one, two)[kill % 2], at_work_s=0.5 + kill * 0.17)
    bank.settle(within_s=120)
    hold(bank)


@pytest.mark.soak
def test_many_kills_under_load(bank: Bank) -> None:
    """Thirty kill -9 and ten rebalances lose no entry and tell none two ways."""
    one, two = bank.worker("one", instance_id="one"), bank.worker("two", instance_id="two")
    bank.wait_until_ready(one)
    bank.wait_until_ready(two)
    with bank.sending(waves=900, count=400):
        for kill in range(30):
            bank.kill_at_work((one, two)[kill % 2], at_work_s=0.4 + kill % 7 * 0.17)
            if kill % 3 == 0:
                three = bank.worker("three")
                wait_s(1 + kill % 5)
                three.stop()
    bank.settle(within_s=300)
    hold(bank)


@pytest.mark.soak
def test_checkpoint_held_for_half_a_minute(bank: Bank, stack: Stack) -> None:
    """A checkpoint that Kafka holds up for thirty seconds is released and commits on."""
    bank.wait_until_ready(bank.worker("one"))
    bank.send(20_000)
    with frozen(stack.kafka):
        wait_s(30)
    bank.send(2_000, seed=2)
    bank.settle(within_s=180)
    hold(bank)


def test_workers_join_and_leave_under_load(bank: Bank) -> None:
    """A second worker joining and leaving in mid-checkpoint moves partitions without a loss."""
    bank.wait_until_ready(bank.worker("one"))
    with bank.sending(waves=60, count=700):
        for pause_s in (1.0, 2.5):
            # One rebalance follows another, in the middle of what the first one restores.
            two = bank.worker("two")
            wait_s(pause_s)
            three = bank.worker("three")
            wait_s(4.5)
            two.stop()
            three.kill()
    bank.settle(within_s=120)
    hold(bank)


def test_kafka_restarts_under_load(bank: Bank, stack: Stack) -> None:
    """Kafka killed and started again under load costs time and nothing else."""
    bank.wait_until_ready(bank.worker("one"))
    bank.send(20_000)
    stack.kafka.kill()
    stack.kafka.start()
    bank.send(5_000, seed=2)

    bank.settle(within_s=120)
    hold(bank)


def test_held_checkpoint_commits_again(bank: Bank, stack: Stack) -> None:
    """A checkpoint that Kafka holds up for longer than the session is released and commits on."""
    worker = bank.worker("one")
    bank.wait_until_ready(worker)
    bank.send(20_000)
    with frozen(stack.kafka):
        wait_s(12)
    bank.send(2_000, seed=2)

    bank.settle(within_s=120)
    hold(bank)


def test_frozen_worker_does_not_write_over_its_successor(bank: Bank) -> None:
    """A worker that wakes after its partitions went to another leaves without writing."""
    one = bank.worker("one")
    bank.wait_until_ready(one)
    with bank.sending(waves=40, count=700):
        wait_s(1.5)
        one.send(signal.SIGSTOP)
        bank.wait_until_ready(bank.worker("two"))
        wait_s(2)
        one.send(signal.SIGCONT)
        eventually(lambda: not one.running(), within_s=20, why="the frozen worker leaves")
    bank.settle(within_s=120)
    assert 70 in one.exits
    hold(bank)


def test_record_that_kills_is_buried(bank: Bank) -> None:
    """A record that was in flight at two crashes is set aside unread, and the rest goes on."""
    bank.send(200)
    topics.produce(bank.servers, bank.source, [(b"account-1", b"die")])
    bank.worker("one", instance_id="one")

    def buried() -> bool:
        for worker in bank.workers:
            worker.revive()
        return any(
            message.value() == b"quarantined"
            for message in topics.read_all(bank.servers, [bank.lines])
        )

    eventually(buried, within_s=60, why="the killing record is set aside")
    bank.settle(within_s=60)
    assert [-9, -9] == bank.workers[0].exits
