"""Fill an empty Redis with what is known to have been sent, before anything is sent again."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from connectors.sinks.claim import Claims
from connectors.stores.claims import LIFE_MS
from schemas.cluster import Cluster
from schemas.codec import decode
from schemas.deliveries import DeliveryEvent
from schemas.errors import KafkaUnavailable, Permanent
from schemas.reasons import FINAL, DeliveryStatus

log = structlog.get_logger("tocsin.sinks")

BATCH = 1_000
ANSWER_S = 10.0
Ranked = tuple[DeliveryEvent, int, int]


async def refill(claims: Claims, cluster: Cluster, topic: str) -> int:
    """Put back every claim of the last days from `deliveries.events`; say how many events told.

    Raises KafkaUnavailable or RedisUnavailable; doing it again, or in two processes, is harmless.
    """
    began_at = time.time_ns() // 1_000_000
    count = 0
    batches = _Batches(cluster, topic, since=began_at - LIFE_MS)
    try:
        while (batch := await asyncio.to_thread(batches.next)) is not None:
            known = list(ranked(batch, now=began_at))
            await claims.remember(known)
            count += len(known)
    finally:
        await asyncio.to_thread(batches.close)
    # Where no sink ever spoke there is nothing that could have been forgotten.
    await claims.mark_filled(began_at if count else 0)
    log.info("claims filled from events", events=count)
    return count


def ranked(values: Iterable[bytes], *, now: int) -> Iterator[Ranked]:
    """Give the steps that a sink took, each with its rank and how long it is still to be known.

    A later step of a delivery never has a lower rank; what cannot be read is passed over.
    """
    for value in values:
        try:
            event = decode(DeliveryEvent, value)
        except Permanent:
            continue
        rank = _rank(event)
        life_ms = LIFE_MS - (now - event.occurred_at)
        if rank and event.attempt > 0 and life_ms > 0:
            yield event, rank, life_ms


def _rank(event: DeliveryEvent) -> int:
    if event.status in FINAL:
        return 2_000_000
    if event.status == DeliveryStatus.SENT:
        return 1_000_000
    return event.attempt if event.status == DeliveryStatus.RETRYING else 0


class _Batches:
    """Read a topic from a moment on up to where it ends now; in one thread at a time."""

    def __init__(self, cluster: Cluster, topic: str, *, since: int) -> None:
        self._topic = topic
        self._since = since
        self._left: set[int] | None = None
        self._consumer = Consumer(
            cluster.librdkafka()
            | {
                "group.id": "none",  # the client wants one; nobody joins
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )

    def next(self) -> list[bytes] | None:
        """Give some values, or None at the end."""
        try:
            if self._left is None:
                self._left = self._begin()
            if not self._left:
                return None
            return [
                value for value in map(self._value, self._consumer.consume(BATCH, 1.0)) if value
            ]
        except KafkaException as wrong:
            raise KafkaUnavailable(f"Kafka said {wrong.args[0].name()}") from wrong

    def close(self) -> None:
        self._consumer.close()

    def _begin(self) -> set[int]:
        listed = self._consumer.list_topics(self._topic, timeout=ANSWER_S).topics[self._topic]
        if listed.error is not None:
            raise KafkaUnavailable(f"topic {self._topic}: {listed.error.name()}")
        wanted = [TopicPartition(self._topic, each, self._since) for each in listed.partitions]
        self._consumer.assign(self._consumer.offsets_for_times(wanted, timeout=ANSWER_S))
        return set(listed.partitions)

    def _value(self, message: Any) -> bytes | None:
        error = message.error()
        if error is None:
            value: bytes | None = message.value()
            return value
        if error.code() == KafkaError._PARTITION_EOF and self._left:  # noqa: SLF001
            self._left.discard(message.partition())
        return None
