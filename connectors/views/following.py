"""Follow the topics for ever: read a batch, write it, tell Redis, go on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from connectors.stores.postgres import Database
from connectors.stores.queries import views
from connectors.views.meters import Meters
from connectors.views.reader import Reader
from connectors.views.rows import Taken
from connectors.views.shadow import Shadow
from connectors.views.taking import Batch, refusal, take
from connectors.views.writing import write
from schemas.codec import encode
from schemas.errors import Invalid, Transient
from schemas.records import AlertChange, DeadLetter
from schemas.topics import (
    ALERTS_CHANGES,
    CONTROL_PREFERENCES,
    CONTROL_RECIPIENTS,
    CONTROL_TEMPLATES,
    CONTROL_TYPES,
    DEAD_LETTERS,
    DECISIONS,
    DELIVERIES_EVENTS,
    Names,
)

log = structlog.get_logger("tocsin.views")

T = TypeVar("T")
Place = tuple[str, int]
FOLLOWED = (
    ALERTS_CHANGES,
    DECISIONS,
    DEAD_LETTERS,
    DELIVERIES_EVENTS,
    CONTROL_TEMPLATES,
    CONTROL_PREFERENCES,
    CONTROL_RECIPIENTS,
    CONTROL_TYPES,
)
BATCH = 2_000
IDLE_S = 0.25
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
LAG_EVERY_S = 5.0


class Sends(Protocol):
    """Write records to Kafka."""

    async def send(self, topic: str, *, key: bytes, value: bytes | None) -> tuple[int, int]:
        """Return when Kafka has the record."""


class Stopped(Exception):
    """Say that the process was told to end in the middle of waiting."""


class Following:
    """Keep the views at the end of their topics.

    PostgreSQL or Kafka away: waits and goes on where it stood. A record that cannot be taken
    goes to dead letters alone.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        database: Database,
        producer: Sends,
        shadow: Shadow,
        names: Names,
        meters: Meters,
    ) -> None:
        self._reader = reader
        self._database = database
        self._producer = producer
        self._shadow = shadow
        self._names = names
        self._meters = meters
        self._kinds = {names.topic(topic): topic.record for topic in FOLLOWED}
        self._stop = asyncio.Event()
        self._stands: dict[Place, int] = {}
        self._next_lag = 0.0
        self.trouble = "starting"

    def stop(self) -> None:
        """End after the batch in hand, or at once where it waits for a service."""
        self._stop.set()

    async def run(self) -> None:
        """Follow until stopped."""
        try:
            while not self._stop.is_set():
                messages = await asyncio.to_thread(self._reader.read, most=BATCH, within_s=IDLE_S)
                if self._reader.unplaced:
                    await self._patiently(self._begin)
                elif messages:
                    await self._apply(take(messages, self._kinds, now=_now()))
                self.trouble = ""
                await self._shadow.look_after()
                self._tell_lag()
        except Stopped:
            log.info("stopped while waiting; nothing is lost")

    async def _begin(self) -> None:
        places = list(self._reader.unplaced)
        async with self._database.transaction() as connection:
            offsets = await views.begin_offsets(connection, places)
        marks = await asyncio.to_thread(self._reader.watermarks, places)
        lost = {p: marks[p][0] for p, offset in offsets.items() if offset > marks[p][1]}
        if lost:
            # What was read is no longer there: the topic was made anew.
            log.warning("topics begin anew", places=[f"{t}/{p}" for t, p in lost])
            async with self._database.transaction() as connection:
                await views.set_offsets(connection, lost)
        self._stands = offsets | lost
        self._meters.forget_lag()
        self._reader.begin(self._stands)

    async def _apply(self, batch: Batch) -> None:
        for letter in batch.refused:
            await self._refuse(letter)
        try:
            fresh = await self._patiently(lambda: write(self._database, batch.taken, batch.ends))
        except (Invalid, ValueError, TypeError):
            fresh = await self._one_by_one(batch)
        self._stands |= batch.ends
        self._reader.note(batch.ends)
        self._count(batch, fresh)
        await self._shadow.tell([e.record for e in fresh if isinstance(e.record, AlertChange)])

    async def _one_by_one(self, batch: Batch) -> list[Taken]:
        """Find the records that PostgreSQL refuses, and take the others."""
        fresh: list[Taken] = []
        for each in batch.taken:
            end = {(each.topic, each.partition): each.offset + 1}
            alone = [each]
            try:
                fresh += await self._patiently(
                    lambda alone=alone, end=end: write(self._database, alone, end)  # type: ignore[misc]
                )
            except (Invalid, ValueError, TypeError) as wrong:
                original = batch.originals[each.topic, each.partition, each.offset]
                await self._refuse(refusal(original, wrong, now=_now()))
        await self._patiently(lambda: write(self._database, [], batch.ends))
        return fresh

    async def _refuse(self, letter: DeadLetter) -> None:
        topic = self._names.topic(DEAD_LETTERS)
        key, value = letter.key, encode(letter)
        await self._patiently(lambda: self._producer.send(topic, key=key, value=value))
        self._meters.dead(letter.reason)
        log.warning(
            "record refused",
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            error=letter.error,
        )

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it as soon as the services let us; Stopped where the process ends before."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                return await work()
            except Transient as away:
                self.trouble = str(away)
                log.warning("waiting", error=str(away), seconds=pause)
            try:
                await asyncio.wait_for(self._stop.wait(), pause)
            except TimeoutError:
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                raise Stopped

    def _count(self, batch: Batch, fresh: Sequence[Taken]) -> None:
        for topic in {topic for topic, _ in batch.ends}:
            self._meters.read(topic, sum(1 for key in batch.originals if key[0] == topic))
            self._meters.applied(topic, sum(1 for each in fresh if each.topic == topic))

    def _tell_lag(self) -> None:
        if time.monotonic() < self._next_lag:
            return
        self._next_lag = time.monotonic() + LAG_EVERY_S
        for place, end in self._reader.known_ends().items():
            self._meters.lag(*place, end - self._stands.get(place, end))


def _now() -> int:
    return time.time_ns() // 1_000_000
