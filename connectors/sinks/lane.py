"""Read one channel's deliveries in one lane, and hand them on without one overtaking another."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import structlog

from connectors.sinks.handling import Handler, Item
from connectors.sinks.lines import Lines
from connectors.sinks.meters import Meters
from connectors.sinks.outcome import Origin
from connectors.sinks.reader import Read, Reader
from schemas import keys
from schemas.codec import decode
from schemas.deliveries import Delivery
from schemas.errors import Invalid, Permanent
from schemas.limits import OUTPUT_BYTES
from schemas.reasons import Lane as LaneName
from schemas.reasons import Reason

log = structlog.get_logger("tocsin.sinks")
T = TypeVar("T")

BATCH = 500
IDLE_S = 0.1
LAG_EVERY_S = 5.0
# Who waits behind so many in a line that stands still is parked, lest it fill the house.
STUCK_LINE = 8
STUCK_S = 1.0


class Lane:
    """Work through a topic until told to stop."""

    def __init__(
        self,
        *,
        lane: LaneName,
        topic: str,
        reader: Reader,
        handler: Handler,
        meters: Meters,
    ) -> None:
        self._lane = lane
        self._topic = topic
        self._reader = reader
        self._handler = handler
        self._meters = meters
        self._in_hand = 0
        self._most = handler.sinking.in_hand
        self._lines: Lines[tuple[Read, Item]] = Lines()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._room = asyncio.Event()
        self._fault: BaseException | None = None
        self._lags: frozenset[int] = frozenset()
        self._lag_at = 0.0
        # A thread of its own: the client blocks, and serves rebalances where it is called.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"read-{topic}")

    def stop(self) -> None:
        """Read no more; what is under way is finished."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped; raises what no delivery can be blamed for."""
        try:
            while not self._stop.is_set() and self._fault is None:
                room = self._most - self._in_hand
                if room <= 0:
                    await self._for_room()
                    room = self._most - self._in_hand
                reads = await self._read(min(room, BATCH))
                if reads:
                    self._meters.read(self._topic, len(reads))
                for read in reads:
                    self._admit(read)
                await self._tell_lag()
            await self._drain()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._in_thread(self._reader.close)
            self._thread.shutdown()
        if self._fault is not None:
            raise self._fault

    async def _read(self, most: int, *, within_s: float = IDLE_S) -> list[Read]:
        return await self._in_thread(partial(self._reader.read, most=most, within_s=within_s))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _for_room(self) -> None:
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), IDLE_S)
        except TimeoutError:
            return

    async def _drain(self) -> None:
        """Finish what is under way; what only waits in line is read again by whoever comes."""
        self._lines.drop()
        ends_at = time.monotonic() + self._handler.sinking.stop_s
        while self._tasks and time.monotonic() < ends_at and self._fault is None:
            await self._read(0, within_s=0)
            if self._tasks:  # the last of them may have ended meanwhile
                await asyncio.wait(self._tasks, timeout=IDLE_S)

    def _admit(self, read: Read) -> None:
        self._in_hand += 1
        message = read.message
        origin = Origin(
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            key=message.key() or b"",
            value=message.value() or b"",
            headers=tuple((name, data or b"") for name, data in message.headers() or ()),
            timestamp=message.timestamp()[1],
        )
        try:
            delivery, abreast = self._understood(origin.value)
        except Permanent as wrong:
            self._begin(read, self._handler.refuse(origin, str(wrong.reason), str(wrong)))
            return
        item = Item(delivery, origin)
        name, now = _line(delivery), time.monotonic()
        if self._lines.is_stuck(name, now=now, since_s=STUCK_S, length=STUCK_LINE):
            self._begin(read, self._handler.park(item, Reason.PACED))
        elif self._lines.join(
            name, (read, item), abreast=abreast, now=now, subject=delivery.alert_id
        ):
            self._begin(read, self._in_line(read, item))

    def _understood(self, value: bytes) -> tuple[Delivery, int]:
        sink = self._handler.sink
        # Larger, it could not be scheduled for another attempt.
        delivery = decode(Delivery, value, limit=OUTPUT_BYTES)
        if delivery.channel != sink.channel or delivery.lane != self._lane:
            raise Invalid(f"not of this topic: {delivery.channel!r}, {delivery.lane!r}")
        if not keys.TENANT.fullmatch(delivery.tenant) or not delivery.id:
            raise Invalid("a delivery needs an id and a tenant")
        try:
            sink.endpoint(delivery)
            return delivery, max(1, sink.abreast(delivery))
        except Exception as wrong:
            raise Invalid(f"the sink cannot read it: {type(wrong).__name__}") from wrong

    async def _in_line(self, read: Read, item: Item) -> None:
        try:
            # What was revoked before it began is the next owner's.
            if not read.stand.lost:
                await self._handler.handle(item)
        finally:
            done = item.delivery
            for next_read, next_item in self._lines.leave(
                _line(done), now=time.monotonic(), subject=done.alert_id
            ):
                self._begin(next_read, self._in_line(next_read, next_item))

    def _begin(self, read: Read, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._until_finished(read, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_finished(self, read: Read, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as fault:  # noqa: BLE001 - ends the process, uncommitted
            self._fault = self._fault or fault
        else:
            self._reader.finish(read)
        finally:
            self._in_hand -= 1
            self._room.set()

    async def _tell_lag(self) -> None:
        if time.monotonic() < self._lag_at:
            return
        self._lag_at = time.monotonic() + LAG_EVERY_S
        lags = await self._in_thread(self._reader.lags)
        self._meters.lag(self._topic, lags, self._lags - frozenset(lags))
        self._lags = frozenset(lags)


def _line(delivery: Delivery) -> str:
    return f"{delivery.tenant}:{delivery.recipient}"
