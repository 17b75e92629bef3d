"""Keep what ingest asks Redis in step with the view, and fill an empty Redis from it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from connectors.stores.heard import AFTER_WINDOW_MS, OPEN_MS, Heard
from connectors.stores.postgres import Database
from connectors.stores.queries import views
from connectors.views.rows import latest
from schemas.errors import DatabaseUnavailable, RedisUnavailable
from schemas.records import AlertChange

log = structlog.get_logger("tocsin.views")

PAGE = 1_000
LOOK_EVERY_S = 1.0


class Shadow:
    """Tell Redis of changes; what it missed while it was away it is told from PostgreSQL."""

    def __init__(
        self, database: Database, heard: Heard, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._heard = heard
        self._clock = clock
        self._behind = False
        self._next_look = 0.0
        self._filling: asyncio.Task[None] | None = None

    async def tell(self, changes: Sequence[AlertChange]) -> None:
        """Pass the newest change of each alert on; never waits long and never fails."""
        try:
            await self._heard.told(latest(changes))
        except RedisUnavailable as away:
            if not self._behind:
                log.warning("redis is behind and will be filled again", error=str(away))
            self._behind = True

    async def start(self) -> None:
        """Fill an empty Redis before anything is followed; one that is away is filled later."""
        self._next_look = self._clock() + LOOK_EVERY_S
        try:
            if not await self._heard.is_filled():
                await self._fill()
        except (RedisUnavailable, DatabaseUnavailable) as away:
            log.warning("redis is not filled yet", error=str(away))
            self._behind = True

    async def look_after(self) -> None:
        """See once a second whether Redis has to be filled, and do it beside the views' work."""
        if self._clock() < self._next_look or (self._filling and not self._filling.done()):
            return
        self._next_look = self._clock() + LOOK_EVERY_S
        try:
            if self._behind or not await self._heard.is_filled():
                self._filling = asyncio.create_task(self._fill_again())
        except RedisUnavailable:
            self._behind = True

    async def close(self) -> None:
        """End a filling that goes on; the next start does it anew."""
        if self._filling:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)

    async def _fill_again(self) -> None:
        self._behind = False
        try:
            await self._fill()
        except (RedisUnavailable, DatabaseUnavailable):
            self._behind = True

    async def _fill(self) -> None:
        began, count = self._clock(), 0
        after = ("", "")
        ended_after = time.time_ns() // 1_000_000 - max(AFTER_WINDOW_MS, OPEN_MS)
        while True:
            async with self._database.transaction() as connection:
                page = await views.live_alerts(
                    connection, after=after, most=PAGE, ended_after=ended_after
                )
            await self._heard.told(map(_as_change, page))
            count += len(page)
            if len(page) < PAGE:
                break
            after = (page[-1]["tenant"], page[-1]["alert_id"])
        await self._heard.mark_filled()
        log.info("redis filled", alerts=count, seconds=round(self._clock() - began, 2))


def _as_change(row: dict[str, Any]) -> AlertChange:
    return AlertChange(kind="", **row)
