"""The bare loop beside which ingest is measured: encode, normalise, hash and produce.

`python -m tests.bench.bare_produce SERVERS TOPIC EVENTS` prints wall and CPU seconds from the
first record to the last acknowledgement.
"""

import sys
import time

from confluent_kafka import Producer

from schemas.cluster import Cluster
from tests.bench.callers import NEW_ONE_IN
from tests.bench.loads import alerts, keyed


def loop(servers: str, topic: str, events: int) -> tuple[float, float]:
    """Write every record with acks=all and give wall and CPU seconds."""
    producer = Producer(Cluster(servers).producer() | {"linger.ms": 2})
    producer.list_topics(topic, timeout=10)
    raws = list(alerts(events, troubles=events // NEW_ONE_IN))
    began, cpu = time.monotonic(), time.process_time()
    for key, value in keyed(iter(raws), wire="avro"):
        producer.produce(topic, value, key)
        producer.poll(0)
    assert producer.flush(60) == 0
    return time.monotonic() - began, time.process_time() - cpu


if __name__ == "__main__":
    took = loop(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(took[0], took[1])
