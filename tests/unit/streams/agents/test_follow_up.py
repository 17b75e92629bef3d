"""Follow-up asks in time, never early for what it has not read yet, and after a crash the same."""

from dataclasses import dataclass, field
from typing import Any, cast

from schemas.codec import decode, encode
from schemas.deliveries import DeliveryEvent, event_key
from schemas.fallback import read
from schemas.headers import TRACEPARENT, Headers
from schemas.records import DeadLetter, Intent, Record
from schemas.topics import Names
from streams.agents.follow_up import FollowUp
from streams.agents.partition_time import BEGINS_S, SILENT_S, PartitionTime
from streams.app import Parts
from streams.core.follow_up import LIFE_MS
from streams.kafka.batches import Batch
from streams.kafka.sensors import Sensors
from streams.kafka.states import States
from tests.builders import NOON
from tests.unit.streams.kafka.test_store import a_store

AFTER_MS = 60_000


def event(status: str, intent: str = "i1", **fields: Any) -> DeliveryEvent:
    """State a step of a push that is urgent."""
    given: dict[str, Any] = {
        "delivery_id": f"push-{intent}",
        "intent_id": intent,
        "recipient": "ann",
        "channel": "push",
        "status": status,
        "priority": 2,
        "attempt": 1,
    }
    return DeliveryEvent(**(given | fields))


@dataclass
class Told:
    """Hold a record as it lies on Kafka."""

    value: bytes | None
    key: bytes | None
    timestamp: int
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Worker:
    """Run the job as the shell does, the clock and what was put out in hand."""

    store: Any = field(default_factory=a_store)
    now: int = NOON
    sent: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    traces: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = PartitionTime(clock=lambda: self.now, monotonic=lambda: self.now / 1000)
        parts = Parts(
            names=Names(),
            outputs=cast("Any", self),
            store=self.store,
            sensors=Sensors("follow-up"),
            states=lambda pack, unpack: States(self.store, changelog="c", pack=pack, unpack=unpack),
            journaled_states=cast("Any", None),
            stay_alive=lambda: None,
        )
        self.job = FollowUp(parts, after_ms=AFTER_MS, time=self.time)
        self.job.ready(0)
        self.passes(BEGINS_S)

    def send(self, topic: str, key: bytes, value: bytes, *, headers: Headers | None = None) -> None:
        """Put out, as the producer does."""
        self.sent.append((topic, key, value))
        self.traces += [value for _, value in headers or ()]

    def send_to(self, *changelog: object) -> None:
        """Write the changelog, as the producer does."""

    def passes(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += round(seconds * 1000)

    def hears(self, *events: DeliveryEvent | Told, at: int = 0) -> None:
        """Read a batch of events that Kafka took at a moment, now if none is given."""
        records = [
            one if isinstance(one, Told) else Told(encode(one), event_key(one), at or self.now)
            for one in events
        ]
        self.job.judge(Batch("deliveries.events", 0, cast("Any", records), 1))

    def checkpoints(self) -> None:
        """Make everything durable."""
        self.job.reserve()
        self.job.states.write(cast("Any", self))
        self.job.states.settle()
        self.job.announce()

    def all_of(self, topic: str, kind: type[Record]) -> list[Any]:
        """Give what was put out."""
        return [decode(kind, value) for name, _, value in self.sent if name == topic]

    @property
    def wishes(self) -> list[tuple[str, int]]:
        """Give the wishes for a fallback: of which intent, and which number."""
        asked = self.all_of("intents.urgent", Intent)
        return [(each.id, read(each.data).number) for each in asked]


def test_what_does_not_arrive_within_a_minute_is_asked_for() -> None:
    """To the recipient's planning, once."""
    worker = Worker()
    worker.hears(event("queued"))
    worker.passes(AFTER_MS / 1000 - 0.1)
    worker.checkpoints()
    assert [] == worker.wishes
    worker.passes(0.1)
    assert worker.job.waiting()
    worker.checkpoints()
    worker.passes(300)
    worker.checkpoints()
    assert [("i1", 1)] == worker.wishes
    assert b"default:ann" == worker.sent[0][1]


def test_what_arrived_is_not() -> None:
    """Nor is what may wait, nor what lies under a key that is not its own."""
    worker = Worker()
    worker.hears(event("queued"), event("sent"), event("queued", "i2", priority=1))
    worker.hears(Told(encode(event("queued", "i3")), b"default:elsewhere", NOON))
    worker.passes(300)
    worker.checkpoints()
    assert [] == worker.wishes


def test_receipts_count_though_they_do_not_say_how_urgent_it_was() -> None:
    """A bounce asks for another channel, and a late yes for none; others are none of ours."""
    worker = Worker()
    receipt: dict[str, Any] = {"priority": 1, "lane": "normal"}
    worker.hears(event("queued"), event("sent"), event("queued", "i2"))
    worker.hears(event("failed", corrects="sent", **receipt), event("delivered", "i2", **receipt))
    worker.hears(event("failed", "i3", corrects="sent", **receipt))
    worker.passes(300)
    worker.checkpoints()
    assert [("i1", 1)] == worker.wishes
    assert 2 == worker.store.size()


def test_a_fallback_belongs_to_the_trace_of_what_it_stands_in_for() -> None:
    """Who looks for a request finds the message on the other channel too."""
    trace = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
    first = Told(encode(event("queued")), b"default:i1", NOON, headers=((TRACEPARENT, trace),))
    worker = Worker()
    worker.hears(first, event("queued", "i2"))
    worker.checkpoints()
    worker.passes(300)
    worker.checkpoints()
    assert (2, [trace]) == (len(worker.wishes), worker.traces)


def test_reading_late_is_no_reason_to_ask() -> None:
    """A worker that is an hour behind does not take what it has not read for what did not come."""
    worker = Worker()
    long_ago = worker.now - 3_600_000
    worker.hears(event("queued"), event("queued", "i2"), at=long_ago)
    worker.checkpoints()
    assert [] == worker.wishes
    worker.hears(event("sent"), at=long_ago + 2_000)
    worker.checkpoints()
    assert [] == worker.wishes
    worker.passes(SILENT_S)
    worker.checkpoints()
    assert [("i2", 1)] == worker.wishes


def test_what_is_read_again_from_long_ago_is_let_be() -> None:
    """A group that lost its offsets reads a month, and asks for nothing of it."""
    worker = Worker()
    worker.hears(event("queued"), event("failed"), at=worker.now - 2 * LIFE_MS)
    worker.checkpoints()
    worker.passes(300)
    worker.checkpoints()
    assert [] == worker.wishes
    (packed,) = (packed for _, packed in worker.store.items_of(0))
    assert 0 == packed[0], "it can be forgotten"


def test_after_a_crash_the_same_is_asked_again() -> None:
    """A wish that was put out before its state bears the same number the second time."""
    first = Worker()
    first.hears(event("queued"))
    first.checkpoints()
    first.passes(AFTER_MS / 1000)
    first.job.reserve()
    first.job.states.abandon()
    second = Worker(store=first.store, now=first.now)
    second.checkpoints()
    second.checkpoints()
    assert first.wishes == second.wishes == [("i1", 1)]


def test_a_worker_that_begins_reads_first() -> None:
    """What arrived while nobody followed is heard before anybody is asked."""
    first = Worker()
    first.hears(event("queued"))
    first.checkpoints()
    second = Worker(store=first.store, now=first.now + 2 * AFTER_MS)
    second.now -= 1  # just before it takes silence for an answer
    second.checkpoints()
    second.hears(event("sent"), at=first.now + 1_000)
    second.passes(300)
    second.checkpoints()
    assert [] == second.wishes


def test_what_lapsed_is_forgotten_in_step_with_writing() -> None:
    """States go a day after the last that was heard, and those of what waits do not."""
    worker = Worker()
    worker.hears(*(event("sent", f"i{number}") for number in range(20)))
    worker.checkpoints()
    assert 20 == worker.store.size()
    worker.passes(LIFE_MS / 1000 + 1)
    for number in range(100, 130):
        worker.hears(event("sent", f"i{number}"))
        worker.checkpoints()
    assert 30 == worker.store.size()


def test_what_cannot_be_read_is_buried() -> None:
    """The batch goes on, and the dead letter says why."""
    worker = Worker()
    worker.hears(Told(b"nonsense", b"k", NOON), Told(None, b"k", NOON, 1), event("queued"))
    worker.passes(300)
    worker.checkpoints()
    letters = worker.all_of("dead-letters", DeadLetter)
    assert [("fallback", "undecodable"), ("fallback", "invalid")] == [
        (letter.stage, letter.reason) for letter in letters
    ]
    assert [("i1", 1)] == worker.wishes


def test_long_names_kill_nobody() -> None:
    """What a state cannot hold is buried, and a channel's name is cut."""
    worker = Worker()
    worker.hears(event("queued", recipient="r" * 500_000), event("queued", "i" * 900_000))
    worker.hears(event("queued", channel="c" * 900_000))
    worker.passes(300)
    worker.checkpoints()
    reasons = [letter.reason for letter in worker.all_of("dead-letters", DeadLetter)]
    assert (["oversized"] * 2, [("i1", 1)]) == (reasons, worker.wishes)
    assert worker.store.size() == 1
    assert all(len(packed) < 1000 for _, packed in worker.store.items_of(0))


def test_what_killed_twice_is_buried_unread() -> None:
    """A record that was in flight at two crashes is not looked at."""
    worker = Worker()
    record = Told(encode(event("queued")), b"default:i1", NOON)
    worker.job.quarantine(Batch("deliveries.events", 0, cast("Any", [record]), 1))
    assert ["crashed_twice"] == [x.reason for x in worker.all_of("dead-letters", DeadLetter)]
    assert 0 == worker.job.states.count_changed()


def test_another_owner_takes_it_all() -> None:
    """When partitions go, nothing is asked from memory."""
    worker = Worker()
    worker.hears(event("queued"))
    worker.checkpoints()
    worker.job.gone()
    worker.passes(300)
    assert not worker.job.waiting()
    assert not worker.job.publish()
