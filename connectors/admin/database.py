"""Bring the database to what this version expects, when it is there."""

import argparse
import time

from rich.console import Console

from connectors.stores.migrate import migrate as apply_missing
from schemas.errors import DatabaseUnavailable

PAUSE_S = 0.3


def migrate(options: argparse.Namespace, console: Console) -> int:
    """Apply the migrations that are missing, waiting for PostgreSQL to come up."""
    deadline = time.monotonic() + options.wait
    while True:
        try:
            done = apply_missing(url=options.database_url, schema=options.schema)
            break
        except DatabaseUnavailable as away:
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"{away} (waited {options.wait:g} s; is it running, and is DATABASE_URL right?)"
                ) from away
            time.sleep(PAUSE_S)
    for name in done:
        console.print(f"applied {name}")
    console.print(f"database: {len(done)} migrations applied, schema {options.schema!r} is current")
    return 0
