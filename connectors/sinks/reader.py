"""Read one topic as a member of a group, and commit only what is finished.

Partitions come and go one by one (cooperative): what stays is read on in a rebalance. All but
`finish` runs in one thread.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from connectors.sinks.progress import Progress
from schemas.cluster import Cluster
from schemas.errors import HouseFault

log = logging.getLogger("tocsin.sinks")

COMMIT_EVERY_S = 0.5


@dataclass(slots=True)
class Stand:
    """Hold how far one partition is, in one assignment; `lost` once it is another's."""

    partition: int
    progress: Progress
    first: int | None = None
    committed: int | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Hold a message and the partition's stand to which it belongs."""

    message: Any
    stand: Stand


class Reader:
    """Give records, and commit the lowest finished offset of each partition."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        group: str,
        topic: str,
        instance_id: str = "",
        session_s: float = 10.0,
    ) -> None:
        named = {"group.instance.id": instance_id} if instance_id else {}
        self._topic = topic
        self._lock = threading.Lock()
        self._stands: dict[int, Stand] = {}
        self._held = False
        self._commit_at = 0.0
        self._consumer = Consumer(
            cluster.librdkafka()
            | {
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": int(session_s * 1000),
                "heartbeat.interval.ms": max(500, int(session_s * 300)),
                "topic.metadata.refresh.interval.ms": 5_000,
                "reconnect.backoff.max.ms": 1_000,
                "fetch.wait.max.ms": 100,
                "fetch.message.max.bytes": 4 * 1024 * 1024,
                "queued.max.messages.kbytes": 8 * 1024,
                "on_commit": self._on_commit,
            }
            | named,
            logger=log,
        )
        self._consumer.subscribe(
            [topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def read(self, *, most: int, within_s: float) -> list[Read]:
        """Give the next records as they come, or none; with `most` 0 hardly ever one."""
        self._commit_now_and_then()
        if most <= 0:
            self._hold()
        else:
            self._let_go()
        first = self._consumer.poll(within_s)
        if first is None:
            return []
        more = self._consumer.consume(most - 1, timeout=0) if most > 1 else []
        # A partition that was given to us just now is not held yet: what it gave is not lost.
        messages = [message for message in [first, *more] if not _is_error(message)]
        with self._lock:
            # What a rebalance took away in this very call is the next owner's.
            return [
                Read(message, self._begun(message))
                for message in messages
                if message.partition() in self._stands
            ]

    def finish(self, read: Read) -> None:
        """Note that nothing of a record can be lost any more; from any thread."""
        with self._lock:
            read.stand.progress.finish(read.message.offset())

    @property
    def partitions(self) -> Sequence[int]:
        """List what is read here."""
        return sorted(self._stands)

    def lags(self) -> dict[int, int]:
        """Give the records of each partition that are not finished, as far as is known."""
        lags = {}
        for partition, stand in list(self._stands.items()):
            place = TopicPartition(self._topic, partition)
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            at = stand.first if stand.committed is None else stand.committed
            if end >= 0 and at is not None:
                lags[partition] = max(0, end - at)
        return lags

    def close(self) -> None:
        """Commit what is finished and leave."""
        self._commit(self._stands, wait=True)
        self._consumer.close()

    def _begun(self, message: Any) -> Stand:
        stand = self._stands[message.partition()]
        if stand.first is None:
            stand.first = message.offset()
        stand.progress.begin(message.offset())
        return stand

    def _hold(self) -> None:
        if not self._held:
            self._held = True
            self._consumer.pause(self._consumer.assignment())

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self._consumer.resume(self._consumer.assignment())

    def _commit_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._commit_at:
            self._commit_at = now + COMMIT_EVERY_S
            self._commit(self._stands, wait=False)

    def _commit(self, stands: dict[int, Stand], *, wait: bool) -> None:
        with self._lock:
            ends = {
                partition: stand.progress.commit
                for partition, stand in stands.items()
                if stand.progress.commit is not None and stand.progress.commit != stand.committed
            }
        if not ends:
            return
        placed = [TopicPartition(self._topic, partition, end) for partition, end in ends.items()]
        try:
            if wait:
                self._consumer.commit(offsets=placed, asynchronous=False)
            else:
                self._consumer.commit(offsets=placed, asynchronous=True)
        except KafkaException as wrong:
            # Nothing is lost: what is read again finds its claim.
            log.warning("not committed: %s", wrong.args[0].str())
            return
        for partition, end in ends.items():
            stands[partition].committed = end

    def _on_commit(self, error: Any, partitions: list[Any]) -> None:
        if error is not None:
            log.warning("not committed: %s", error.str())
            for each in partitions:
                if each.partition in self._stands:
                    self._stands[each.partition].committed = None  # to be tried again

    def _assigned(self, _: Any, partitions: list[Any]) -> None:
        log.info("partitions of %s gained: %s", self._topic, _numbers(partitions))
        with self._lock:
            for each in partitions:
                self._stands[each.partition] = Stand(each.partition, Progress())
        self._held = False  # what came is not held; the next read says again

    def _revoked(self, _: Any, partitions: list[Any]) -> None:
        leaving = self._leave(partitions)
        self._commit(leaving, wait=True)

    def _lost(self, _: Any, partitions: list[Any]) -> None:
        self._leave(partitions)

    def _leave(self, partitions: list[Any]) -> dict[int, Stand]:
        log.info("partitions of %s gone: %s", self._topic, _numbers(partitions))
        with self._lock:
            leaving = {
                each.partition: self._stands.pop(each.partition)
                for each in partitions
                if each.partition in self._stands
            }
            for stand in leaving.values():
                stand.lost = True
        return leaving


def _numbers(partitions: list[Any]) -> list[int]:
    return sorted(each.partition for each in partitions)


def _is_error(message: Any) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.fatal():
        raise HouseFault(f"the group refuses this worker: {error.str()}")
    if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        log.warning("reading: %s", error.str())
    return True
