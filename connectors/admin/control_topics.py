"""Read a compacted topic whole, and write to it until Kafka has all of it."""

import time
from collections.abc import Mapping
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


def read_whole(cluster: Cluster, topic: str) -> dict[bytes, bytes]:
    """Give the last value of every key that was not removed."""
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
    try:
        unread = _assign(consumer, topic)
        held: dict[bytes, bytes] = {}
        deadline = time.monotonic() + WITHIN_S
        while unread:
            if time.monotonic() > deadline:
                raise KafkaUnavailable(f"{topic} could not be read within {WITHIN_S:g} s")
            for message in consumer.consume(500, timeout=0.2):
                _take(message, held, unread)
        return held
    finally:
        consumer.close()


def _assign(consumer: Any, topic: str) -> set[int]:
    try:
        metadata = consumer.list_topics(topic, timeout=WITHIN_S).topics[topic]
    except KafkaException as wrong:
        raise KafkaUnavailable(f"Kafka said {wrong.args[0].name()}") from wrong
    if metadata.error is not None or not metadata.partitions:
        raise SchemaDrift(
            f"topic {topic} is not there; run python -m connectors.admin topics first"
        )
    consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in metadata.partitions])
    return set(metadata.partitions)


def _take(message: Any, held: dict[bytes, bytes], unread: set[int]) -> None:
    error = message.error()
    if error is None:
        held.pop(message.key() or b"", None)
        if message.value() is not None:
            held[message.key() or b""] = message.value()
    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        unread.discard(message.partition())
    elif not error.retriable():
        raise KafkaUnavailable(f"Kafka said {error.name()}")


def write_all(cluster: Cluster, topic: str, values: Mapping[bytes, bytes | None]) -> None:
    """Write every pair, None to remove a key, and return when Kafka has them."""
    producer = Producer(cluster.producer(), logger=quiet)
    failed: list[str] = []

    def delivered(error: KafkaError | None, _: Any) -> None:
        if error is not None:
            failed.append(error.name())

    for key, value in values.items():
        producer.produce(topic, value, key, on_delivery=delivered)
    left = producer.flush(WITHIN_S)
    if left or failed:
        why = failed[0] if failed else f"no answer within {WITHIN_S:g} s"
        raise KafkaUnavailable(f"{topic}: {left + len(failed)} records were not written: {why}")
