"""`make bench NAME=restore`: a worker that lost its disk restores its states from the changelog.

Twice: straight after the writing, with every record still there, and again after the log cleaner
went through it, which is how a changelog that took minutes or months to write is found.
"""

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from connectors.admin.cluster import set_configs
from connectors.admin.declared import Drift
from schemas import keys, metrics, topics
from schemas.cluster import Cluster
from schemas.state import AlertState, pack_alert
from schemas.topics import Names
from streams.pipeline import lapses_at
from tests import topics as kafka
from tests.bench import stack
from tests.bench.loads import alerts, keyed
from tests.bench.measure import Run, Sampler, counter, machine, report, table

RECORDS = 10_000_000
RECORDS_A_FINGERPRINT = 10
DEADLINE_S = 180
CLEANER_DEADLINE_S = 300
CLEANER_ROUND_S = 15
DAY_S = 86_400


def main(*, events: int = 0) -> None:
    """Leave a changelog behind, and let a bare loop and a fresh worker read it, twice."""
    records = events or RECORDS
    fingerprints = records // RECORDS_A_FINGERPRINT
    runs: list[tuple[Run, float]] = []
    print(machine())
    with stack.running() as (env, folder):
        servers = env["KAFKA_BOOTSTRAP_SERVERS"]
        names = stack.namespace(servers)
        cleaner(servers, names, waits_ms=int(topics.COMPACTED["max.compaction.lag.ms"]))
        fill(servers, names, records=records, fingerprints=fingerprints)
        for found in ("as written", "cleaned"):
            if found == "cleaned":
                cleaner(servers, names, waits_ms=0)
                wait_until_cleaned(servers, names, written=records)
            bare = bare_loop(servers, names, name=f"bare loop, {found}")
            # One more than was written: the record that it takes opens an alert.
            held = fingerprints + 1
            restored = restore(env, names, folder, held=held, name=f"triage, {found}")
            restored = replace(restored, events=bare.events)
            runs += [(bare, 1.0), (restored, restored.rate / bare.rate)]
            table(f"{found}: {bare.events} records", runs[-2:])
    table(f"restore of {fingerprints} fingerprints, process start to first record", runs)
    (written, _), (last, ratio) = runs[1], runs[3]
    report(
        last,
        ratio=ratio,
        fingerprints=fingerprints,
        records_written=records,
        records_read=last.events,
        wall_s_as_written=written.wall_s,
        cpu_s_as_written=written.cpu_s,
    )


def cleaner(servers: str, names: Names, *, waits_ms: int) -> None:
    """Keep the log cleaner away from the changelog for so long after a write."""
    client = AdminClient(Cluster(servers).librdkafka())
    topic = names.changelog("triage", "alerts")
    set_configs(client, [Drift(topic, "min.compaction.lag.ms", str(waits_ms), "")])


def wait_until_cleaned(servers: str, names: Names, *, written: int) -> None:
    """Wait until the log cleaner took records out and then, for a whole round, no more."""
    began = time.monotonic()
    before = left = written
    while left == written or left < before:
        assert time.monotonic() - began < CLEANER_DEADLINE_S, f"not cleaned: {left} records"
        time.sleep(CLEANER_ROUND_S)
        before, left = left, bare_loop(servers, names, name="").events
        print(f"  log cleaner: {left:,} records, {time.monotonic() - began:.0f} s", flush=True)


def state(number: int, now_ms: int) -> bytes:
    """Pack a state such as a live alert leaves behind."""
    first_seen_at = now_ms - number * 7919 % 3_000_000
    alert = AlertState(
        opened_partition=number % stack.PARTITIONS,
        opened_offset=number,
        seq=1,
        count=1 + number % 50,
        said_count=1 + number % 50,
        first_seen_at=first_seen_at,
        last_seen_at=now_ms,
        changed_at=first_seen_at,
        window_ends_at=0,
        anchor="open",
        window_ms=1000 * DAY_S,
        source="alertmanager",
        title=f"Disk usage above 90% on storage-{number:07d}",
    )
    return pack_alert(alert, lapses_at=lapses_at(alert))


def key(number: int) -> bytes:
    """Make a key as triage does: a fingerprint looks like chance."""
    return keys.key("default", sha256(b"%d" % number).hexdigest()[:16])


def fill(servers: str, names: Names, *, records: int, fingerprints: int) -> None:
    """Write the changelog as a worker would, over and over the same fingerprints."""
    topic = names.changelog("triage", "alerts")
    producer = Producer(
        Cluster(servers).producer()
        | {"linger.ms": 20, "batch.size": 262_144, "queue.buffering.max.kbytes": 262_144}
    )
    now_ms = int(time.time() * 1000)
    packed = [(key(number), state(number, now_ms)) for number in range(fingerprints)]
    began = time.monotonic()
    for done in range(records):
        number = done % fingerprints
        identity, value = packed[number]
        while True:
            try:
                producer.produce(topic, value, identity, number % stack.PARTITIONS)
                break
            except BufferError:
                producer.poll(0.05)
        if done % 1_000_000 == 0:
            producer.poll(0)
            print(f"  changelog: {done:,} records, {time.monotonic() - began:.0f} s", flush=True)
    assert producer.flush(120) == 0


def bare_loop(servers: str, names: Names, *, name: str) -> Run:
    """Read the changelog into a dict with a plain consumer, in a process of its own."""
    topic = names.changelog("triage", "alerts")
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare", servers, topic, "dict"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wall, cpu, read = out.split()
    return Run(name, int(read), float(wall), float(cpu), 0.0)


def restore(env: dict[str, str], names: Names, folder: Path, *, held: int, name: str) -> Run:
    """Start a worker without a disk and wait until it took a record, all states being back."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    raw = names.topic(topics.ALERTS_RAW)
    kafka.produce(env["KAFKA_BOOTSTRAP_SERVERS"], raw, keyed(alerts(1, troubles=1), wire="avro"))
    port = stack.free_port()
    worker = stack.triage(env, names, folder, port=port)
    ready = worker.log.read_text().count("partitions ready") if worker.log.exists() else 0
    began = time.monotonic()
    worker.start()
    sampler = Sampler(worker.pid)
    try:
        taken = False
        while not taken:
            assert worker.running(), worker.tail()
            assert time.monotonic() - began < DEADLINE_S, worker.tail()
            ended, cpu = sampler.sample()
            # The log costs the worker nothing; it is asked for its counters at the end only.
            if worker.log.read_text().count("partitions ready") > ready:
                taken = counter(port, metrics.RECORDS_IN.name) > 0
            time.sleep(0.05)
        while counter(port, metrics.STORE_KEYS.name) < held:
            assert time.monotonic() - began < DEADLINE_S, "states are missing"
            time.sleep(0.2)
        print(f"  {name}: first record {ended - began:.1f} s after the start, {held} states held")
    finally:
        worker.stop()
    return Run(name, 0, ended - began, cpu, sampler.peak_mib)
