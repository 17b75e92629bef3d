"""Topics that are their own changelogs, followed for the partitions that are ours.

A partition is read to its end before the first record that needs it is judged, and followed by a
thread from there. What the thread reads waits until it is asked for, between two batches.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from schemas.cluster import Cluster
from schemas.errors import HouseFault
from streams.clock import monotonic_s

WITHIN_S = 120.0
READ_S = 0.05
FOLLOW_S = 0.1
BATCH = 2_000

log = structlog.get_logger(__name__)
OnRecord = Callable[[int, str, bytes, bytes | None], None]  # partition, topic, key, value


@dataclass(frozen=True, slots=True)
class _Order:
    """Tell the thread to follow these places, or (none) to let all go."""

    epoch: int
    places: tuple[TopicPartition, ...]


class Followed:
    """Hand over the records of some topics, partition by partition, and their changes.

    `on_record` is only ever called in the thread of the caller of `load` and `catch_up`.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: Sequence[str],
        *,
        on_record: OnRecord,
        stay_alive: Callable[[], None],
    ) -> None:
        self._topics = topics
        self._on_record = on_record
        self._stay_alive = stay_alive
        self._epoch = 0
        self._changes: deque[tuple[int, Message]] = deque()
        self._orders: SimpleQueue[_Order] = SimpleQueue()
        self._stop = threading.Event()
        self._reader = _consumer(cluster)
        self._follower = _consumer(cluster)
        threading.Thread(target=self._follow, name="followed", daemon=True).start()

    def load(self, partition: int) -> None:
        """Hand over all that the topics hold in this partition, then follow it.

        Raises HouseFault where that cannot be read.
        """
        deadline = monotonic_s() + WITHIN_S
        unread = dict.fromkeys(self._topics, OFFSET_BEGINNING)
        self._reader.assign([TopicPartition(topic, partition, at) for topic, at in unread.items()])
        ends: list[TopicPartition] = []
        while unread:
            self._stay_alive()
            if monotonic_s() > deadline:
                raise HouseFault(f"{', '.join(unread)} were not read within {WITHIN_S:.0f} s")
            for message in self._reader.consume(BATCH, timeout=READ_S):
                topic, error = str(message.topic()), message.error()
                if error is None:
                    self._hand_over(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    if unread.pop(topic, None) is not None:
                        ends.append(TopicPartition(topic, partition, message.offset() or 0))
                elif not error.retriable():
                    raise HouseFault(f"{topic}/{partition} cannot be read: {error}")
        self._reader.unassign()
        self._orders.put(_Order(self._epoch, tuple(ends)))

    def catch_up(self) -> None:
        """Hand over what has changed since; cheap where nothing did."""
        while self._changes:
            epoch, message = self._changes.popleft()
            if epoch == self._epoch:
                self._hand_over(message)

    def let_go(self) -> None:
        """Follow nothing any more."""
        self._epoch += 1
        self._changes.clear()
        self._orders.put(_Order(self._epoch, ()))

    def close(self) -> None:
        """End the thread."""
        self._stop.set()

    def _hand_over(self, message: Message) -> None:
        key, partition = message.key(), message.partition()
        if key is not None and partition is not None:
            self._on_record(partition, str(message.topic()), key, message.value())

    def _follow(self) -> None:
        epoch = 0
        while not self._stop.is_set():
            try:
                epoch = self._obey(epoch)
                for message in self._follower.consume(BATCH, timeout=FOLLOW_S):
                    error = message.error()
                    if error is None:
                        self._changes.append((epoch, message))
                    elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                        log.warning("followed topic", error=str(error))
            except Exception:
                log.exception("following topics")
                self._stop.wait(1.0)
        self._follower.close()

    def _obey(self, epoch: int) -> int:
        while True:
            try:
                order = self._orders.get_nowait()
            except Empty:
                return epoch
            if order.places:
                self._follower.incremental_assign(list(order.places))
            else:
                self._follower.unassign()
            epoch = order.epoch


def _consumer(cluster: Cluster) -> Consumer:
    return Consumer(
        cluster.librdkafka()
        | {
            "group.id": "tocsin-followed-unused",  # librdkafka asks for a name
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,  # the end of a partition is what is waited for
            "allow.auto.create.topics": False,
        }
    )
