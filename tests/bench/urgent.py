"""`make bench NAME=urgent`: a critical intent overtakes 200,000 that wait."""

import time

from confluent_kafka import Consumer, Producer, TopicPartition
from msgspec.structs import replace

from schemas import metrics, topics
from schemas.cluster import Cluster
from schemas.codec import decode, encode
from schemas.deliveries import Delivery
from schemas.keys import key
from schemas.topics import Names
from tests.bench import stack
from tests.bench.measure import Run, Sampler, counter, machine, report, table
from tests.bench.planning import furnished, intents, put

EVENTS = 200_000
ASKED = 20  # critical intents, one after the other
WITHIN_S = 30.0


def main(*, events: int = 0) -> None:
    """Queue normal intents, then time critical ones from their writing to their Delivery."""
    events = events or EVENTS
    print(machine())
    with stack.running() as (env, folder):
        servers = env["KAFKA_BOOTSTRAP_SERVERS"]
        names = furnished(servers)
        put(servers, names, topics.INTENTS, intents(events))
        port = stack.free_port()
        planning = stack.worker("planning", env, names, folder, port=port).start()
        try:
            sampler = Sampler(planning.pid)
            while not counter(port, metrics.RECORDS_IN.name):
                assert planning.running(), planning.tail()
                time.sleep(0.1)
            began = sampler.sample()
            producer = Producer(Cluster(servers).producer() | {"linger.ms": 0})
            # The first one's is the time of a new producer, and not counted.
            times = [_seconds(servers, names, number, producer) for number in range(ASKED + 1)]
            seconds = sorted(times[1:])
            planned = counter(port, metrics.RECORDS_IN.name)
            ended = sampler.sample()
        finally:
            planning.stop()
    assert planned < events, "nothing waited any more: ask for more events"
    wall, cpu = ended[0] - began[0], ended[1] - began[1]
    run = Run("urgent", ASKED, wall, cpu, sampler.peak_mib)
    table("critical intents while others wait", [(run, 0.0)])
    middle, worst = seconds[len(seconds) // 2], seconds[-1]
    print(f"\nplanned within {middle:.3f} s (median), {worst:.3f} s (the longest)")
    report(run, ratio=1.0 / worst, p50_s=middle, longest_s=worst, waiting=events - planned)


def _seconds(servers: str, names: Names, number: int, producer: Producer) -> float:
    """Write a critical intent and give the seconds until its Delivery can be read."""
    (made,) = intents(1, priority=3)
    intent = replace(made, recipient=f"p{number}", id=f"critical-{number}")
    reader = _at_the_end(servers, names.topic(topics.DELIVERIES["email", "urgent"]))
    try:
        began = time.monotonic()
        topic = names.topic(topics.INTENTS_URGENT)
        producer.produce(topic, encode(intent), key(intent.tenant, intent.recipient))
        assert not producer.flush(WITHIN_S)
        while time.monotonic() < began + WITHIN_S:
            for message in reader.consume(100, timeout=0.01):
                if decode(Delivery, message.value() or b"").intent_id == intent.id:
                    return time.monotonic() - began
    finally:
        reader.close()
    raise AssertionError(f"not planned within {WITHIN_S:.0f} s")


def _at_the_end(servers: str, topic: str) -> Consumer:
    reader = Consumer(
        {"bootstrap.servers": servers, "group.id": "bench-urgent", "fetch.wait.max.ms": 20}
    )
    places = [TopicPartition(topic, partition) for partition in range(stack.PARTITIONS)]
    for place in places:
        place.offset = reader.get_watermark_offsets(place, timeout=10)[1]
    reader.assign(places)
    return reader
