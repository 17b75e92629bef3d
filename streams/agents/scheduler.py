"""scheduler: `scheduled` -> any topic that may be woken.

The one mechanism for delay. An item that fired is forgotten after the record it became is
flushed; a crash in between fires it once more, and who is woken judges by his own state.
"""

from collections.abc import Iterator

from schemas import headers, keys, topics
from schemas.codec import decode
from schemas.deliveries import Scheduled
from schemas.errors import HouseFault, Invalid
from schemas.plan_state import Pending, pack_pending, unpack_pending
from schemas.reasons import Reason, Stage
from streams.app import App, Parts
from streams.app import build as build_app
from streams.clock import monotonic_s, now_ms
from streams.core.schedule import OVERDUE_PER_S, Agenda, Moment, pending
from streams.kafka.batches import Batch, SourceRecord
from streams.kafka.dead_letters import dead_letter, describe, reason_of
from streams.kafka.states import States
from streams.settings import Settings


def build(settings: Settings) -> App:
    """Make the scheduler app."""

    def make_job(parts: Parts) -> tuple["Scheduler", States[Pending]]:
        job = Scheduler(parts)
        return job, job.states

    return build_app(
        "scheduler",
        settings=settings,
        sources=(topics.SCHEDULED,),
        table="pending",
        make_job=make_job,
        eager=True,
    )


class Scheduler:
    """Keep items until they are due, and put out the records that they carry."""

    def __init__(self, parts: Parts) -> None:
        self.states: States[Pending] = parts.states(pack_pending, unpack_pending)
        self._store = parts.store
        self._send = parts.outputs.send
        self._sensors = parts.sensors
        self._names = {name: parts.names.topic(topic) for name, topic in topics.WAKEABLE.items()}
        self._dead_letters_topic = parts.names.topic(topics.DEAD_LETTERS)
        self._agenda = Agenda()
        self._paced_at = monotonic_s()

    # -- batches

    def judge(self, batch: Batch) -> None:
        """Take note of every item; one that cannot be taken goes to the dead letters."""
        for record in batch.records:
            try:
                self._take(record, batch.partition)
            except (HouseFault, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001 - the record's own fault, whatever it is
                self._bury(record, batch, reason=reason_of(error), error=describe(error))

    def quarantine(self, batch: Batch) -> None:
        """Bury records that were in flight at two crashes, unread."""
        for record in batch.records:
            self._bury(record, batch, reason=Reason.CRASHED_TWICE, error="in flight at two crashes")

    def _take(self, record: SourceRecord, partition: int) -> None:
        if record.value is None or record.key is None:
            raise Invalid("a record without a value or a key")
        item = decode(Scheduled, record.value)
        if record.key != keys.key(item.tenant, item.id):
            raise Invalid(f"key: {record.key[:80]!r} is not tenant:id of the item")
        held = self.states.get(partition, record.key)
        trace = headers.trace(record.headers) if record.headers else b""
        after = pending(item, held, offset=record.offset, trace=trace)
        if after is held:
            return
        self.states.put(partition, record.key, after)
        if after is not None:
            self._agenda.add(Moment(after.due_at, partition, record.key), urgent=after.urgent)

    def _bury(self, record: SourceRecord, batch: Batch, *, reason: Reason, error: str) -> None:
        key, value = dead_letter(
            record,
            topic=batch.topic,
            partition=batch.partition,
            stage=Stage.SCHEDULER,
            reason=reason,
            error=error,
        )
        self._send(self._dead_letters_topic, key, value)
        self._sensors.dead_letter(reason)

    # -- what the clock decides

    def waiting(self) -> bool:
        """Say whether an item is due."""
        return self._agenda.due(now_ms())

    def reserve(self) -> None:
        """Put out what is due; this checkpoint flushes it before the items are forgotten."""
        started = monotonic_s()
        allowed = int(min(started - self._paced_at, 1.0) * OVERDUE_PER_S) + 1
        self._paced_at = started
        for moment in self._agenda.take(now_ms(), normal_at_most=allowed):
            item = self.states.get(moment.partition, moment.key)
            if item is None or item.due_at != moment.due_at:
                continue  # it was cancelled, moved, or put out already
            topic, traced = self._names[item.topic], headers.traced(item.trace)
            self._send(topic, item.key, item.value, headers=traced)
            self.states.put(moment.partition, moment.key, None)
            self._sensors.fired(item.topic)

    def announce(self) -> None:
        """Say nothing afterwards: what was due is out."""

    def publish(self) -> bool:
        """Put out nothing: firing again is harmless, so it comes before the state."""
        return False

    # -- partitions

    def ready(self, partition: int) -> None:
        """Find what the partition's items wait for."""
        self._agenda.add_all(self._moments(partition))

    def _moments(self, partition: int) -> Iterator[tuple[Moment, bool]]:
        for key, packed in self._store.items_of(partition):
            due_at = int.from_bytes(packed[1:9], "big")
            yield Moment(due_at, partition, key), bool(packed[0])

    def gone(self) -> None:
        """Forget what is due: the next owner finds it in the states."""
        self._agenda.clear()
