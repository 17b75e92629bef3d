"""`make bench NAME=restore`: a worker that lost its disk restores its states from the changelog."""

import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka import Producer

from schemas import metrics
from schemas.cluster import Cluster
from schemas.state import AlertState, pack_alert
from schemas.topics import Names
from streams.pipeline import lapses_at
from tests.bench import stack
from tests.bench.measure import Run, Sampler, counter, machine, report, table

RECORDS = 10_000_000
RECORDS_A_FINGERPRINT = 10
DEADLINE_S = 120


def main(*, events: int = 0) -> None:
    """Leave a changelog behind, let a bare loop read it, then a fresh worker."""
    records = events or RECORDS
    fingerprints = records // RECORDS_A_FINGERPRINT
    print(machine())
    with stack.running() as (env, folder):
        servers = env["KAFKA_BOOTSTRAP_SERVERS"]
        names = stack.namespace(servers)
        fill(servers, names, records=records, fingerprints=fingerprints)
        bare = bare_loop(servers, names, records)
        restored = restore(env, names, folder, records=records, fingerprints=fingerprints)
    ratio = restored.rate / bare.rate
    table(f"restore of {fingerprints} fingerprints", [(bare, 1.0), (restored, ratio)])
    report(restored, ratio=ratio, fingerprints=fingerprints)


def state(number: int, count: int) -> bytes:
    """Pack a state such as a live alert leaves behind."""
    now_ms = 1_795_000_000_000 + count
    alert = AlertState(
        opened_partition=number % stack.PARTITIONS,
        opened_offset=number,
        seq=count,
        count=count,
        said_count=count,
        first_seen_at=now_ms,
        last_seen_at=now_ms,
        changed_at=now_ms,
        window_ends_at=0,
        anchor="open",
        window_ms=3_600_000,
        source="alertmanager",
        title=f"Disk usage above 90% on storage-{number:07d}",
    )
    return pack_alert(alert, lapses_at=lapses_at(alert))


def fill(servers: str, names: Names, *, records: int, fingerprints: int) -> None:
    """Write the changelog as a worker would, over and over the same fingerprints."""
    topic = names.changelog("triage", "alerts")
    producer = Producer(Cluster(servers).producer() | {"linger.ms": 20, "batch.size": 1 << 20})
    packed = [state(number, 1) for number in range(fingerprints)]
    began = time.monotonic()
    for done in range(records):
        number = done % fingerprints
        while True:
            try:
                producer.produce(
                    topic, packed[number], b"default:%016x" % number, number % stack.PARTITIONS
                )
                break
            except BufferError:
                producer.poll(0.05)
        if done % 1_000_000 == 0:
            producer.poll(0)
            print(f"  changelog: {done:,} records, {time.monotonic() - began:.0f} s", flush=True)
    assert producer.flush(120) == 0


def bare_loop(servers: str, names: Names, records: int) -> Run:
    """Read the changelog into a dict with a plain consumer, in a process of its own."""
    topic = names.changelog("triage", "alerts")
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare", servers, topic, str(records), "dict"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wall, cpu = map(float, out.split()[:2])
    return Run("bare loop into a dict", records, wall, cpu, 0.0)


def restore(
    env: dict[str, str], names: Names, folder: Path, *, records: int, fingerprints: int
) -> Run:
    """Start a worker without a disk and wait until all states are back and records are taken."""
    port = stack.free_port()
    worker = stack.triage(env, names, folder, port=port)
    began = time.monotonic()
    worker.start()
    sampler = Sampler(worker.pid)
    try:
        while "partitions ready" not in worker.log.read_text():
            assert worker.running(), worker.tail()
            assert time.monotonic() - began < DEADLINE_S, worker.tail()
            sampler.sample()
            time.sleep(0.05)
        ended, cpu = sampler.sample()
        held = counter(port, metrics.STORE_KEYS.name)
        print(f"  worker ready {ended - began:.1f} s after its start, holds {held:.0f}")
    finally:
        worker.stop()
    return Run("triage, process start to ready", records, ended - began, cpu, sampler.peak_mib)
