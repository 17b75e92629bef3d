"""The order in which things become durable, on which "nothing lost, nothing decided twice" hangs.

A checkpoint flushes the outputs, then writes the changed states, then gives the offsets to
Faust's commit (DESIGN section 5). What a record decides is said before it is written down,
for it can be decided again. What the clock decides is written down before it is said: either
at the next checkpoint (`reserve`, `announce`) or, where everything is, in this one (`publish`).
"""

import asyncio
from typing import Protocol

import structlog
from faust.types import TP

from streams.clock import monotonic_s
from streams.kafka.batches import Batch, is_urgent
from streams.kafka.faults import leave
from streams.kafka.in_flight import InFlight
from streams.kafka.producer import Outputs
from streams.kafka.sensors import Sensors
from streams.kafka.store import PartitionStore

CHECKPOINT_S = 0.5
CHECKPOINT_RECORDS = 20_000
TICK_S = 0.1
FEW_RECORDS = 10
# A job that says nothing before its states are written makes its readers wait for the checkpoint:
# it is made at once while the worker is idle, and under load takes this share of the time at most.
EAGER_SHARE = 0.2
URGENT_SHARE = 0.5  # as long as somebody waits for what is urgent

log = structlog.get_logger(__name__)


class Job(Protocol):
    """Say what an app does between reading and the checkpoint; nothing here ever awaits."""

    def judge(self, batch: Batch) -> None:
        """Gather, decide and apply for every record of the batch."""

    def quarantine(self, batch: Batch) -> None:
        """Send the batch's records to the dead letters unread."""

    def ready(self, partition: int) -> None:
        """Take note that the partition's states are complete and ours."""

    def gone(self) -> None:
        """Forget what was remembered of any partition beside its states."""

    def reserve(self) -> None:
        """Put into the states what the clock decides now."""

    def announce(self) -> None:
        """Say what `reserve` decided: it is written down."""

    def publish(self) -> bool:
        """Put out what had to wait for the states to be durable; say whether there was any."""

    def waiting(self) -> bool:
        """Say whether the clock has something to decide now."""


class Changed(Protocol):
    """Show what the checkpoint needs of the changed states, whatever they are."""

    def count_changed(self) -> int:
        """Count the changed keys."""

    def write(self, outputs: Outputs) -> int:
        """Hand them to the changelog."""

    def settle(self) -> None:
        """Take them as durable."""

    def abandon(self) -> None:
        """Forget them."""


class Offsets(Protocol):
    """Show what the checkpoint needs of the consumer."""

    epoch: int

    def release(self, offsets: dict[TP, int]) -> None:
        """Take offsets for the next commit."""

    def membership_lost(self) -> bool:
        """Say whether the group counts this worker out."""


class Shell:
    """Run a job's batches one at a time and make what they did durable in the right order."""

    def __init__(
        self,
        job: Job,
        *,
        outputs: Outputs,
        states: Changed,
        store: PartitionStore,
        in_flight: InFlight,
        sensors: Sensors,
        freeze_s: float,
        eager: bool = False,
    ) -> None:
        self._job = job
        self._outputs = outputs
        self._states = states
        self._store = store
        self._in_flight = in_flight
        self._sensors = sensors
        self._freeze_s = freeze_s
        self._eager = eager
        self._took_s = 0.0
        self._share = EAGER_SHARE
        self._lock = asyncio.Lock()
        self._next: dict[TP, int] = {}
        self._records = 0
        self._checkpointed_at = monotonic_s()
        # Unknown until the first batch or tick: Faust restores the tables before either.
        self._alive_at: float | None = None
        self._consumer: Offsets | None = None
        store.on_ready = job.ready

    def attach(self, consumer: Offsets) -> None:
        """Learn which consumer the offsets belong to."""
        self._consumer = consumer

    async def take(self, batch: Batch) -> None:
        """Judge a batch, unless its assignment is over."""
        self.stay_alive()
        async with self._lock:
            if self._consumer is None or batch.epoch != self._consumer.epoch:
                return
            try:
                self._in_flight.run(batch, judge=self._job.judge, quarantine=self._job.quarantine)
                self._outputs.poll()
            except Exception as error:  # noqa: BLE001 - a record's own fault never gets here
                leave("a batch could not be judged", error=error)
            self._next[TP(batch.topic, batch.partition)] = batch.last + 1
            self._records += len(batch.records)
            if is_urgent(batch.topic):
                self._share = URGENT_SHARE
            self._sensors.records_in(batch.topic, len(batch.records))
            if self._due():
                await self._checkpoint()
            elif not self._eager and len(batch.records) <= FEW_RECORDS:
                # Under load batches grow, and company comes by itself.
                await self._push()

    async def tick(self) -> None:
        """Checkpoint while no batch comes; call it every `TICK_S`."""
        self.stay_alive()
        if self._due() and not self._lock.locked():
            async with self._lock:
                await self._checkpoint()

    async def checkpoint_now(self) -> None:
        """Make everything durable that was judged so far."""
        async with self._lock:
            await self._settle()

    async def hand_over(self) -> None:
        """Make everything durable before the partitions go to another worker."""
        async with self._lock:
            await self._settle()
            self._job.gone()

    async def abandon(self) -> None:
        """Forget what was not made durable: another worker has the partitions already."""
        async with self._lock:
            self._forget()
            self._store.keep_persisted({})
            self._job.gone()

    def stay_alive(self) -> None:
        """Note that the worker is at work; leave where it was frozen since the last note."""
        # Frozen (SIGSTOP, a paused machine) for longer than the session, another worker may own
        # what we hold; writing now would overwrite its states with older ones.
        now = monotonic_s()
        frozen_s = 0.0 if self._alive_at is None else now - self._alive_at
        if frozen_s > self._freeze_s:
            leave(f"frozen for {frozen_s:.1f} s, longer than the group waits")
        self._alive_at = now

    def report_lag(self, topic: str, partition: int, records: int) -> None:
        """Pass on how far reading is behind."""
        self._sensors.lag(topic, partition, records)

    def keep_persisted(self, offsets: dict[int, int]) -> None:
        """Take note up to where the store equals its changelog."""
        self._store.keep_persisted(offsets)

    def _due(self) -> bool:
        if self._records >= CHECKPOINT_RECORDS:
            return True
        if monotonic_s() - self._checkpointed_at < self._pause_s():
            return False
        return bool(self._next) or self._states.count_changed() > 0 or self._job.waiting()

    def _pause_s(self) -> float:
        if not self._eager:
            return CHECKPOINT_S
        return min(CHECKPOINT_S, self._took_s * (1 / self._share - 1))

    async def _push(self) -> None:
        try:
            await self._outputs.push()
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing may be committed
            leave("outputs could not be handed over", error=error)

    async def _checkpoint(self) -> None:
        self._job.reserve()
        if await self._settle():
            self._job.announce()

    async def _settle(self) -> bool:
        """Flush, write, flush, release; False where the partitions were lost meanwhile."""
        started = monotonic_s()
        try:
            await self._outputs.flush()
            if self._consumer is None or self._consumer.membership_lost():
                self._forget()
                return False
            written = self._states.write(self._outputs)
            if written:
                await self._outputs.flush()
            self._states.settle()
            if self._job.publish():
                await self._outputs.flush()
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing may be committed
            leave("a checkpoint could not be made durable", error=error)
        self._consumer.release(self._next)
        self._next = {}
        self._records = 0
        self._checkpointed_at = monotonic_s()
        self._took_s = self._checkpointed_at - started
        self._share = EAGER_SHARE
        self._sensors.checkpoint(seconds=self._took_s, states=written, held=self._store.size())
        return True

    def _forget(self) -> None:
        log.warning("dropping what was not durable", records=self._records)
        self._states.abandon()
        self._job.gone()
        self._next = {}
        self._records = 0
