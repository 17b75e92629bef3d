"""Triage loses no fact and says none two ways, whatever happens to it; counts are right."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from schemas.codec import decode
from schemas.limits import RECORD_BYTES
from schemas.records import DeadLetter
from schemas.topics import Names
from tests import topics
from tests.conftest import Stack
from tests.faults.desk import Desk
from tests.faults.scene import wait_s
from tests.waiting import eventually

pytestmark = pytest.mark.stack

# Counts are said some seconds after they rose.
COUNTED_WITHIN_S = 20


@pytest.fixture
def desk(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[Desk]:
    """Give a desk whose workers end with the test."""
    desk = Desk(stack.bootstrap_servers, Names(namespace), tmp_path)
    yield desk
    desk.close()


def hold(desk: Desk) -> None:
    """Check that every fact is said, once in effect, and every count is right in the end."""

    def counted() -> bool:
        return desk.judge().miscounted == 0

    eventually(counted, within_s=COUNTED_WITHIN_S, why="every count is said")
    verdict = desk.judge()
    print(f"{verdict} exits={[w.exits for w in desk.workers]}")

    assert "" == verdict.example
    assert 0 == verdict.lost
    assert 0 == verdict.invented
    assert 0 == verdict.disordered
    assert 0 == verdict.contradicted


def test_killed_under_load(desk: Desk) -> None:
    """Four kill -9 of triage in mid-load lose no fact and make none up."""
    worker = desk.worker("one", instance_id="one")
    desk.wait_until_ready(worker)
    with desk.sending(waves=70, count=200):
        for kill in range(4):
            desk.kill_at_work(worker, at_work_s=0.6 + kill * 0.23)
    desk.settle()
    hold(desk)


def test_second_worker_joins_and_leaves(desk: Desk) -> None:
    """A second worker that joins, is killed, joins again and leaves costs no fact."""
    desk.wait_until_ready(desk.worker("one"))
    with desk.sending(waves=40, count=300):
        two = desk.worker("two")
        wait_s(4)
        two.kill()
        two.start()
        wait_s(5)
        assert 0 == two.stop()
    desk.settle(within_s=120)
    hold(desk)


def test_kafka_restarts_under_load(desk: Desk, stack: Stack) -> None:
    """Kafka killed and started again in mid-load costs no fact."""
    desk.wait_until_ready(desk.worker("one", instance_id="one"))
    desk.send(8_000)
    stack.kafka.kill()
    stack.kafka.start()
    desk.send(1_000, seed=2)
    desk.settle(within_s=120)
    hold(desk)


def test_poison_is_buried(desk: Desk) -> None:
    """Records that cannot be taken lie in the dead letters as they came; the rest goes on."""
    poison = [
        b"",
        b"no alert",
        b'{"source": "x"',
        b"\xc3\x01" + b"\0" * 20,
        b"\0\0\0\0\7unknown schema",
        b'{"source": "x", "title": "t", "labels": 7}',
        b"[" * 5_000,
        b'{"source":"x","title":"' + b"a" * RECORD_BYTES + b'"}',
    ]
    topics.produce(desk.servers, desk.raw, [(b"k", value) for value in poison])
    topics.produce(desk.servers, desk.raw, [(None, orjson.dumps({"source": "x", "title": "good"}))])
    desk.worker("one")
    desk.settle()

    letters = [
        decode(DeadLetter, message.value() or b"")
        for message in topics.read_all(desk.servers, [desk.letters])
    ]
    assert sorted(poison) == sorted(letter.value for letter in letters)
    assert {desk.raw} == {letter.topic for letter in letters}
    assert 1 == len(desk.said())
