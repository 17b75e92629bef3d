"""Faust's aiokafka transport, made to hand over batches and to commit checkpoints only.

FAUST.md tells why each override stands here; the letters name its corrections.
"""

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, cast

import structlog
from aiokafka.structs import TopicPartition as KafkaTP
from faust.serializers.schemas import Schema
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from streams.kafka.batches import BATCH_RECORDS, Batch, SourceRecord, is_urgent
from streams.kafka.changelog import ChangelogBatch, ConsumerThread
from streams.kafka.checkpoint import Shell

SCHEME = "tocsin"
NO_GENERATION = -1

log = structlog.get_logger(__name__)


class BatchSchema(Schema[Any, Any]):
    """Pass keys and values on as they are: a value is a Batch, decoded where it is judged."""

    def compile(self, app: Any, **_kwargs: Any) -> Any:
        """Give the function that makes an event of a message."""
        create_event = app.create_event

        async def decode(message: Message, *, propagate: bool = False) -> Any:  # noqa: ARG001 - Faust awaits it
            return create_event(message.key, message.value, {}, message)

        return decode


class Consumer(driver.Consumer):
    """Yield contiguous batches of what this worker owns, and commit what was checkpointed.

    A partition yields nothing until `perform_seek` of this assignment named its first offset.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.epoch = 0
        self._expected: dict[TP, int] = {}
        self._sought_again: set[tuple[TP, int]] = set()
        self._released: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}
        self.progressed_at = time.monotonic()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _shell(self) -> Shell:
        return cast("Shell", cast("Any", self.app).shell)

    # -- reading

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Yield one message a batch, urgent topics first; its offset is the batch's last."""
        records, _active = await self._wait_next_records(timeout)
        if not records or self.should_stop:
            return
        epoch = self.epoch
        for tp in sorted(map(ensure_TP, records), key=_urgent_first):
            fetched: Any = records[cast("Any", tp)]
            if self._is_changelog_tp(tp):
                if epoch != self.epoch or not self.flow_active:
                    return
                self.progressed_at = time.monotonic()
                yield tp, self._message(tp, ChangelogBatch(tp.partition, fetched, epoch))
                continue
            for chunk in _chunks(await self._contiguous(tp, fetched), BATCH_RECORDS):
                if epoch != self.epoch or not self.flow_active:
                    return
                self._expected[tp] = chunk[-1].offset + 1
                yield tp, self._message(tp, Batch(tp.topic, tp.partition, chunk, epoch))

    async def _contiguous(self, tp: TP, fetched: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
        """Cut off what was seen, and seek back once over a hole before it is believed (c)."""
        expected = self._expected.get(tp)
        if expected is None or not fetched:
            return ()
        first = fetched[0].offset
        if first < expected:
            return [record for record in fetched if record.offset >= expected]
        if first > expected and (tp, expected) not in self._sought_again:
            self._sought_again.add((tp, expected))
            log.info(
                "seeking back over a hole",
                topic=tp.topic,
                partition=tp.partition,
                expected=expected,
                fetched=first,
            )
            await self._seek_in_thread({tp: expected})
            return ()
        self._sought_again.discard((tp, expected))
        return fetched

    def _message(self, tp: TP, batch: Batch | ChangelogBatch) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            batch.last,
            batch.written_at / 1000.0,
            0,
            [],
            None,
            cast("Any", batch),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Leave the partition active: a full stream queue already holds the reader back."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Leave the partition active, see `on_buffer_full`."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Keep no gaps: offsets come from checkpoints, not from acks (a, b)."""

    async def verify_all_partitions_active(self) -> None:
        """Leave this to the watchdog: Faust's own detector only logs, and false alarms (S6)."""

    # -- seeking

    async def perform_seek(self) -> None:
        """Seek every source partition to its committed offset, or to its start without one."""
        epoch = self.epoch
        tps = {tp for tp in self.assignment() if not self._is_changelog_tp(tp)}
        if not tps:
            return
        committed = await self._thread.call_thread(self._committed_in_thread, tps)
        missing = [tp for tp in tps if committed[tp] is None]
        earliest = await self.earliest_offsets(*missing) if missing else {}
        start = {
            tp: committed[tp] if committed[tp] is not None else earliest[cast("Any", tp)]
            for tp in tps
        }
        await self._seek_in_thread(start)
        if epoch != self.epoch:
            return
        self._expected = dict(start)
        self._sought_again.clear()
        self._committed = {tp: offset for tp, offset in committed.items() if offset is not None}
        self._read_offset.update(dict.fromkeys(tps, None))
        self.progressed_at = time.monotonic()
        log.info(
            "partitions ready",
            epoch=epoch,
            offsets={f"{t}/{p}": o for (t, p), o in sorted(start.items())},
        )

    async def _committed_in_thread(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        consumer = self._thread._ensure_consumer()  # noqa: SLF001 - the driver has no other way
        return {tp: await consumer.committed(KafkaTP(*tp)) for tp in tps}

    async def _seek_in_thread(self, offsets: Mapping[TP, int]) -> None:
        async def seek() -> None:
            consumer = self._thread._ensure_consumer()  # noqa: SLF001
            for tp, offset in offsets.items():
                consumer.seek(KafkaTP(*tp), offset)

        await self._thread.call_thread(seek)

    # -- committing

    def release(self, offsets: Mapping[TP, int]) -> None:
        """Give offsets (of the next record to read) to Faust's commit: their checkpoint is done."""
        self._released.update(offsets)
        self.progressed_at = time.monotonic()

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        """Commit what was released and is still ours; what is refused is offered again."""
        self._acked.clear()
        self._acked_index.clear()
        ours = self.assignment()
        due = {
            tp: offset
            for tp, offset in self._released.items()
            if tp in ours and self._committed.get(tp) != offset
        }
        if not due:
            return False
        done = await self._commit(due)
        if done:
            self._committed.update(due)
        return done

    async def wait_empty(self) -> None:
        """Finish the checkpoint and commit it: nothing else is under way between batches."""
        await self._shell.checkpoint_now()
        await self.commit()

    # -- assignments

    def membership_lost(self) -> bool:
        """Say whether the group already counts this worker out."""
        consumer = self._thread._consumer  # noqa: SLF001
        return consumer is None or consumer._coordinator.generation == NO_GENERATION  # noqa: SLF001

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Checkpoint and commit before the partitions go; forget it all where they went already."""
        lost = self.membership_lost()
        log.info("partitions revoked", epoch=self.epoch, count=len(revoked), lost=lost)
        # Before the first await: from here on every batch under way is void.
        self.epoch += 1
        self.progressed_at = time.monotonic()
        self.stop_flow()
        if lost:
            await self._shell.abandon()
        else:
            await self._shell.hand_over()
            await self.commit()
            await self._keep_persisted(revoked)
        self._expected.clear()
        self._released.clear()
        self._committed.clear()
        await super().on_partitions_revoked(revoked)

    async def _keep_persisted(self, revoked: set[TP]) -> None:
        # After the hand-over the store equals its changelog up to here; partitions that come
        # back to us are then read on from this place, and not from the beginning (T6).
        changelogs = [tp for tp in revoked if self._is_changelog_tp(tp)]
        if changelogs:
            ends = await self.highwaters(*changelogs)
            self._shell.keep_persisted({tp.partition: end - 1 for tp, end in ends.items()})

    def lag(self) -> dict[TP, int]:
        """Count, by source partition, the records that are not read yet."""
        behind = {}
        for tp, expected in list(self._expected.items()):
            end = self.highwater(tp)
            if end is not None:
                behind[tp] = max(0, end - expected)
        return behind

    def restoring(self) -> bool:
        """Say whether states are being restored."""
        return bool(self.app.in_recovery)

    def uncommitted(self) -> bool:
        """Say whether records were read whose offsets are not committed."""
        return any(self._committed.get(tp, 0) < offset for tp, offset in self._expected.items())


class Transport(driver.Transport):
    """Be Faust's aiokafka transport with our Consumer."""

    Consumer = Consumer
    driver_version = f"tocsin on {driver.Transport.driver_version}"


def register() -> None:
    """Make `tocsin://host:port` a broker address that Faust knows."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"


def _urgent_first(tp: TP) -> tuple[bool, str, int]:
    return (not is_urgent(tp.topic), tp.topic, tp.partition)


def _chunks(records: Sequence[SourceRecord], size: int) -> Iterable[Sequence[SourceRecord]]:
    if len(records) <= size:
        return (records,) if records else ()
    return (records[at : at + size] for at in range(0, len(records), size))
