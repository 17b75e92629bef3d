"""planning: `intents` + `intents.urgent` -> `deliveries.*` + `deliveries.events` + `decisions`.

Its states go first: what a batch leads to is kept in memory until the plans are written down,
and only then put out (docs/decisions/0012-plans-before-deliveries.md).
"""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from schemas import headers, keys, topics
from schemas.codec import decode, encode
from schemas.deliveries import Scheduled, event_key
from schemas.errors import HouseFault, Invalid, Oversized
from schemas.limits import KIB, OUTPUT_BYTES, RECORD_BYTES
from schemas.plan_state import Plan, PlanningState, pack, unpack
from schemas.reasons import DeliveryStatus, Lane, Outcome, Reason, ScheduledKind, Stage
from schemas.records import Intent
from streams.agents.people import People
from streams.agents.words_in_force import NONE_IN_FORCE, InForce, Types, follow_words
from streams.app import App, Parts, Portions
from streams.app import build as build_app
from streams.clock import now_ms
from streams.core.planning.ack_links import AckLinks
from streams.core.planning.intents import identified
from streams.core.planning.plan_draft import Alarm, Fault
from streams.core.planning.plan_retention import lapses_at
from streams.kafka.batches import Batch, SourceRecord
from streams.kafka.dead_letters import dead_letter, describe, reason_of
from streams.kafka.producer import Headers
from streams.kafka.states import States
from streams.kafka.sweep import Sweep
from streams.planning import Case, Planned, plan
from streams.settings import Settings

Look = Callable[[bytes], PlanningState | None]
Output = tuple[str, bytes, bytes, Headers | None]  # topic, key, value, headers

# DESIGN 8: a critical intent is planned within a second, whatever waits. What is fetched while it
# is written, and what was fetched before, are in its way.
PORTIONS = Portions(partition_bytes=64 * KIB, records=100)

_HELD = DeliveryStatus.HELD.value
_DROPPED = Outcome.DROPPED.value
_NO_TYPES: Types = {}


def build(settings: Settings) -> App:
    """Make the planning app, templates and types loaded."""
    jobs: list[Planning] = []

    def make_job(parts: Parts) -> tuple["Planning", States[PlanningState]]:
        people = People(settings.cluster, parts.names, stay_alive=parts.stay_alive)
        job = Planning(parts, people, AckLinks(settings.public_url, settings.link_secret))
        jobs.append(job)
        return job, job.states

    app = build_app(
        "planning",
        settings=settings,
        sources=(topics.INTENTS, topics.INTENTS_URGENT),
        table="plans",
        make_job=make_job,
        eager=True,
        portions=PORTIONS,
    )
    follow_words(settings, jobs[0].obey)
    return app


class Planning:
    """Plan intents, and put out what was planned once it is written down."""

    def __init__(self, parts: Parts, people: People, ack_links: AckLinks) -> None:
        name = parts.names.topic
        self.states: States[PlanningState] = parts.journaled_states(_pack, unpack)
        self._send = parts.outputs.send
        self._sensors = parts.sensors
        self._sweep = Sweep(parts.store)
        self._people = people
        self._ack_links = ack_links
        self._in_force: InForce = NONE_IN_FORCE
        self._urgent_topic = name(topics.INTENTS_URGENT)
        self._events_topic = name(topics.DELIVERIES_EVENTS)
        self._scheduled_topic = name(topics.SCHEDULED)
        self._decisions_topic = name(topics.DECISIONS)
        self._dead_letters_topic = name(topics.DEAD_LETTERS)
        self._delivery_topics = {way: name(topic) for way, topic in topics.DELIVERIES.items()}
        self._outbox: list[Output] = []
        # Plans by partition and key, with the step that is in the outbox, then that is published.
        self._saying: list[tuple[int, bytes, int]] = []
        self._said: list[tuple[int, bytes, int]] = []

    def obey(self, in_force: InForce) -> None:
        """Plan by these templates and types from the next batch on."""
        self._in_force = in_force

    # -- batches

    def judge(self, batch: Batch) -> None:
        """Plan every record; one that cannot be taken goes to the dead letters."""
        self._people.catch_up()
        in_force = self._in_force
        look = partial(self.states.get, batch.partition)
        for record in batch.records:
            try:
                self._take(record, batch, in_force, look)
            except (HouseFault, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001 - the record's own fault, whatever it is
                self._bury(record, batch, reason=reason_of(error), error=describe(error))

    def quarantine(self, batch: Batch) -> None:
        """Bury records that were in flight at two crashes, unread."""
        for record in batch.records:
            self._bury(record, batch, reason=Reason.CRASHED_TWICE, error="in flight at two crashes")

    def _take(self, record: SourceRecord, batch: Batch, in_force: InForce, look: Look) -> None:
        given = decode(Intent, _checked(record.value))
        urgent = batch.topic == self._urgent_topic
        intent = identified(
            given,
            topic=(topics.INTENTS_URGENT if urgent else topics.INTENTS).name,
            partition=batch.partition,
            offset=record.offset,
            timestamp=record.timestamp,
        )
        key = keys.key(intent.tenant, intent.recipient)
        if key != record.key:
            self._rekey(intent, key, record, batch)
            return
        case = Case(
            place=(int(urgent), record.offset),
            now=now_ms(),
            person=self._people.person(batch.partition, key),
            types=in_force.types.get(intent.tenant, _NO_TYPES),
            templates=in_force.templates,
            look=look,
            write=encode,
            read=_read,
            ack_links=self._ack_links,
        )
        self._apply(plan(intent, case), record, batch, key)

    def _rekey(self, intent: Intent, key: bytes, record: SourceRecord, batch: Batch) -> None:
        """Send a record once more under its recipient's key, its id settled by its first place."""
        origin = (headers.REKEYED_FROM, headers.origin(batch.partition, record.offset))
        marks = (origin, *headers.carried(record.headers))
        self._outbox.append((batch.topic, key, encode(intent), marks))
        self._sensors.rekeyed(1)

    def _apply(self, planned: Planned, record: SourceRecord, batch: Batch, key: bytes) -> None:
        # Encoded and measured before anything is changed: a record whose outputs are too large
        # goes to the dead letters and leaves no trace in the state.
        trace = (headers.carried(record.headers) or None) if record.headers else None
        outputs = self._encoded(planned, key, trace)
        partition = batch.partition
        for state_key, state in planned.states.items():
            self.states.put(partition, state_key, state)
        self._outbox += outputs
        self._saying += [(partition, said, step) for said, step in planned.said]
        for event in planned.events:
            self._sensors.planned(event.channel, event.status)
        for decision in planned.decisions:
            if decision.outcome == _DROPPED:
                self._sensors.drop(decision.stage, decision.reason)
        if planned.faults:
            self._bury_intent(planned.faults, record, batch)

    def _encoded(self, planned: Planned, key: bytes, trace: Headers | None) -> list[Output]:
        outputs: list[Output] = []
        for delivery in planned.deliveries:
            topic = self._delivery_topics[delivery.channel, delivery.lane]
            outputs.append((topic, key, encode(delivery), trace))
        events = self._events_topic
        outputs += [(events, event_key(one), encode(one), trace) for one in planned.events]
        outputs += [self._scheduled(alarm, key, trace) for alarm in planned.alarms]
        for decision in planned.decisions:
            subject = keys.key(decision.tenant, decision.subject_id)
            outputs.append((self._decisions_topic, subject, encode(decision), trace))
        for topic, _key, value, _headers in outputs:
            if len(value) > OUTPUT_BYTES:
                raise Oversized(f"{len(value)} bytes for {topic}, at most {OUTPUT_BYTES}")
        return outputs

    def _scheduled(self, alarm: Alarm, key: bytes, trace: Headers | None) -> Output:
        tenant = keys.split(key)[0]
        urgent = alarm.lane == Lane.URGENT
        item = Scheduled(
            id=alarm.id,
            kind=(ScheduledKind.CANCEL if alarm.wake is None else ScheduledKind.ITEM).value,
            due_at=alarm.due_at,
            topic=(topics.INTENTS_URGENT if urgent else topics.INTENTS).name,
            key=key,
            value=b"" if alarm.wake is None else encode(alarm.wake),
            urgent=urgent,
            tenant=tenant,
        )
        return self._scheduled_topic, keys.key(tenant, alarm.id), encode(item), trace

    def _bury_intent(self, faults: list[Fault], record: SourceRecord, batch: Batch) -> None:
        """Keep what was to be told in words that failed; a wake alone would not say it."""
        error = "; ".join(dict.fromkeys(fault.error for fault in faults))
        buried = _Buried(record, encode(faults[0].intent))
        self._bury(buried, batch, reason=faults[0].reason, error=error)

    def _bury(self, record: SourceRecord, batch: Batch, *, reason: Reason, error: str) -> None:
        key, value = dead_letter(
            record,
            topic=batch.topic,
            partition=batch.partition,
            stage=Stage.PLANNING,
            reason=reason,
            error=error,
        )
        self._outbox.append((self._dead_letters_topic, key, value, None))
        self._sensors.dead_letter(reason)

    # -- what waits for the states

    def waiting(self) -> bool:
        """Say whether plans may forget an intent that was published."""
        return bool(self._said)

    def reserve(self) -> None:
        """Let plans forget what was published, and forget lapsed states in step with writing."""
        for partition, key, step in self._said:
            known = self.states.get(partition, key)
            if isinstance(known, Plan) and known.said < step:
                self.states.put(partition, key, _published(known, step))
        self._said.clear()
        now = now_ms()
        for partition, changed in list(self.states.changed()):
            for key in self._sweep.lapsed(partition, before=now, at_most=2 * len(changed)):
                if key not in changed:
                    self.states.put(partition, key, None)

    def announce(self) -> None:
        """Say nothing more: `publish` did."""

    def publish(self) -> bool:
        """Put out what the plans that are now written down lead to."""
        if not self._outbox:
            return False
        for topic, key, value, extra in self._outbox:
            self._send(topic, key, value, headers=extra)
        self._outbox.clear()
        self._said += self._saying
        self._saying.clear()
        return True

    # -- partitions

    def ready(self, partition: int) -> None:
        """Learn of everybody in the partition before its first intent."""
        self._people.load(partition)

    def gone(self) -> None:
        """Forget what was not put out, and everybody: the next owner begins from the states."""
        self._outbox.clear()
        self._saying.clear()
        self._said.clear()
        self._people.let_go()
        self._sweep.gone()


class _Buried:
    """Stand for a record in whose place another value is buried."""

    def __init__(self, record: SourceRecord, value: bytes) -> None:
        self.offset = record.offset
        self.timestamp = record.timestamp
        self.key = record.key
        self.headers = record.headers
        self.value: bytes | None = value


def _published(known: Plan, step: int) -> Plan:
    """Note that a step is out; the intent goes where nothing waits and nothing is unsaid."""
    done = step == known.step and all(one.outcome != _HELD for one in known.channels)
    return replace(known, said=step, intent=b"" if done else known.intent)


def _pack(state: PlanningState) -> bytes:
    return pack(state, lapses_at=lapses_at(state))


def _read(raw: bytes) -> Intent:
    return decode(Intent, raw)


def _checked(value: bytes | None) -> bytes:
    if value is None:
        raise Invalid("a record without a value")
    if len(value) > RECORD_BYTES:
        raise Oversized(f"{len(value)} bytes, at most {RECORD_BYTES}")
    return value
