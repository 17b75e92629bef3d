"""The bare loop beside which triage is measured: a confluent-kafka consumer and a dict.

It decodes, normalises and hashes as triage does, and keeps nothing: `python -m tests.bench.bare
SERVERS TOPIC EVENTS` prints wall and CPU seconds from the first record to the last. With `dict`
behind it, values are kept under their keys as they are, as a restore would.
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


def keep(held: dict[bytes | None, bytes | None], message: Message) -> None:
    """Do with a record what a restore does."""
    held[message.key()] = message.value()


def loop(
    servers: str, topic: str, events: int, take: Callable[[dict[Any, Any], Message], None]
) -> tuple[float, float]:
    """Read the topic once and give wall and CPU seconds."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "bench-bare", "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
    held: dict[Any, Any] = {}
    done = 0
    began = cpu = 0.0
    while done < events:
        messages = consumer.consume(500, timeout=5.0)
        if not done and messages:
            began, cpu = time.monotonic(), time.process_time()
        if not messages:
            break  # compacted meanwhile: fewer records are left than were written
        for message in messages:
            take(held, message)
        done += len(messages)
    wall, used = time.monotonic() - began, time.process_time() - cpu
    consumer.close()
    return wall, used


if __name__ == "__main__":
    took = loop(sys.argv[1], sys.argv[2], int(sys.argv[3]), keep if "dict" in sys.argv else judge)
    print(took[0], took[1])
