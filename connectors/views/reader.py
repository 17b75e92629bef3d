"""Read topics as a member of a group that keeps its offsets elsewhere."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.cluster import Cluster
from schemas.errors import HouseFault, KafkaUnavailable

log = logging.getLogger("tocsin.views")

Place = tuple[str, int]
ANSWER_S = 5.0
GATHER_S = 0.005  # a batch waits this long for company after its first record


class Reader:
    """Give batches of records; called from one thread at a time.

    The group only shares partitions out. After a rebalance `unplaced` lists what was assigned,
    and nothing of it is read before `begin` says where.
    """

    def __init__(
        self, cluster: Cluster, *, group: str, topics: Sequence[str], instance_id: str = ""
    ) -> None:
        # A member that keeps its name takes its partitions up again at once after a crash.
        named = {"group.instance.id": instance_id} if instance_id else {}
        self.unplaced: list[Place] = []
        self._consumer = Consumer(
            cluster.librdkafka()
            | {
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "range",
                "session.timeout.ms": 10_000,
                "heartbeat.interval.ms": 3_000,
                "topic.metadata.refresh.interval.ms": 5_000,
                "reconnect.backoff.max.ms": 1_000,
                "fetch.message.max.bytes": 4 * 1024 * 1024,
                "queued.max.messages.kbytes": 32 * 1024,
            }
            | named,
            logger=log,
        )
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked)

    def read(self, *, most: int, within_s: float) -> list[Any]:
        """Give the next records, as they come, or none."""
        first = self._consumer.poll(within_s)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(most - 1, timeout=GATHER_S)]
        return [message for message in messages if not _is_error(message)]

    def watermarks(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """Give the first offset that a partition holds and the next that it will."""
        try:
            return {
                place: self._consumer.get_watermark_offsets(
                    TopicPartition(*place), timeout=ANSWER_S, cached=False
                )
                for place in places
            }
        except KafkaException as wrong:
            raise KafkaUnavailable(f"Kafka said {wrong.args[0].name()}") from wrong

    def known_ends(self) -> dict[Place, int]:
        """Give the next offset of each partition that is being read, as last heard."""
        ends: dict[Place, int] = {}
        for each in self._consumer.assignment():
            _, end = self._consumer.get_watermark_offsets(each, cached=True)
            if end >= 0:
                ends[(each.topic, each.partition)] = end
        return ends

    def begin(self, offsets: Mapping[Place, int]) -> None:
        """Read what was assigned from these offsets on."""
        self.unplaced = []
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in offsets.items()])

    def note(self, offsets: Mapping[Place, int]) -> None:
        """Tell the group how far we are, for those who watch lag; nothing depends on it."""
        placed = [TopicPartition(*place, offset) for place, offset in offsets.items()]
        try:
            self._consumer.commit(offsets=placed, asynchronous=True)
        except KafkaException as wrong:
            log.debug("offsets not noted: %s", wrong)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        self.unplaced = [(each.topic, each.partition) for each in partitions]
        consumer.assign([])

    def _revoked(self, consumer: Any, _partitions: list[Any]) -> None:
        self.unplaced = []
        consumer.unassign()


def _is_error(message: Any) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.fatal():
        raise HouseFault(f"the group refuses this worker: {error.str()}")
    if error.code() == KafkaError._MAX_POLL_EXCEEDED:  # noqa: SLF001 - its public name
        log.warning("the group went on without us while the database was away; joining again")
    else:
        log.warning("reading: %s", error.str())
    return True
