"""The scheduler loses no item and fires none early, whatever happens to it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics as agreed
from schemas.codec import decode, encode
from schemas.deliveries import Scheduled
from schemas.records import DeadLetter
from schemas.topics import Names
from tests import topics
from tests.conftest import Stack
from tests.faults.clockwork import LATER_MS, Clockwork, wake
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def clockwork(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[Clockwork]:
    """Give a scheduler's scene whose workers end with the test."""
    clockwork = Clockwork(stack.bootstrap_servers, Names(namespace), tmp_path)
    yield clockwork
    clockwork.close()


def now_ms() -> int:
    """Give the time as the scheduler reads it."""
    return time.time_ns() // 1_000_000


def hold(clockwork: Clockwork) -> None:
    """Check that everything that was asked for came, when and as it was asked for."""
    eventually(lambda: clockwork.judge().lost == 0, within_s=30, why="every item came")
    verdict = clockwork.judge()
    print(f"{verdict} exits={[w.exits for w in clockwork.workers]}")

    assert 0 == verdict.early
    assert 0 == verdict.cancelled
    assert 0 == verdict.altered
    assert verdict.came > 0


def test_killed_under_load(clockwork: Clockwork) -> None:
    """Three kill -9 of the scheduler lose no item, fire none early and none that was cancelled."""
    worker = clockwork.worker("one", instance_id="one")
    clockwork.wait_until_ready(worker)
    with clockwork.sending(waves=40, count=100):
        for kill in range(3):
            clockwork.kill_at_work(worker, at_work_s=0.7 + kill * 0.31)
    clockwork.settle()
    hold(clockwork)


def test_a_second_worker_takes_over(clockwork: Clockwork) -> None:
    """What one worker took note of, another fires when the first is killed for good."""
    first = clockwork.worker("one", instance_id="one")
    clockwork.wait_until_ready(first)
    clockwork.send(500, seed=1)
    clockwork.settle()
    first.kill()
    clockwork.workers.remove(first)
    second = clockwork.worker("two", instance_id="two")
    clockwork.wait_until_ready(second)
    hold(clockwork)


def test_after_a_long_stop_what_is_urgent_comes_first(clockwork: Clockwork) -> None:
    """Overdue items come at a bounded pace, and the urgent ones do not wait for the others."""
    past = now_ms() - LATER_MS - 60_000
    clockwork.schedule(*(wake(f"{number:05d}", past) for number in range(20_000)))
    clockwork.schedule(*(wake(f"u{number:04d}", past, urgent=True) for number in range(100)))
    worker = clockwork.worker("one")
    eventually(lambda: clockwork.judge().lost == 0, within_s=60, why="every item came")
    came = sorted(
        (message.timestamp()[1], (message.value() or b"").startswith(b"u"))
        for message in topics.read_all(
            clockwork.servers,
            [clockwork.names.topic(t) for t in (agreed.ALERTS_COMMANDS, agreed.INTENTS_URGENT)],
        )
    )
    began = came[0][0]
    last_urgent = max(at for at, urgent in came if urgent)
    last = came[-1][0]

    assert last - began > 1_000  # 20,000 items at 5,000 a second
    assert last_urgent < last
    assert worker.running()


def test_an_item_for_nowhere_is_a_dead_letter(clockwork: Clockwork) -> None:
    """What no scheduler of ours would write is shown to people, and the rest goes on."""
    clockwork.worker("one")
    stray = Scheduled(id="stray", topic="alerts.raw", key=b"default:k", value=b"{}")
    topics.produce(clockwork.servers, clockwork.sources()[0], [(b"default:stray", b"nonsense")])
    clockwork.schedule(wake("fine", now_ms()))
    topics.produce(
        clockwork.servers,
        clockwork.sources()[0],
        [(b"default:stray", encode(stray)), (b"default:other", encode(wake("fine", 0)))],
    )
    clockwork.settle()
    letters = [
        decode(DeadLetter, message.value() or b"")
        for message in topics.read_all(
            clockwork.servers, [clockwork.names.topic(agreed.DEAD_LETTERS)]
        )
    ]

    assert ["invalid", "invalid", "undecodable"] == sorted(letter.reason for letter in letters)
    hold(clockwork)
