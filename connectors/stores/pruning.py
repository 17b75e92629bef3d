"""Prune what is older than it has to be kept, beside everything else and in nobody's way.

Rows go in small transactions, each by the one process that gets the lock for it: a reader sees
them or does not, and a writer waits for one of them at most.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog

from connectors.settings import Keeping
from connectors.stores.postgres import Connection, Database
from connectors.stores.queries import prune
from schemas.errors import DatabaseUnavailable
from schemas.topics import ALERTS_CHANGES, DELIVERIES_EVENTS, Names, Topic

log = structlog.get_logger("tocsin.views")

BATCH = 1_000
PAUSE_S = 0.2  # between two batches, for those who write
FIRST_S = 5.0
EVERY_S = 600.0
DAY_MS = 86_400_000
STEPS = ("decisions", "delivery_events", "dead_letters")
LOG = ("outbox", "intents", "notification_log", "alerts")
TABLES = (*STEPS, *LOG)
_COMES_FROM: Mapping[str, Topic] = {
    "notification_log": DELIVERIES_EVENTS,
    "alerts": ALERTS_CHANGES,
}

Told = Callable[[str, int], None]
Batch = Callable[[Connection], Awaitable[int]]


class Busy(Exception):
    """Say that another process prunes."""


class Pruner:
    """Delete old rows; `told` hears of every batch that went, by table."""

    def __init__(
        self,
        database: Database,
        keeping: Keeping,
        names: Names,
        *,
        told: Told = lambda _table, _rows: None,
        batch: int = BATCH,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._names = names
        self._told = told
        self._batch = batch
        self._pause_s = pause_s

    async def run(self) -> None:
        """Prune now and then, until cancelled; what goes wrong is tried again later."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                gone = await self.prune(now=time.time_ns() // 1_000_000)
                if gone:
                    log.info("pruned", **gone)
            except Busy:
                log.debug("another process prunes")
            except DatabaseUnavailable as away:
                log.warning("not pruned", error=str(away))
            except Exception:
                log.exception("not pruned")
            await asyncio.sleep(EVERY_S)

    async def prune(self, *, now: int) -> dict[str, int]:
        """Delete all that is old and say how many rows of which table; Busy where another does.

        The changes of alerts are counted with them.
        """
        out: dict[str, int] = {}
        for table, before in self.due(now=now):
            gone = 0
            for batch in await self._batches(table, before=before, now=now):
                gone += await self._all_of(table, batch)
            if gone:
                out[table] = gone
        return out

    async def count(self, *, now: int) -> dict[str, int]:
        """Count what would go, by table: a million and one is more than a million."""
        out: dict[str, int] = {}
        for table, before in self.due(now=now):
            async with self._database.transaction() as connection:
                out[table] = await prune.count(connection, table, before=before, now=now)
        return out

    def due(self, *, now: int) -> Iterator[tuple[str, int]]:
        """Give the tables that are pruned, each with the moment before which rows are old."""
        for tables, days in ((STEPS, self._keeping.step_days), (LOG, self._keeping.days)):
            if days > 0:
                yield from ((table, now - int(days * DAY_MS)) for table in tables)

    async def _batches(self, table: str, *, before: int, now: int) -> list[Batch]:
        most = self._batch
        if table not in _COMES_FROM:
            return [lambda c: prune.rows(c, table, before=before, now=now, most=most)]
        work = prune.alerts if table == "alerts" else prune.deliveries
        topic = self._names.topic(_COMES_FROM[table])

        def of(tenant: str) -> Batch:
            async def batch(connection: Connection) -> int:
                await prune.hold_writers(connection, topic)
                return await work(connection, tenant, before=before, now=now, most=most)

            return batch

        async with self._database.transaction() as connection:
            return [of(tenant) for tenant in await prune.tenants(connection, table)]

    async def _all_of(self, table: str, batch: Batch) -> int:
        gone = 0
        while True:
            async with self._database.transaction() as connection:
                if not await prune.alone(connection, self._database.schema):
                    raise Busy
                went = await batch(connection)
            gone += went
            if went:
                self._told(table, went)
            if went < self._batch:
                return gone
            await asyncio.sleep(self._pause_s)
