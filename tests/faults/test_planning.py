"""Planning decides every intent once in effect, and keeps every limit, whatever happens to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.topics import Names
from tests.conftest import Stack
from tests.faults.post_office import PEOPLE, PostOffice, person
from tests.faults.scene import wait_s

pytestmark = pytest.mark.stack


@pytest.fixture
def office(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[PostOffice]:
    """Give a post office that knows its people, and whose workers end with the test."""
    office = PostOffice(stack.bootstrap_servers, Names(namespace), tmp_path)
    office.furnish([person(number) for number in range(PEOPLE)])
    yield office
    office.close()


def hold(office: PostOffice) -> None:
    """Check that every intent has one outcome a channel, and every limit is kept to the message."""
    verdict = office.judge()
    print(f"{verdict} exits={[w.exits for w in office.workers]}")

    assert 0 == verdict.unplanned
    assert 0 == verdict.contradicted
    assert 0 == verdict.over_limit
    assert 0 == verdict.withheld
    assert 0 == verdict.undelivered


def test_killed_under_load(office: PostOffice) -> None:
    """Four kill -9 of planning in mid-load plan nothing twice, and take no slot for nothing."""
    worker = office.worker("one", instance_id="one")
    office.wait_until_ready(worker)
    with office.sending(waves=60, count=60):
        for kill in range(4):
            office.kill_at_work(worker, at_work_s=0.6 + kill * 0.23)
    office.settle()
    hold(office)


def test_second_worker_joins_and_leaves(office: PostOffice) -> None:
    """A second worker that joins, is killed, joins again and leaves costs no intent."""
    office.wait_until_ready(office.worker("one"))
    with office.sending(waves=40, count=80):
        two = office.worker("two")
        office.wait_until_ready(two)
        office.kill_at_work(two, at_work_s=1)
        wait_s(1)
        assert 0 == two.stop()
    office.settle(within_s=120)
    hold(office)


def test_kafka_restarts_under_load(office: PostOffice, stack: Stack) -> None:
    """Kafka killed and started again in mid-load costs time and nothing else."""
    office.wait_until_ready(office.worker("one", instance_id="one"))
    office.send(2_000)
    stack.kafka.kill()
    stack.kafka.start()
    office.send(200, seed=2)
    office.settle(within_s=120)
    hold(office)
