"""triage: `alerts.raw` + `alerts.commands` -> `alerts.changes` + `intents` + `decisions`."""

from collections.abc import Mapping

from msgspec.structs import replace

from schemas import headers, keys, topics
from schemas.codec import decode, encode
from schemas.errors import HouseFault, Invalid, Oversized
from schemas.identity import Identities
from schemas.limits import RECORD_BYTES
from schemas.reasons import Reason, Stage
from schemas.records import AlertCommand, RawAlert
from schemas.state import AlertState, pack_alert, unpack_alert
from streams import pipeline
from streams.agents import marks
from streams.agents.repeats import Repeats
from streams.agents.rules_in_force import follow_rules
from streams.agents.voice import Voice
from streams.agents.wakes import Wakes
from streams.app import App, Parts
from streams.app import build as build_app
from streams.clock import monotonic_s
from streams.core.triage.moments import timed_out
from streams.core.triage.rules import Rules, compile_rules
from streams.core.triage.stage import COMMAND, RAW, Place, Verdict
from streams.kafka.batches import Batch, SourceRecord
from streams.kafka.dead_letters import dead_letter, describe, reason_of
from streams.kafka.states import States
from streams.kafka.sweep import Sweep
from streams.settings import Settings

# Under this key, which no tenant can have, lies how far a partition's commands are carried out.
CARRIED_OUT = b"carried-out"


def build(settings: Settings) -> App:
    """Make the triage app, its rules loaded."""
    jobs: list[Triage] = []

    def make_job(parts: Parts) -> tuple["Triage", States[AlertState]]:
        job = Triage(parts)
        jobs.append(job)
        return job, job.states

    app = build_app(
        "triage",
        settings=settings,
        sources=(topics.ALERTS_RAW, topics.ALERTS_COMMANDS),
        table="alerts",
        make_job=make_job,
    )
    follow_rules(settings, jobs[0].obey)
    return app


class Triage:
    """Judge raw alerts and commands, and put out what the stages decided."""

    def __init__(self, parts: Parts) -> None:
        name = parts.names.topic
        self.states: States[AlertState] = parts.states(_pack, unpack_alert)
        self._send = parts.outputs.send
        self._sensors = parts.sensors
        self._voice = Voice(parts.names, parts.outputs, parts.sensors)
        self._store = parts.store
        self._sweep = Sweep(parts.store)
        self._raw_topic = name(topics.ALERTS_RAW)
        self._command_topic = name(topics.ALERTS_COMMANDS)
        self._dead_letters_topic = name(topics.DEAD_LETTERS)
        self._rules = compile_rules([], [], [])
        self._identities = Identities()
        self._repeats = Repeats(self.states, parts.store, say=self._voice.change)
        self._wakes = Wakes(parts.names, parts.store, send=self._send)

    def obey(self, rules: Rules, identities: Identities) -> None:
        """Judge by these rules from the next batch on."""
        self._rules = rules
        self._identities = identities

    # -- batches

    def judge(self, batch: Batch) -> None:
        """Judge every record; one that cannot be taken goes to the dead letters."""
        take = self._take_raw if batch.topic == self._raw_topic else self._take_command
        partition, rules = batch.partition, self._rules
        now_s = monotonic_s()
        for record in batch.records:
            try:
                take(record, partition, rules, now_s)
            except (HouseFault, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001 - the record's own fault, whatever it is
                self._bury(record, batch, reason=reason_of(error), error=describe(error))
        self._voice.hand_over()
        self._wakes.heard(partition, batch.records[-1].timestamp)

    def quarantine(self, batch: Batch) -> None:
        """Bury records that were in flight at two crashes, unread."""
        for record in batch.records:
            self._bury(record, batch, reason=Reason.CRASHED_TWICE, error="in flight at two crashes")

    def _bury(self, record: SourceRecord, batch: Batch, *, reason: Reason, error: str) -> None:
        key, value = dead_letter(
            record,
            topic=batch.topic,
            partition=batch.partition,
            stage=Stage.TRIAGE,
            reason=reason,
            error=error,
        )
        self._send(self._dead_letters_topic, key, value)
        self._sensors.dead_letter(reason)

    def _take_raw(self, record: SourceRecord, partition: int, rules: Rules, now_s: float) -> None:
        given = record.headers
        marked, origin, ordered, trace = marks.read(given) if given else marks.NONE
        self._voice.trace = trace
        if ordered is not None:
            self._carry_out(record, partition, ordered, rules, now_s)
            return
        raw = decode(RawAlert, _checked(record.value))
        key = record.key
        if marked and key is not None:
            tenant, fingerprint = keys.split(key)
            marked = tenant == raw.tenant
        if not marked or key is None:
            fingerprint = self._identities.fingerprint(raw)
            right = keys.key(raw.tenant, fingerprint)
            if key != right:
                self._rekey(raw, right, record, partition)
                return
            key = right
        state = self.states.get(partition, key)
        offset, timestamp = record.offset, record.timestamp
        if state is not None and origin is None:
            more = pipeline.counted(
                raw, offset=offset, timestamp=timestamp, state=state, rules=rules
            )
            if more is not None:
                self._keep(more, state, key, partition, now_s)
                return
        place = Place(RAW, partition, offset, timestamp, origin)
        verdict = pipeline.triage(
            raw, fingerprint=fingerprint, place=place, state=state, rules=rules
        )
        self._apply(verdict, state, key, partition, now_s)

    def _rekey(self, raw: RawAlert, key: bytes, record: SourceRecord, partition: int) -> None:
        """Send a record once more under the key that its fingerprint names."""
        if not raw.occurred_at:
            raw = replace(raw, occurred_at=record.timestamp)
        self._send(
            self._raw_topic,
            key,
            encode(raw),
            headers=(
                (headers.FINGERPRINTED, self._identities.mark),
                (headers.REKEYED_FROM, headers.origin(partition, record.offset)),
                *headers.carried(record.headers),
            ),
            timestamp=record.timestamp,
        )
        self._sensors.rekeyed(1)

    def _take_command(self, record: SourceRecord, partition: int, *_of_raw: object) -> None:
        """Give a command its place among the raw alerts, where it is then carried out.

        Two topics have no common order: read again after a crash, a command and an alert could
        change places and be numbered differently (docs/decisions/0003-one-order.md).
        """
        ordered = decode(AlertCommand, _checked(record.value))
        key = keys.key(ordered.tenant, ordered.fingerprint)
        trace, at = headers.carried(record.headers), record.timestamp
        if key == record.key:
            place = (headers.COMMAND, headers.origin(partition, record.offset))
            self._send(self._raw_topic, key, _checked(record.value), headers=(place, *trace))
        else:
            self._send(self._command_topic, key, encode(ordered), headers=trace, timestamp=at)
            self._sensors.rekeyed(1)

    def _carry_out(
        self,
        record: SourceRecord,
        partition: int,
        origin: tuple[int, int],
        rules: Rules,
        now_s: float,
    ) -> None:
        # A copy that a crash made must not meet an alert that the first one did not find yet.
        carried_out = self.states.get(partition, CARRIED_OUT) or AlertState()
        if origin[1] <= carried_out.command_offset:
            return
        self.states.put(partition, CARRIED_OUT, replace(carried_out, command_offset=origin[1]))
        ordered = decode(AlertCommand, _checked(record.value))
        key = keys.key(ordered.tenant, ordered.fingerprint)
        place = Place(COMMAND, partition, origin[1], record.timestamp, sequenced_at=record.offset)
        state = self.states.get(partition, key)
        verdict = pipeline.command(ordered, place=place, state=state, rules=rules)
        self._apply(verdict, state, key, partition, now_s)

    def _apply(
        self, verdict: Verdict, before: AlertState | None, key: bytes, partition: int, now_s: float
    ) -> None:
        # Encoded and measured before anything is changed: a record whose outputs are too large
        # goes to the dead letters and leaves no trace in the state.
        said = verdict.changes or verdict.decisions or verdict.wake_at
        outputs = self._voice.encoded(verdict, key) if said else []
        state = verdict.state
        if verdict.wake_at and state is not None:
            outputs.append(self._wakes.scheduled(key, at=verdict.wake_at, priority=state.priority))
        if state is not before:
            self._keep(state, before, key, partition, now_s)
            self._wakes.note(partition, key, state)
        if said:
            self._voice.keep(verdict, outputs)

    def _keep(
        self,
        state: AlertState | None,
        before: AlertState | None,
        key: bytes,
        partition: int,
        now_s: float,
    ) -> None:
        self.states.put(partition, key, state)
        # A count that was ahead before is waiting to be said already.
        if (
            state is not None
            and state.count > state.said_count
            and (before is None or before.count <= before.said_count)
        ):
            self._repeats.note(partition, key, now_s)

    # -- what the clock decides

    def waiting(self) -> bool:
        """Say whether a count is due to be said, or there are alerts to look at."""
        return self._repeats.waiting() or self._wakes.waiting(self._rules)

    def reserve(self) -> None:
        """Decide which counts are said next, and look at alerts of which nobody speaks."""
        self._repeats.reserve()
        self._wakes.lift(self._rules)
        changed = dict(self.states.changed())
        idle = self._wakes.looks()
        for partition in self._store.partitions():
            looks = max(2 * len(changed.get(partition, ())), idle)
            if looks:
                self._look(partition, changed.get(partition, {}), at_most=looks)

    def _look(
        self, partition: int, changed: Mapping[bytes, AlertState | None], *, at_most: int
    ) -> None:
        # In step with writing, so that nothing piles up; what timed out is ended before it goes.
        before = self._wakes.time_of(partition)
        for key in self._sweep.lapsed(partition, before=before, at_most=at_most):
            if key in changed:
                continue
            state = self.states.get(partition, key)
            if state is not None and timed_out(state, at=before):
                self._wakes.order_end(partition, key, at=before)
            elif state is None or pipeline.lapses_at(state) < before:
                self.states.put(partition, key, None)

    def announce(self) -> None:
        """Say the counts that were written down."""
        self._repeats.announce()

    def publish(self) -> bool:
        """Put out nothing: what a record decides is said before it is written down."""
        return False

    # -- partitions

    def ready(self, partition: int) -> None:
        """Find what a former owner had yet to say."""
        self._repeats.ready(partition)
        self._wakes.ready(partition)

    def gone(self) -> None:
        """Forget what was to be said: the next owner finds it in the states."""
        self._repeats.gone()
        self._wakes.gone()
        self._sweep.gone()


def _pack(state: AlertState) -> bytes:
    return pack_alert(state, lapses_at=pipeline.lapses_at(state))


def _checked(value: bytes | None) -> bytes:
    if value is None:
        raise Invalid("a record without a value")
    if len(value) > RECORD_BYTES:
        raise Oversized(f"{len(value)} bytes, at most {RECORD_BYTES}")
    return value
