"""Changelogs, read a Kafka batch at a time: the last value of each key, and no object a record.

A restore reads millions of records and keeps one of ten. aiokafka hands each over as a
ConsumerRecord with eleven fields, which costs four times what reading its key and value does.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException, IllegalStateError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

from streams.kafka.batches import is_urgent

# A request leaves out partitions of which something is still to be taken, and while it waits at
# the broker no other is sent: for so long a partition can go unread that was just taken from.
FETCH_WAIT_MS = 100


@dataclass(frozen=True, slots=True)
class Written:
    """Hold what one of Kafka's batches wrote; None as a value forgets the key.

    `offset` is where it begins, `next_offset` where it ends, also where the log cleaner took its
    first or last records.
    """

    values: dict[bytes, bytes | None]
    written_at: int
    next_offset: int
    offset: int


@dataclass(frozen=True, slots=True)
class ChangelogBatch:
    """Hold what one fetch brought of one changelog partition, in order.

    `epoch` counts the assignments of this worker: a batch of an older epoch is void.
    """

    partition: int
    written: Sequence[Written]
    epoch: int

    @property
    def last(self) -> int:
        """Give the offset up to which this batch tells everything."""
        return self.written[-1].next_offset - 1

    @property
    def written_at(self) -> int:
        """Give the moment of the last write in milliseconds."""
        return self.written[-1].written_at


class ChangelogRecords:
    """Stand in for aiokafka's PartitionRecords: iterate `Written`, not records."""

    def __init__(self, fetched: Any) -> None:
        self._tp = fetched._tp  # noqa: SLF001 - aiokafka offers no other way in
        self._records = fetched._records  # noqa: SLF001
        self._check_crcs = fetched._check_crcs  # noqa: SLF001
        self.next_fetch_offset: int = fetched.next_fetch_offset
        # It and its iterator hold each other, and with them a mebibyte: a restore's worth of
        # them waited for the collector.
        fetched._records_iterator = None  # noqa: SLF001
        # One for all rounds: after an error it has ended, so that nothing behind it is taken.
        self._unpacked = self._unpack()

    def __iter__(self) -> Iterator[Written]:
        return self._unpacked

    def _unpack(self) -> Iterator[Written]:
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            written = Written(
                {} if batch.is_control_batch else _values(batch, self.next_fetch_offset),
                batch.max_timestamp,
                batch.next_offset,
                max(batch.base_offset, self.next_fetch_offset),
            )
            self.next_fetch_offset = batch.next_offset
            yield written


def _values(batch: Any, first: int) -> dict[bytes, bytes | None]:
    if batch.base_offset >= first:
        values = {record.key: record.value for record in batch}
    else:
        values = {record.key: record.value for record in batch if record.offset >= first}
    values.pop(None, None)
    return values


class Fetched(OrderedDict[TopicPartition, Any]):
    """Be the fetcher's store of what it fetched; changelogs go in to come out as `Written`."""

    def __init__(self, is_changelog: Callable[[Any], bool]) -> None:
        super().__init__()
        self._is_changelog = is_changelog

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if isinstance(result, FetchResult) and self._is_changelog(tp):
            unread = result._partition_records  # noqa: SLF001
            if unread is not None and not isinstance(unread, ChangelogRecords):
                result._partition_records = ChangelogRecords(unread)  # noqa: SLF001
        super().__setitem__(tp, result)

    def urgent_first(self) -> None:
        """Let what is urgent be taken first, where not all is taken at once."""
        for tp in [tp for tp in self if is_urgent(tp.topic)]:
            self.move_to_end(tp, last=False)


class Only(Container[Any]):
    """Let these partitions be taken from, as they are at each look, and no other.

    aiokafka takes an empty set for all of them, and a rebalance empties Faust's set while a fetch
    waits: what the new assignment fetched was taken, and was nobody's.
    """

    def __init__(self, active: Container[Any]) -> None:
        self._active = active

    def __bool__(self) -> bool:
        return True

    def __contains__(self, tp: object) -> bool:
        return tp in self._active


def give_back(consumer: Any, records: Mapping[Any, Sequence[Any]]) -> None:
    """Set the partitions back to the first of the records, which nobody will judge or restore."""
    for tp, taken in records.items():
        # What is not ours any more has no position to set.
        with contextlib.suppress(IllegalStateError):
            consumer.seek(tp, taken[0].offset)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Be Faust's consumer thread, with changelogs unpacked our way.

    A fetch that a rebalance overtook gives back what it took, in the same turn of the loop in
    which it was taken: recovery waits for ever for changelog records that were dropped.
    """

    async def _fetch_records(
        self, consumer: Any, active_partitions: Any, *args: Any, **kwargs: Any
    ) -> Any:
        owner: Any = self.consumer
        epoch = owner.epoch
        self._prepare(consumer._fetcher)  # noqa: SLF001 - aiokafka offers no other way in
        only: Any = Only(active_partitions)
        records = await super()._fetch_records(consumer, only, *args, **kwargs)
        if records and (owner.epoch != epoch or not owner.flow_active):
            give_back(consumer, records)
            return {}
        return records

    def _prepare(self, fetcher: Any) -> None:
        if not isinstance(fetcher._records, Fetched):  # noqa: SLF001
            fetched = Fetched(self.consumer._is_changelog_tp)  # noqa: SLF001
            fetched.update(fetcher._records)  # noqa: SLF001
            fetcher._records = fetched  # noqa: SLF001
            fetcher._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001
        fetcher._records.urgent_first()  # noqa: SLF001
