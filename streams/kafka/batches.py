"""One Faust event stands for one partition's batch of records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

BATCH_RECORDS = 500


class SourceRecord(Protocol):
    """Show what a fetched record offers; aiokafka's ConsumerRecord is one."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold records of one partition in order, without a gap to the batch before.

    `epoch` counts the assignments of this worker: a batch of an older epoch is void.
    """

    topic: str
    partition: int
    records: Sequence[SourceRecord]
    epoch: int

    @property
    def first(self) -> int:
        """Give the offset of the first record."""
        return self.records[0].offset

    @property
    def last(self) -> int:
        """Give the offset of the last record."""
        return self.records[-1].offset

    @property
    def written_at(self) -> int:
        """Give the moment of the last record in milliseconds."""
        return self.records[-1].timestamp


def is_urgent(topic: str) -> bool:
    """Say whether a topic's records are read before those of others."""
    return topic.endswith((".urgent", ".commands"))
