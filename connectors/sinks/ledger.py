"""Claims for those who can wait: nothing is sent while Redis is away or knows nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from connectors.sinks.claim import Claims, Empty, Verdict
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.errors import RedisUnavailable, Transient

log = structlog.get_logger("tocsin.sinks")

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


class Ledger:
    """Take and settle claims; `refill` puts back what an empty Redis has forgotten."""

    def __init__(self, claims: Claims, refill: Callable[[], Awaitable[object]]) -> None:
        self._claims = claims
        self._refill = refill
        self._ready = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None
        self.trouble = ""

    def open(self) -> None:
        """Begin to look whether Redis answers and is filled."""
        self._mend("starting")

    async def close(self) -> None:
        """Stop looking."""
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.gather(self._mending, return_exceptions=True)

    async def ready(self) -> None:
        """Return when claims can be asked for."""
        await self._ready.wait()

    async def take(self, delivery: Delivery, *, written_at: int) -> Verdict | None:
        """Ask to send this attempt; None where that cannot be said now: wait until `ready`."""
        try:
            verdict = await self._claims.take(delivery, written_at=written_at)
        except RedisUnavailable as away:
            self._mend(str(away))
            return None
        if isinstance(verdict, Empty):
            self._mend("Redis is empty")
            return None
        return verdict

    async def settle(self, event: DeliveryEvent, *, kind: str = "") -> bool:
        """Write down what came of an attempt, as soon as Redis lets us.

        False where another owner's word stands.
        """
        while True:
            try:
                return await self._claims.settle(event, kind=kind)
            except RedisUnavailable as away:
                self._mend(str(away))
                await self._ready.wait()

    async def expect(self, event: DeliveryEvent) -> None:
        """Note that a word on an alert is held, so that the alert's end waits for it.

        Where Redis cannot be told now, the end may come first, and alone.
        """
        if event.alert_id and not event.ends and self._ready.is_set():
            try:
                await self._claims.settle(event)
            except RedisUnavailable as away:
                self._mend(str(away))

    def _mend(self, trouble: str) -> None:
        self._ready.clear()
        self.trouble = trouble
        if self._mending is None or self._mending.done():
            self._mending = asyncio.create_task(self._until_ready())

    async def _until_ready(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                await self._claims.ping()
                if not await self._claims.is_filled():
                    await self._refill()
            except Transient as away:
                self.trouble = str(away)
                log.warning("waiting, nothing is sent", error=str(away), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                self.trouble = ""
                self._ready.set()
                return
