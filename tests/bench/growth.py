"""`make bench NAME=growth`: what an alert costs while few, and while a million others are known."""

from pathlib import Path

from confluent_kafka import Producer

from schemas import topics
from schemas.cluster import Cluster
from schemas.fingerprint import fingerprint
from schemas.keys import key
from schemas.topics import Names
from tests import topics as kafka
from tests.bench import stack
from tests.bench.loads import alert, alerts, keyed
from tests.bench.measure import Run, machine, report, table
from tests.bench.restore import state
from tests.bench.triage import worked_off

EVENTS = 600_000
KNOWN = (10_000, 1_000_000)
TOLD_APART = 10_000  # the alerts that are sent, the same in both runs


def main(*, events: int = 0) -> None:
    """Measure the same load beside ever more known fingerprints."""
    events = events or EVENTS
    print(machine())
    with stack.running() as (env, folder):
        runs = [case(env, folder, known=known, events=events) for known in KNOWN]
    ratio = (runs[-1].cpu_s / runs[-1].events) / (runs[0].cpu_s / runs[0].events)
    table("an alert's cost as known fingerprints grow", [(run, 1.0) for run in runs])
    print(f"CPU an alert, most known to fewest: {ratio:.2f}")
    report(runs[-1], ratio=ratio, known=KNOWN[-1])


def case(env: dict[str, str], folder: Path, *, known: int, events: int) -> Run:
    """Leave so many fingerprints in the changelog and work the load off over them."""
    servers = env["KAFKA_BOOTSTRAP_SERVERS"]
    names = stack.namespace(servers)
    remember(servers, names, known=known)
    source = names.topic(topics.ALERTS_RAW)
    kafka.produce(servers, source, keyed(alerts(events, troubles=TOLD_APART), wire="avro"))
    return worked_off(env, names, folder, events=events, name=f"triage, {known} known")


def remember(servers: str, names: Names, *, known: int) -> None:
    """Write one live alert for each fingerprint to the changelog."""
    topic = names.changelog("triage", "alerts")
    producer = Producer(Cluster(servers).producer() | {"linger.ms": 20})
    for number in range(known):
        raw = alert(number, occurrence=1, now_ms=1)
        while True:
            try:
                producer.produce(topic, state(number, 1), key("default", fingerprint(raw)))
                break
            except BufferError:
                producer.poll(0.05)
    assert producer.flush(120) == 0
