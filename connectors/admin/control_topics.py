"""Read compacted topics whole, and write to them until Kafka has all of it."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from connectors.admin.cluster import quiet
from schemas.cluster import Cluster
from schemas.errors import KafkaUnavailable, SchemaDrift

WITHIN_S = 30.0

Place = tuple[str, int]  # topic and partition


def read_whole(cluster: Cluster, topics: Iterable[str]) -> dict[str, dict[bytes, bytes]]:
    """Give, for each topic, the last value of every key that was not removed."""
    consumer = Consumer(
        cluster.librdkafka()
        | {
            "group.id": "none",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,  # the end is what is waited for
        },
        logger=quiet,
    )
    held: dict[str, dict[bytes, bytes]] = {topic: {} for topic in topics}
    try:
        unread = _assign(consumer, held)
        deadline = time.monotonic() + WITHIN_S
        while unread:
            if time.monotonic() > deadline:
                late = ", ".join(sorted({topic for topic, _ in unread}))
                raise KafkaUnavailable(f"{late} could not be read within {WITHIN_S:g} s")
            for message in consumer.consume(500, timeout=0.05):
                _take(message, held, unread)
        return held
    finally:
        consumer.close()


def _assign(consumer: Any, topics: Iterable[str]) -> set[Place]:
    try:
        metadata = consumer.list_topics(timeout=WITHIN_S).topics
    except KafkaException as wrong:
        raise KafkaUnavailable(f"Kafka said {wrong.args[0].name()}") from wrong
    places: set[Place] = set()
    for topic in topics:
        found = metadata.get(topic)
        if found is None or found.error is not None or not found.partitions:
            raise SchemaDrift(
                f"topic {topic} is not there; run python -m connectors.admin topics first"
            )
        places |= {(topic, partition) for partition in found.partitions}
    consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in places])
    return places


def _take(message: Any, held: dict[str, dict[bytes, bytes]], unread: set[Place]) -> None:
    error = message.error()
    if error is None:
        pairs = held[message.topic()]
        pairs.pop(message.key() or b"", None)
        if message.value() is not None:
            pairs[message.key() or b""] = message.value()
    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        unread.discard((message.topic(), message.partition()))
    elif not error.retriable():
        raise KafkaUnavailable(f"Kafka said {error.name()}")


def write_all(cluster: Cluster, values: Mapping[str, Mapping[bytes, bytes | None]]) -> None:
    """Write every pair to its topic, None to remove a key, and return when Kafka has them."""
    producer = Producer(cluster.producer(), logger=quiet)
    failed: list[str] = []

    def delivered(error: KafkaError | None, message: Any) -> None:
        if error is not None:
            failed.append(f"{message.topic()}: {error.name()}")

    for topic, pairs in values.items():
        for key, value in pairs.items():
            producer.produce(topic, value, key, on_delivery=delivered)
    left = producer.flush(WITHIN_S)
    if left or failed:
        why = failed[0] if failed else f"no answer within {WITHIN_S:g} s"
        raise KafkaUnavailable(f"{left + len(failed)} records were not written: {why}")
