"""The bare loop beside which triage is measured: a confluent-kafka consumer and a dict.

It decodes, normalises and hashes as triage does, and keeps nothing: `python -m tests.bench.bare
SERVERS TOPIC EVENTS` prints wall and CPU seconds from the first record to the last.
"""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from schemas.codec import decode
from schemas.fingerprint import fingerprint
from schemas.records import RawAlert


def loop(servers: str, topic: str, events: int) -> tuple[float, float]:
    """Read the topic once and give wall and CPU seconds."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "bench-bare", "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
    seen: dict[str, int] = {}
    done = 0
    began = cpu = 0.0
    while done < events:
        messages = consumer.consume(500, timeout=1.0)
        if not done and messages:
            began, cpu = time.monotonic(), time.process_time()
        for message in messages:
            raw = decode(RawAlert, message.value())
            identity = fingerprint(raw)
            seen[identity] = seen.get(identity, 0) + 1
        done += len(messages)
    wall, used = time.monotonic() - began, time.process_time() - cpu
    consumer.close()
    return wall, used


if __name__ == "__main__":
    took = loop(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(took[0], took[1])
