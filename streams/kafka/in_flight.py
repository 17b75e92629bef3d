"""What this worker had in hand when it died, so that one record cannot kill it for ever.

A batch is named in a mapped file before it is judged. Found named at the next start, it is
judged record by record, each named first. A record found named then was in flight at two
crashes and is sent to the dead letters unread.
"""

import mmap
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from streams.kafka.batches import Batch

SLOT_BYTES = 4096

log = structlog.get_logger(__name__)
Handle = Callable[[Batch], None]


class Place(Struct, frozen=True, array_like=True):
    """Name records in hand: a topic's partition, from the first offset to the last."""

    topic: str
    partition: int
    first: int
    last: int

    def overlaps(self, batch: Batch) -> bool:
        """Say whether the batch holds any of these records."""
        return (
            self.topic == batch.topic
            and self.partition == batch.partition
            and batch.first <= self.last
            and batch.last >= self.first
        )

    def single_within(self, other: "Place") -> bool:
        """Say whether this is one record, and the other place holds it."""
        return (
            self.first == self.last
            and (self.topic, self.partition) == (other.topic, other.partition)
            and other.first <= self.first <= other.last
        )


class Notes(Struct, frozen=True):
    """Keep what former lives left: records to be judged one by one, and one to be buried."""

    suspect: Place | None = None
    condemned: Place | None = None


class InFlight:
    """Name what is in hand in `folder`/in-flight, which outlives the process, kill -9 included.

    The page cache keeps the mapping when the process dies; after a crash of the machine the
    name may be missing, which only costs the detection.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._notes = folder / "in-flight.json"
        descriptor = os.open(folder / "in-flight", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, SLOT_BYTES)
            self._slot = mmap.mmap(descriptor, SLOT_BYTES)
        finally:
            os.close(descriptor)
        self._kept = self._learn()

    def run(self, batch: Batch, *, judge: Handle, quarantine: Handle) -> None:
        """Judge the batch; record by record where it was in hand at the last crash."""
        suspect = self._kept.suspect
        if suspect is None or not suspect.overlaps(batch):
            self._name(_place(batch))
            judge(batch)
            self._name(None)
            return
        log.warning("judging one by one after a crash", place=str(_place(batch)))
        for record in batch.records:
            single = Batch(batch.topic, batch.partition, (record,), batch.epoch)
            if _place(single) == self._kept.condemned:
                quarantine(single)
                continue
            self._name(_place(single))
            judge(single)
            self._name(None)
        if batch.last >= suspect.last:
            self._keep(Notes(None, self._kept.condemned))

    def _name(self, place: Place | None) -> None:
        named = b"" if place is None else msgspec.json.encode(place)
        self._slot[2 : 2 + len(named)] = named
        self._slot[0:2] = len(named).to_bytes(2, "big")

    def _learn(self) -> Notes:
        """Read what the last life left, and what it means for this one."""
        notes = self._read_notes()
        size = int.from_bytes(self._slot[0:2], "big")
        if not size:
            return notes
        found = msgspec.json.decode(self._slot[2 : 2 + size], type=Place)
        if notes.suspect is not None and found.single_within(notes.suspect):
            log.error("a record was in flight at two crashes", place=str(found))
            notes = Notes(notes.suspect, found)
        else:
            notes = Notes(found, notes.condemned)
        self._keep(notes)
        self._name(None)
        return notes

    def _read_notes(self) -> Notes:
        try:
            return msgspec.json.decode(self._notes.read_bytes(), type=Notes)
        except (OSError, msgspec.MsgspecError):
            return Notes()

    def _keep(self, notes: Notes) -> None:
        self._kept = notes
        fresh = self._notes.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(notes))
        fresh.replace(self._notes)


def _place(batch: Batch) -> Place:
    return Place(batch.topic, batch.partition, batch.first, batch.last)
