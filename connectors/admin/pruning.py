"""Say what is older than it has to be kept, or delete it now."""

import argparse
import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from rich.console import Console

from connectors.settings import keeping, names
from connectors.stores.postgres import Database
from connectors.stores.pruning import Busy, Pruner
from connectors.stores.queries.prune import MOST_COUNTED


def prune(options: argparse.Namespace, console: Console) -> int:
    """Count or delete old rows; 1 where another process deletes them at the moment."""
    try:
        told = asyncio.run(_pruned(options))
    except Busy:
        console.print("another process prunes at the moment; nothing is left to do here")
        return 1
    for line in told:
        console.print(line)
    return 0


async def _pruned(options: argparse.Namespace) -> list[str]:
    now = time.time_ns() // 1_000_000
    async with AsyncExitStack() as opened:
        database = Database(url=options.database_url, schema=options.schema, most=1)
        await database.open()
        opened.push_async_callback(database.close)
        pruner = Pruner(database, keeping(), names())
        if not options.dry_run:
            gone = await pruner.prune(now=now)
            return [f"{table}: {rows} rows deleted" for table, rows in gone.items()] or [NOTHING]
        counted = await pruner.count(now=now)
        before = dict(pruner.due(now=now))
        return [_said(table, rows, before[table]) for table, rows in counted.items()] or [NOTHING]


NOTHING = "nothing is old enough"


def _said(table: str, rows: int, before: int) -> str:
    day = datetime.fromtimestamp(before / 1000, UTC).date().isoformat()
    many = f"more than {MOST_COUNTED}" if rows > MOST_COUNTED else str(rows)
    return f"{table}: {many} rows from before {day} would be deleted"
