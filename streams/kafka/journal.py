"""Journal: states that belong together reach the changelog together, or not at all.

A worker that is killed while it writes its changelog leaves some states new and some old: a plan
without the slot that it took. So what a checkpoint changed goes first as one record under a key
of its own, and then state by state. A restore lays the last such record over what it read.
"""

from collections.abc import Iterator, Sequence

import msgspec

KEY = b"\0journal"  # no other key begins with NUL
_HEAD = b"\0" + b"\xff" * 8  # as a packed state begins: no flag, and it never lapses
_ENTRY_BYTES = 16  # what an entry takes beside its key and its state, at most

Entry = tuple[bytes, bytes | None]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode


def pack(entries: Sequence[Entry]) -> bytes:
    """Write states as one record."""
    return _HEAD + _encode(entries)


def portions(packed: Sequence[Entry], *, at_most: int) -> Iterator[Sequence[Entry]]:
    """Part states into journals of at most so many bytes, never between two of one owner.

    An owner whose states alone are more is a portion of its own.
    """
    if sum(map(_size, packed)) <= at_most:
        yield packed
        return
    owners: dict[bytes, list[Entry]] = {}
    for entry in packed:
        owners.setdefault(entry[0].partition(b"\0")[0], []).append(entry)
    portion: list[Entry] = []
    size = 0
    for entries in owners.values():
        more = sum(map(_size, entries))
        if portion and size + more > at_most:
            yield portion
            portion, size = [], 0
        portion += entries
        size += more
    yield portion


def lay_over(held: dict[bytes, bytes]) -> None:
    """Complete restored states by the last journal, which then is forgotten."""
    journal = held.pop(KEY, None)
    if journal is None:
        return
    for key, packed in _decode(memoryview(journal)[len(_HEAD) :]):
        if packed is None:
            held.pop(key, None)
        else:
            held[key] = packed


def _size(entry: Entry) -> int:
    return len(entry[0]) + len(entry[1] or b"") + _ENTRY_BYTES
