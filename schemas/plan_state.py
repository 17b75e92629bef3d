"""State records of planning and of the scheduler, as they lie in store and changelog.

The form is that of `schemas.state`: a flag byte, eight bytes of `lapses_at`, a msgpack array.
Planning keeps several kinds under one table, told apart by the array's first element; its store
keys are `tenant:recipient`, a NUL, and what the functions below put behind it, so that all that
is remembered of a recipient lies in the recipient's partition.
"""

import msgspec
from msgspec import Struct

Place = tuple[int, int]  # 0 for `intents`, 1 for `intents.urgent`, and the offset in it
NOWHERE: Place = (0, -1)


class ChannelPlan(Struct, frozen=True, array_like=True, gc=False):
    """Remember what was decided for one channel: `outcome` is a status of a delivery.

    `step` is the step of the plan at which it was decided; `until` is the end of a hold.
    `digest` is the key under which it was collected for a digest: held until that is told, or,
    where it was over a limit, superseded by it from the start.
    """

    channel: str
    outcome: str
    reason: str = ""
    until: int = 0
    addresses: tuple[str, ...] = ()
    step: int = 0
    digest: str = ""


class Plan(Struct, frozen=True, array_like=True, tag_field="record", tag=1, gc=False):
    """Remember what was decided for an intent.

    `origin` is where the intent stood, `last` the record (itself or a wake) of the last `step`,
    which was taken at `stepped_at`.
    `intent` is the encoded Intent with everything filled in, kept while something is held and
    until the outputs of the last step are surely published; empty afterwards. `said` is the
    last step that is known to be published.
    `fallback_of` is the intent of which this plan tells on another channel.
    """

    intent_id: str
    origin: Place
    last: Place
    step: int = 0
    planned_at: int = 0
    stepped_at: int = 0
    expires_at: int = 0
    channels: tuple[ChannelPlan, ...] = ()
    template_version: str = ""
    variant: str = ""
    locale: str = ""
    lane: str = "normal"
    dropped: str = ""
    intent: bytes = b""
    said: int = 0
    fallback_of: str = ""


class Slots(Struct, frozen=True, array_like=True, tag_field="record", tag=2, gc=False):
    """Remember when slots of a rate limit were taken, oldest first (epoch ms)."""

    taken: tuple[int, ...] = ()
    window_ms: int = 0


class Collected(Struct, frozen=True, array_like=True, tag_field="record", tag=3, gc=False):
    """Remember what a digest collects for one channel until `due_at`; `more` only counts.

    `items` are (intent id, subject line). `number` tells the digests of one key apart.
    `wake` is the record that told it last; `before` numbers the digest told before this one,
    and `told` names the intents that stood in that. `to` is the address that all of them asked
    for, empty where the recipient's own are meant.
    """

    number: int = 0
    due_at: int = 0
    items: tuple[tuple[str, str], ...] = ()
    more: int = 0
    type: str = ""
    locale: str = ""
    priority: int = 1
    wake: Place = NOWHERE
    before: int = 0
    told: tuple[str, ...] = ()
    to: str = ""


class Told(Struct, frozen=True, array_like=True, tag_field="record", tag=4, gc=False):
    """Remember by which intents and channels a recipient was told of an alert.

    `intents` hold, collect or sent something since the alert last began; `told_seq` is the
    highest seq among them. `seq` is the highest seq of an end, by the intent `ended_by`.
    `before` are intents of before it began again, of which an end may not have said all.
    """

    intents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    lane: str = "normal"
    seq: int = 0
    ended_by: str = ""
    at: int = 0
    told_seq: int = 0
    before: tuple[str, ...] = ()


class Kept(Struct, frozen=True, array_like=True, tag_field="record", tag=5, gc=False):
    """Keep an intent of high or critical priority until it expires, for another channel to tell it.

    `intent` is encoded, with everything filled in; `tried` are the channels that were considered
    for it; `given` what each wish for a fallback came to: a channel, or the reason for none.
    """

    intent: bytes
    expires_at: int = 0
    tried: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


PlanningState = Plan | Slots | Collected | Told | Kept

_encoder = msgspec.msgpack.Encoder()
_planning: msgspec.msgpack.Decoder[PlanningState] = msgspec.msgpack.Decoder(PlanningState)


def pack(state: PlanningState, *, lapses_at: int) -> bytes:
    """Write a state of planning as it lies in store and changelog."""
    return b"\0" + lapses_at.to_bytes(8, "big") + _encoder.encode(state)


def unpack(packed: bytes) -> PlanningState:
    """Read a packed state of planning; msgspec.MsgspecError where it is none."""
    return _planning.decode(memoryview(packed)[9:])


def plan_key(recipient: bytes, intent_id: str) -> bytes:
    """Name the Plan of an intent; `recipient` is the record key `tenant:recipient`."""
    return b"%b\0p%b" % (recipient, intent_id.encode())


def slots_key(recipient: bytes, channel: str, kind: str = "") -> bytes:
    """Name the Slots of a channel, or those of one type of notification on it."""
    return b"%b\0s%b/%b" % (recipient, channel.encode(), kind.encode())


def collected_key(recipient: bytes, channel: str, digest_key: str) -> bytes:
    """Name what a digest collects."""
    return b"%b\0c%b/%b" % (recipient, channel.encode(), digest_key.encode())


def told_key(recipient: bytes, alert_id: str) -> bytes:
    """Name what a recipient was told of an alert."""
    return b"%b\0a%b" % (recipient, alert_id.encode())


def kept_key(recipient: bytes, intent_id: str) -> bytes:
    """Name the intent that is kept for another channel to tell it."""
    return b"%b\0k%b" % (recipient, intent_id.encode())


class Pending(Struct, frozen=True, array_like=True, gc=False):
    """Remember an item of the scheduler until it is due; its store key is the record's key.

    `offset` is the item's own in `scheduled`, `trace` the trace that it belongs to.
    """

    id: str
    due_at: int
    topic: str
    key: bytes
    value: bytes
    urgent: bool = False
    offset: int = -1
    trace: bytes = b""


_pending = msgspec.msgpack.Decoder(Pending)


def pack_pending(state: Pending) -> bytes:
    """Write a pending item; the eight bytes in front are its due time."""
    flag = b"\1" if state.urgent else b"\0"
    return flag + state.due_at.to_bytes(8, "big") + _encoder.encode(state)


def unpack_pending(packed: bytes) -> Pending:
    """Read a pending item; msgspec.MsgspecError where it is none."""
    return _pending.decode(memoryview(packed)[9:])
