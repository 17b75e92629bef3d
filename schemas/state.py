"""State records: what a stage remembers of a key, as it lies in store and changelog.

A packed state is one flag byte, eight bytes of `lapses_at` (big-endian milliseconds) and a
msgpack array of the fields in order (msgpack.org; measured at a tenth of Avro's cost, see
docs/decisions). Flags and moment stand in front so that a store of a million records can be
swept without unpacking. Fields are only ever appended, each with a default, so every version
reads every other.
"""

import struct

import msgspec
from msgspec import Struct

from schemas.records import RawAlert

FOREVER = (1 << 63) - 1

MUTED = 0x04  # something is to be told once a silence or snooze is over, unless somebody cares
UNTOLD = 0x01  # count ran ahead of what the last change said
RESERVED = 0x02  # a `repeated` change is decided and perhaps not yet published


class Reservation(Struct, frozen=True, array_like=True, gc=False):
    """Hold a `repeated` change that was decided by the clock, until it is surely published."""

    seq: int
    count: int
    last_seen_at: int


class Escalation(Struct, frozen=True, array_like=True, gc=False):
    """Hold how far the steps of one route were taken.

    `since` is the moment, in Kafka's time, from which they are counted; `taken_ms` and `next_ms`
    are how long after it the last one taken and the next one stand (0: none).
    """

    route_id: str
    since: int
    taken_ms: int = 0
    next_ms: int = 0


class AlertState(Struct, frozen=True, array_like=True, gc=False):
    """Remember one fingerprint: the current alert's life, and how far its topics were applied.

    `opened_partition` and `opened_offset` name the opening record, from which the alert's id
    follows; offset -1 with status `resolved` is a resolve that came before any alert.
    `changed_at` is the event time of the last change of its life.
    `window_ends_at` is the event time from which an occurrence opens a new alert; 0 means the
    clock never does.
    `raw_offset`, `command_offset` and `rekeyed` (by first partition) are the last offsets
    applied from this partition's topics: a record at or below them was applied already.
    `told` lists the recipients for whom the alert made an Intent.
    `said_count` is the count of the last change; `reserved` see `Reservation`.
    `said` holds a bit for each Decision that is said once in an alert's life (`ONCE` in draft).
    `saved` is how many occurrences after the first were told, or spoken for by a Decision.
    `owed` says that a telling was withheld (silence, snooze, stale, no page) and may come due.
    `templates` stands beside `told`: the template of each recipient's first telling.
    `wake_at` is the moment for which the scheduler was last asked to wake us.
    `content` is what is to be told at such a moment, kept while there is one.
    `told_at` and `retell_ms` say when people were told last, in Kafka's time, and how often they
    are told again.
    `lag_ms` is how much later than its event time Kafka had the record that began it.
    `escalations` stands for each route with steps that told of the alert, in the routes' order.
    """

    opened_partition: int = -1
    opened_offset: int = -1
    seq: int = 0
    status: str = "open"
    anchor: str = "first"
    priority: int = 1
    count: int = 0
    first_seen_at: int = 0
    last_seen_at: int = 0
    changed_at: int = 0
    window_ends_at: int = 0
    window_ms: int = 0
    raw_offset: int = -1
    command_offset: int = -1
    rekeyed: dict[int, int] | None = None
    acknowledged: bool = False
    acknowledged_by: str = ""
    snoozed_until: int = 0
    muted_by: str = ""
    muted_until: int = 0
    told: list[str] | None = None
    said_count: int = 0
    reserved: Reservation | None = None
    source: str = ""
    title: str = ""
    stale: bool = False
    said: int = 0
    saved: int = 0
    owed: bool = False
    templates: list[str] | None = None
    wake_at: int = 0
    content: RawAlert | None = None
    told_at: int = 0
    retell_ms: int = 0
    escalations: list[Escalation] | None = None
    lag_ms: int = 0


_head = struct.Struct(">BQ").pack
_encoder = msgspec.msgpack.Encoder()
_alert_decoder = msgspec.msgpack.Decoder(AlertState)


def pack_alert(state: AlertState, *, lapses_at: int) -> bytes:
    """Write a state as it lies in store and changelog."""
    flags = (UNTOLD if state.count > state.said_count else 0) | (
        RESERVED if state.reserved is not None else 0
    )
    if state.owed and state.content is not None and not state.acknowledged:
        flags |= MUTED
    return _head(flags, lapses_at) + _encoder.encode(state)


def unpack_alert(packed: bytes) -> AlertState:
    """Read a packed state; msgspec.MsgspecError where it is none."""
    return _alert_decoder.decode(packed[9:])


def flags(packed: bytes) -> int:
    """Read the flags of a packed state without unpacking it."""
    return packed[0]


def without_flags(packed: bytes, taken: int) -> bytes:
    """Take flags off a packed state without unpacking it."""
    return bytes((packed[0] & ~taken,)) + packed[1:]


def lapses_at(packed: bytes) -> int:
    """Read when a packed state may be forgotten without unpacking it."""
    return int.from_bytes(packed[1:9], "big")
