"""follow-up: `deliveries.events` -> `intents.urgent`, for what is urgent and did not arrive.

It holds no message and chooses no channel: planning does, which is told by a record of kind
`fallback` under the recipient's key. Moments are its own and not the scheduler's
(docs/decisions/0016-fallbacks.md): they are held against the time of the partition that says what
arrived, so that reading late never takes what is not read yet for what did not come.
"""

from collections.abc import Iterator

from schemas import headers, keys, topics
from schemas.codec import decode, encode
from schemas.deliveries import DeliveryEvent, event_key
from schemas.errors import HouseFault, Invalid, Oversized
from schemas.reasons import Reason, Stage
from schemas.watch_state import Watch, due_at, pack_watch, unpack_watch
from streams.agents.partition_time import PartitionTime
from streams.app import App, Parts
from streams.app import build as build_app
from streams.core.follow_up import (
    LIFE_MS,
    asked,
    due,
    followed,
    given_up,
    heard,
    lapses_at,
    wish,
)
from streams.core.schedule import Agenda, Moment
from streams.kafka.batches import Batch, SourceRecord
from streams.kafka.dead_letters import dead_letter, describe, reason_of
from streams.kafka.states import States
from streams.kafka.sweep import Sweep
from streams.settings import Settings

NAMES_BYTES = 4096  # of names that a state holds many of
LOOK_AGAIN_MS = 250  # where a partition's time has not come yet


def build(settings: Settings) -> App:
    """Make the follow-up app."""
    after_ms = int(settings.fallback_s * 1000)

    def make_job(parts: Parts) -> tuple["FollowUp", States[Watch]]:
        job = FollowUp(parts, after_ms=after_ms)
        return job, job.states

    return build_app(
        "follow-up",
        settings=settings,
        sources=(topics.DELIVERIES_EVENTS,),
        table="watches",
        make_job=make_job,
    )


class FollowUp:
    """Watch what is urgent until it arrived, and ask for another channel where it does not."""

    def __init__(self, parts: Parts, *, after_ms: int, time: PartitionTime | None = None) -> None:
        self._after_ms = after_ms
        self._time = time or PartitionTime()
        self.states: States[Watch] = parts.states(self._pack, unpack_watch)
        self._store = parts.store
        self._send = parts.outputs.send
        self._sensors = parts.sensors
        self._urgent_topic = parts.names.topic(topics.INTENTS_URGENT)
        self._dead_letters_topic = parts.names.topic(topics.DEAD_LETTERS)
        self._agenda = Agenda()
        self._sweep = Sweep(parts.store)

    def _pack(self, watch: Watch) -> bytes:
        moment = due(watch, after_ms=self._after_ms)
        return pack_watch(watch, due_at=moment, lapses_at=lapses_at(watch))

    # -- batches

    def judge(self, batch: Batch) -> None:
        """Take note of every event; one that cannot be read goes to the dead letters."""
        for record in batch.records:
            try:
                self._take(record, batch.partition)
            except (HouseFault, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001 - the record's own fault, whatever it is
                self._bury(record, batch, reason=reason_of(error), error=describe(error))
        self._time.heard(batch.partition, batch.written_at)

    def quarantine(self, batch: Batch) -> None:
        """Bury records that were in flight at two crashes, unread."""
        for record in batch.records:
            self._bury(record, batch, reason=Reason.CRASHED_TWICE, error="in flight at two crashes")

    def _take(self, record: SourceRecord, partition: int) -> None:
        if record.value is None:
            raise Invalid("a record without a value")
        event = decode(DeliveryEvent, record.value)
        # Under another key it does not lie in order with the rest, so nothing follows from it.
        if record.key != event_key(event):
            return
        held = self.states.get(partition, record.key)
        # Receipts do not say of what priority they are.
        if held is None and not followed(event):
            return
        if len(record.key) + len(event.recipient) + len(event.delivery_id) > NAMES_BYTES:
            raise Oversized("ids and recipient: too long to be remembered")
        trace = headers.trace(record.headers) if record.headers else b""
        after = heard(held, event, at=record.timestamp, trace=trace)
        if after is held:
            return
        self.states.put(partition, record.key, after)
        moment = due(after, after_ms=self._after_ms)
        if moment and (held is None or moment != due(held, after_ms=self._after_ms)):
            self._agenda.add(Moment(moment, partition, record.key), urgent=True)

    def _bury(self, record: SourceRecord, batch: Batch, *, reason: Reason, error: str) -> None:
        key, value = dead_letter(
            record,
            topic=batch.topic,
            partition=batch.partition,
            stage=Stage.FALLBACK,
            reason=reason,
            error=error,
        )
        self._send(self._dead_letters_topic, key, value)
        self._sensors.dead_letter(reason)

    # -- what the clock decides

    def waiting(self) -> bool:
        """Say whether something is to be looked at."""
        return self._agenda.due(self._time.now())

    def reserve(self) -> None:
        """Ask for what is due; this checkpoint flushes it before it is noted.

        After a crash in between it is asked for once more under the same number, which planning
        knows. Lapsed states are forgotten in step with writing.
        """
        now = self._time.now()
        for moment in list(self._agenda.take(now, normal_at_most=0)):
            self._look(moment, now)
        for partition, changed in list(self.states.changed()):
            for key in self._sweep.lapsed(partition, before=now, at_most=2 * len(changed)):
                if key not in changed:
                    self.states.put(partition, key, None)

    def _look(self, moment: Moment, now: int) -> None:
        watch = self.states.get(moment.partition, moment.key)
        when = 0 if watch is None else due(watch, after_ms=self._after_ms)
        if watch is None or not when:
            return  # it arrived meanwhile, or was asked for already
        if when > self._time.of(moment.partition):
            again = Moment(max(when, now + LOOK_AGAIN_MS), moment.partition, moment.key)
            self._agenda.add(again, urgent=True)
            return
        if when < now - LIFE_MS:
            # Read once more from long ago: planning has forgotten it, and so did its recipient.
            self.states.put(moment.partition, moment.key, given_up(watch))
            return
        asking = wish(watch, moment.key, after_ms=self._after_ms)
        recipient = keys.key(asking.tenant, asking.recipient)
        traced = headers.traced(watch.trace)
        self._send(self._urgent_topic, recipient, encode(asking), headers=traced)
        self.states.put(moment.partition, moment.key, asked(watch))
        self._sensors.fallback("failed" if asking.data["failed"] else "late")

    def announce(self) -> None:
        """Say nothing afterwards: what was due is out."""

    def publish(self) -> bool:
        """Put out nothing: asking again is harmless, so it comes before the state."""
        return False

    # -- partitions

    def ready(self, partition: int) -> None:
        """Find which of the partition's states have a moment."""
        self._time.begins(partition)
        self._agenda.add_all(self._moments(partition))

    def _moments(self, partition: int) -> Iterator[tuple[Moment, bool]]:
        for key, packed in self._store.items_of(partition):
            moment = due_at(packed)
            if moment:
                yield Moment(moment, partition, key), True

    def gone(self) -> None:
        """Forget what is due: the next owner finds it in the states."""
        self._agenda.clear()
        self._sweep.gone()
        self._time.gone()
