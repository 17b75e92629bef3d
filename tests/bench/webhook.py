"""`make bench NAME=webhook`: the webhook sink beside a bare httpx loop posting the same bodies."""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import uvloop
from confluent_kafka import Producer

from connectors.stores.endpoints import new_secret
from connectors.stores.migrate import migrate
from schemas import ids, metrics, topics
from schemas.cluster import Cluster
from schemas.codec import decode, encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.keys import key
from schemas.topics import Names
from tests import topics as kafka
from tests.bench import stack
from tests.bench.measure import Run, Sampler, counter, cpu_s, machine, report, table
from tests.processes import Process

DELIVERIES = 30_000
ENDPOINTS = 100
AT_ONCE = 64
DEADLINE_S = 300
QUIET_S = 4.0
PARKED_MS = 5_000
PAUSE_S = 0.1  # between twenty and twenty: a load that is no backlog
PAYLOAD = {"alert": "Disk full on db-1", "data": {"host": "db-1", "text": "x" * 400}}


def deliveries(count: int, ports: list[int], *, mark: str) -> Iterator[tuple[bytes, bytes]]:
    """Make deliveries of as many recipients as there are endpoints, in turn."""
    now = time.time_ns() // 1_000_000
    for number in range(count):
        which = number % len(ports)
        recipient = f"{mark}-{which}"
        delivery = Delivery(
            id=ids.delivery_id("default", f"{mark}-{number}", "webhook", ""),
            intent_id=f"{mark}-{number}",
            recipient=recipient,
            channel="webhook",
            address=f"http://127.0.0.1:{ports[which]}/hook/{which}",
            payload=PAYLOAD,
            type="alert",
            template="alert",
            created_at=now,
        )
        yield key("default", recipient), encode(delivery)


@contextmanager
def endpoints(count: int) -> Iterator[list[int]]:
    """Run endpoints beside the bench, and give their ports."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.receiving", str(count)],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            yield [int(port) for port in child.stdout.readline().split()]
        finally:
            child.kill()


def main(*, events: int = 0) -> None:
    """Post to a hundred endpoints, then the same with one of them silent."""
    count = events or DELIVERIES
    print(machine())
    with stack.running() as (env, folder), endpoints(ENDPOINTS) as ports:
        talking = ports[:-1]
        alone = bare(talking, count // 4)
        names = stack.namespace(env["KAFKA_BOOTSTRAP_SERVERS"])
        migrate(url=env["DATABASE_URL"], schema=names.database_schema())
        run = posted(env, names, folder, list(deliveries(count, talking, mark="a")))
        healthy, beside = waits(env, names, folder, ports, count // 10)
    ratio = run.rate / alone.rate
    table(f"{count} webhooks to {len(talking)} endpoints", [(alone, 1.0), (run, ratio)])
    delay = beside - healthy
    print(
        f"  p99 from Kafka to yes: {healthy:.2f} s; with one of {ENDPOINTS} silent {beside:.2f} s"
    )
    report(run, ratio=ratio, p99_s=healthy, p99_beside_silent_s=beside, delayed_s=delay)


def bare(ports: list[int], count: int) -> Run:
    """Post the same bodies with httpx alone, from a process of its own."""
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.webhook", str(count), *map(str, ports)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wall, cpu = map(float, out.split()[:2])
    return Run("bare httpx loop", count, wall, cpu, 0.0)


async def post(ports: list[int], count: int) -> None:
    """Post over kept connections, with a client an endpoint: httpx is fastest with small pools."""
    body = json.dumps(PAYLOAD).encode()
    headers = {"Content-Type": "application/json", "webhook-id": "d-1"}
    left = iter(range(count))
    turns = itertools.cycle(
        (httpx.AsyncClient(verify=False), f"http://127.0.0.1:{port}/hook") for port in ports
    )

    async def work() -> None:
        for _ in left:
            client, url = next(turns)
            answer = await client.post(url, content=body, headers=headers)
            assert answer.status_code == 200

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _sink(env: dict[str, str], names: Names, folder: Path, *, port: int) -> Process:
    return Process(
        ["connectors.sinks", "webhook"],
        env=env
        | {
            "TOCSIN_NAMESPACE": names.namespace,
            "TOCSIN_METRICS_PORT": str(port),
            "TOCSIN_INSTANCE_ID": "bench",
            "TOCSIN_WEBHOOK_SECRET": new_secret(),
            "TOCSIN_WEBHOOK_HTTP": "yes",
            "TOCSIN_WEBHOOK_ALLOW": "127.0.0.0/8",
        },
        log=folder / "sinks.log",
    )


def posted(
    env: dict[str, str], names: Names, folder: Path, records: list[tuple[bytes, bytes]]
) -> Run:
    """Measure a sink from the first call to the last of what waits for it."""
    port = stack.free_port()
    topic = names.topic(topics.DELIVERIES["webhook", "normal"])
    kafka.produce(env["KAFKA_BOOTSTRAP_SERVERS"], topic, records)
    worker = _sink(env, names, folder, port=port).start()
    try:
        sampler = Sampler(worker.pid)
        first, done = 0.0, 0.0
        began = (0.0, 0.0)
        deadline = time.monotonic() + DEADLINE_S
        while done < len(records):
            assert worker.running(), worker.tail()
            assert time.monotonic() < deadline, worker.tail()
            at = sampler.sample()
            done = counter(port, metrics.SINK_STEPS.name)  # what was parked is handled too
            if done and not first:
                began, first = at, done
            time.sleep(0.1)
        ended = sampler.sample()
    finally:
        worker.stop()
    wall, cpu = ended[0] - began[0], ended[1] - began[1]
    return Run("webhook sink", int(done - first), wall, cpu, sampler.peak_mib)


def waits(
    env: dict[str, str], names: Names, folder: Path, ports: list[int], count: int
) -> tuple[float, float]:
    """Give the p99 of the seconds from a record to its yes, without and with a silent endpoint."""
    port = stack.free_port()
    worker = _sink(env, names, folder, port=port).start()
    found = []
    try:
        for mark, reached in (("warm", ports[:-1]), ("b", ports[:-1]), ("c", ports)):
            records = list(deliveries(count, reached, mark=mark))
            _handled(env, names, worker, port, records)
            heard = {
                decode(Delivery, value).id
                for _, value in records
                if f":{ports[-1]}/" not in decode(Delivery, value).address
            }
            found.append(_p99(env, names, heard))
    finally:
        worker.kill()
    return found[1], found[2]


def _handled(
    env: dict[str, str],
    names: Names,
    worker: Process,
    port: int,
    records: list[tuple[bytes, bytes]],
) -> None:
    """Let deliveries come little by little, and wait until nothing more happens."""
    topic = names.topic(topics.DELIVERIES["webhook", "normal"])
    producer = Producer(Cluster(env["KAFKA_BOOTSTRAP_SERVERS"]).producer())
    for number, (name, value) in enumerate(records):
        producer.produce(topic, value, name)
        if number % 20 == 19:
            producer.flush(30)
            time.sleep(PAUSE_S)
    assert producer.flush(30) == 0
    seen, since = -1.0, time.monotonic()
    while time.monotonic() - since < QUIET_S:
        assert worker.running(), worker.tail()
        steps = counter(port, metrics.SINK_STEPS.name)
        if steps != seen:
            seen, since = steps, time.monotonic()
        time.sleep(0.2)


def _p99(env: dict[str, str], names: Names, wanted: set[str]) -> float:
    servers = env["KAFKA_BOOTSTRAP_SERVERS"]
    began = {
        decode(Delivery, message.value() or b"").id: message.timestamp()[1]
        for message in kafka.read_all(
            servers, [names.topic(topics.DELIVERIES["webhook", "normal"])]
        )
    }
    ended = {
        event.delivery_id: event.occurred_at
        for event in (
            decode(DeliveryEvent, message.value() or b"")
            for message in kafka.read_all(servers, [names.topic(topics.DELIVERIES_EVENTS)])
        )
        if event.status == "delivered"
    }
    # Without a scheduler nothing that was parked comes back: 5 s is the least it would wait.
    took = sorted(ended.get(each, began[each] + PARKED_MS) - began[each] for each in wanted)
    return took[int(len(took) * 0.99)] / 1000


if __name__ == "__main__":
    process = psutil.Process()
    started, used = time.monotonic(), cpu_s(process)
    uvloop.run(post([int(port) for port in sys.argv[2:]], int(sys.argv[1])))
    print(time.monotonic() - started, cpu_s(process) - used)
