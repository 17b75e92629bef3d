"""The bare loop beside which triage is measured: a confluent-kafka consumer and a dict.

It decodes, normalises and hashes as triage does, and keeps nothing: `python -m tests.bench.bare
SERVERS TOPIC EVENTS` prints wall and CPU seconds from the first record to the last. With `dict`
in place of a number, all that the topic holds is kept under its keys as it is, as a restore
would, and the third figure printed says how many records that were.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from schemas.codec import decode
from schemas.fingerprint import fingerprint
from schemas.records import RawAlert


def judge(seen: dict[str, int], message: Message) -> None:
    """Do with a record what triage does before it decides."""
    identity = fingerprint(decode(RawAlert, message.value() or b""))
    seen[identity] = seen.get(identity, 0) + 1


def reader(servers: str, topic: str) -> tuple[Consumer, dict[int, int]]:
    """Give a consumer at the beginning of a topic, and where its partitions end now."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "bench-bare", "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    places = [TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions]
    ends = {p.partition: consumer.get_watermark_offsets(p, timeout=10)[1] for p in places}
    consumer.assign(places)
    return consumer, ends


def loop(
    servers: str,
    topic: str,
    events: int,
    take: Callable[[dict[Any, Any], Message], None] = judge,
) -> tuple[float, float]:
    """Take so many records and give wall and CPU seconds."""
    consumer, _ends = reader(servers, topic)
    seen: dict[Any, Any] = {}
    done = 0
    began = cpu = 0.0
    while done < events:
        messages = consumer.consume(500, timeout=5.0)
        if not done and messages:
            began, cpu = time.monotonic(), time.process_time()
        for message in messages:
            take(seen, message)
        done += len(messages)
    wall, used = time.monotonic() - began, time.process_time() - cpu
    consumer.close()
    return wall, used


def restored(servers: str, topic: str) -> tuple[float, float, int]:
    """Keep all that a topic holds; give wall seconds, CPU seconds and the records read."""
    consumer, ends = reader(servers, topic)
    behind = {partition for partition, end in ends.items() if end}
    held: dict[bytes | None, bytes | None] = {}
    done = 0
    began, cpu = time.monotonic(), time.process_time()
    while behind:
        messages = consumer.consume(5000, timeout=0.2)
        for message in messages:
            held[message.key()] = message.value()
        done += len(messages)
        # Not counted by offsets: the log cleaner leaves holes, also at the end.
        at = consumer.position([TopicPartition(topic, p) for p in behind])
        behind -= {p.partition for p in at if p.offset >= ends[p.partition]}
    wall, used = time.monotonic() - began, time.process_time() - cpu
    consumer.close()
    return wall, used, done


if __name__ == "__main__":
    if sys.argv[3] == "dict":
        print(*restored(sys.argv[1], sys.argv[2]))
    else:
        print(*loop(sys.argv[1], sys.argv[2], int(sys.argv[3])))
