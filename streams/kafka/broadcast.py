"""Control topics, read whole at start and followed live, by every worker for itself.

A consumer without a group: nothing is committed, and a rebalance does not touch it.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from schemas.cluster import Cluster
from schemas.errors import KafkaUnavailable

READ_S = 0.5
BATCH = 500

log = structlog.get_logger(__name__)
Contents = Mapping[str, Mapping[bytes, bytes]]  # by topic, then by key


class Broadcast:
    """Hold what compacted topics say now; `on_change` gets all of it after every change."""

    def __init__(
        self, cluster: Cluster, topics: Sequence[str], *, on_change: Callable[[Contents], None]
    ) -> None:
        self._topics = topics
        self._on_change = on_change
        self._contents: dict[str, dict[bytes, bytes]] = {topic: {} for topic in topics}
        self._stop = threading.Event()
        self._consumer = Consumer(
            cluster.librdkafka()
            | {
                "group.id": "tocsin-broadcast-unused",  # librdkafka asks for a name
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
            }
        )

    def load(self, *, within_s: float = 60.0) -> None:
        """Read every topic to its end and tell `on_change` once; then go on in a thread.

        Raises KafkaUnavailable where that took longer than `within_s`.
        """
        deadline = time.monotonic() + within_s
        ends = self._assign(deadline)
        while not self._reached(ends):
            if time.monotonic() > deadline:
                raise KafkaUnavailable(f"control topics were not read within {within_s:.0f} s")
            self._read()
        self._on_change(self._contents)
        threading.Thread(target=self._follow, name="broadcast", daemon=True).start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()

    def _assign(self, deadline: float) -> dict[tuple[str, int], int]:
        places: list[TopicPartition] = []
        ends: dict[tuple[str, int], int] = {}
        for topic in self._topics:
            for partition in self._partitions(topic, deadline):
                place = TopicPartition(topic, partition, OFFSET_BEGINNING)
                low, high = self._watermarks(place, deadline)
                ends[topic, partition] = high if high > low else 0
                places.append(place)
        self._consumer.assign(places)
        return ends

    def _watermarks(self, place: TopicPartition, deadline: float) -> tuple[int, int]:
        while True:
            try:
                return self._consumer.get_watermark_offsets(place, timeout=5)
            except KafkaException as error:
                # A topic that was just created, or whose broker just left, has no leader yet.
                if time.monotonic() > deadline:
                    raise KafkaUnavailable(
                        f"control topic {place.topic} cannot be read ({error})"
                    ) from error
            time.sleep(0.2)

    def _partitions(self, topic: str, deadline: float) -> list[int]:
        while True:
            try:
                found = self._consumer.list_topics(topic, timeout=5).topics[topic]
            except KafkaException as error:
                problem: object = error
            else:
                if found.error is None and found.partitions:
                    return sorted(found.partitions)
                problem = found.error
            if time.monotonic() > deadline:
                raise KafkaUnavailable(
                    f"control topic {topic} cannot be read ({problem}); "
                    "`python -m connectors.admin topics` creates it"
                )
            time.sleep(0.2)

    def _reached(self, ends: Mapping[tuple[str, int], int]) -> bool:
        at = {
            (place.topic, place.partition): place.offset
            for place in self._consumer.position(
                [TopicPartition(topic, partition) for topic, partition in ends]
            )
        }
        return all(at[place] >= end for place, end in ends.items() if end)

    def _read(self) -> bool:
        changed = False
        for message in self._consumer.consume(BATCH, timeout=READ_S):
            if message.error() is not None:
                log.warning("control topic", error=str(message.error()))
                continue
            key, value = message.key(), message.value()
            held = self._contents[str(message.topic())]
            if key is None:
                continue
            changed = True
            if value is None:
                held.pop(key, None)
            else:
                held[key] = value
        return changed

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                if self._read():
                    self._on_change(self._contents)
            except Exception:
                log.exception("following control topics")
                time.sleep(1.0)
        self._consumer.close()
