"""`make bench NAME=scheduler`: a million pending items are taken in, restored, and put out."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import Message

from schemas import metrics, topics
from schemas.codec import decode, encode
from schemas.deliveries import Scheduled
from schemas.keys import key
from schemas.records import Intent
from schemas.topics import Names
from tests import topics as kafka
from tests.bench import bare, stack
from tests.bench.measure import Run, Sampler, counter, machine, report, table

ITEMS = 1_000_000
OVERDUE = 50_000
DEADLINE_S = 600


def items(count: int, *, due_at: int, mark: str) -> Iterator[tuple[bytes, bytes]]:
    """Make wakes of held plans, as planning schedules them."""
    for number in range(count):
        name = f"plan:{mark}-{number:07d}"
        recipient = f"person-{number % 10_000}"
        wake = Intent(recipient=recipient, kind="wake", id=name)
        item = Scheduled(
            id=name,
            due_at=due_at,
            topic=topics.INTENTS.name,
            key=key("default", recipient),
            value=encode(wake),
        )
        yield key("default", name), encode(item)


def main(*, events: int = 0) -> None:
    """Let a worker take them in, a second life restore them, and a wave come due."""
    pending = events or ITEMS
    print(machine())
    with stack.running() as (env, folder):
        servers = env["KAFKA_BOOTSTRAP_SERVERS"]
        names = stack.namespace(servers)
        source = names.topic(topics.SCHEDULED)
        in_a_day = time.time_ns() // 1_000_000 + 86_400_000
        kafka.produce(servers, source, items(pending, due_at=in_a_day, mark="later"))
        alone = bare_loop(servers, source, pending)
        taken = taken_in(env, names, folder, events=pending)
        restored_s, fired_s, peak = lived_on(env, names, folder, pending=pending)
    ratio = taken.rate / alone.rate
    table(f"{pending} pending items", [(alone, 1.0), (taken, ratio)])
    print(f"  ready {restored_s:.1f} s after the next start with {pending} items pending")
    print(f"  {OVERDUE} overdue items put out in {fired_s:.1f} s, bounded on purpose")
    whole = Run("scheduler", taken.events, taken.wall_s, taken.cpu_s, max(peak, taken.peak_mib))
    report(whole, ratio=ratio, restore_s=restored_s, fired_rate=OVERDUE / fired_s)


def bare_loop(servers: str, source: str, events: int) -> Run:
    """Decode the items into a dict with a plain consumer, in a process of its own."""
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.scheduler", servers, source, str(events)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wall, cpu = map(float, out.split()[:2])
    return Run("bare loop, decode into a dict", events, wall, cpu, 0.0)


def keep(held: dict[str, Scheduled], message: Message) -> None:
    """Do with a record what the scheduler does before it decides."""
    item = decode(Scheduled, message.value() or b"")
    held[item.id] = item


def taken_in(env: dict[str, str], names: Names, folder: Path, *, events: int) -> Run:
    """Measure from the first item to the last checkpoint."""
    port = stack.free_port()
    worker = stack.worker("scheduler", env, names, folder, port=port).start()
    try:
        sampler = Sampler(worker.pid)
        done, first, began = 0.0, 0.0, (0.0, 0.0)
        deadline = time.monotonic() + DEADLINE_S
        while done < events:
            assert worker.running(), worker.tail()
            assert time.monotonic() < deadline, worker.tail()
            at = sampler.sample()
            done = counter(port, metrics.RECORDS_IN.name)
            if done and not first:
                began, first = at, done
            time.sleep(0.25)
        ended = sampler.sample()
        lag = kafka.lag_of(env["KAFKA_BOOTSTRAP_SERVERS"], names.group("scheduler"))
        while lag([names.topic(topics.SCHEDULED)]):
            assert time.monotonic() < deadline, worker.tail()
        sampler.sample()
    finally:
        worker.stop()
    wall, cpu = ended[0] - began[0], ended[1] - began[1]
    return Run("scheduler, taking in", int(done - first), wall, cpu, sampler.peak_mib)


def lived_on(
    env: dict[str, str], names: Names, folder: Path, *, pending: int
) -> tuple[float, float, float]:
    """Start again, wait until everything is known, then let a wave of overdue items come."""
    servers = env["KAFKA_BOOTSTRAP_SERVERS"]
    port = stack.free_port()
    worker = stack.worker("scheduler", env, names, folder, port=port)
    readied = worker.log.read_text().count("partitions ready")
    started = time.monotonic()
    worker.start()
    sampler = Sampler(worker.pid)
    try:
        while worker.log.read_text().count("partitions ready") == readied:
            assert worker.running(), worker.tail()
            assert time.monotonic() - started < DEADLINE_S, worker.tail()
            sampler.sample()
            time.sleep(0.05)
        restored_s = time.monotonic() - started
        past = time.time_ns() // 1_000_000 - 1_000
        began = time.monotonic()
        kafka.produce(
            servers, names.topic(topics.SCHEDULED), items(OVERDUE, due_at=past, mark="past")
        )
        while counter(port, metrics.FIRED.name) < OVERDUE:
            assert time.monotonic() - began < DEADLINE_S, worker.tail()
            sampler.sample()
            time.sleep(0.1)
        assert counter(port, metrics.STORE_KEYS.name) >= pending
        return restored_s, time.monotonic() - began, sampler.peak_mib
    finally:
        worker.stop()


if __name__ == "__main__":
    took = bare.loop(sys.argv[1], sys.argv[2], int(sys.argv[3]), keep)
    print(took[0], took[1])
