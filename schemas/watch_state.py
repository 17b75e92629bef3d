"""State records of follow-up, as they lie in store and changelog.

The form is that of `schemas.state`: a flag byte, eight bytes, a msgpack array. A flagged state
has a moment at which it is looked at, which the eight bytes hold; of others they hold from when
the state may be forgotten. Its store key is the record's: `tenant:intent`.
"""

import msgspec
from msgspec import Struct


class Watched(Struct, frozen=True, array_like=True, gc=False):
    """Remember how one delivery stands; `round` is 0 at first, and counts the fallbacks."""

    id: str
    channel: str
    stands: int
    round: int = 0


# In this order what is known of a delivery only grows, whatever order its events come in.
OPEN, ENDED, ARRIVED, TAKEN_BACK = range(4)


class Watch(Struct, frozen=True, array_like=True, gc=False):
    """Remember what became of the deliveries of an intent, and of those that stand in for it.

    `armed_at` is since when the first delivery, of the last fallback where there is one, is waited
    for; 0 before that. `changed_at` is when something new was heard last. `asked` counts the wishes
    for a fallback; `awaiting` says that nothing was heard yet of what the last one led to. `over`:
    nobody need follow it.
    `fallbacks` are the channels that were given; `trace` is the trace of the first event.
    """

    recipient: str
    deliveries: tuple[Watched, ...] = ()
    armed_at: int = 0
    changed_at: int = 0
    asked: int = 0
    awaiting: bool = False
    over: bool = False
    fallbacks: tuple[str, ...] = ()
    trace: bytes = b""


_encoder = msgspec.msgpack.Encoder()
_watch: msgspec.msgpack.Decoder[Watch] = msgspec.msgpack.Decoder(Watch)


def pack_watch(state: Watch, *, due_at: int, lapses_at: int) -> bytes:
    """Write a state; `due_at` 0 says that there is no moment to look at it."""
    head = b"\1" + due_at.to_bytes(8, "big") if due_at else b"\0" + lapses_at.to_bytes(8, "big")
    return head + _encoder.encode(state)


def unpack_watch(packed: bytes) -> Watch:
    """Read a packed state; msgspec.MsgspecError where it is none."""
    return _watch.decode(memoryview(packed)[9:])


def due_at(packed: bytes) -> int:
    """Read without unpacking when a state is to be looked at; 0 where it is not."""
    return int.from_bytes(packed[1:9], "big") if packed[0] else 0
