"""Show an operator the records that could not be taken."""

import argparse
from base64 import b64decode
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.stores.postgres import connect
from connectors.stores.queries import letters


def listed(options: argparse.Namespace, console: Console) -> int:
    """List dead letters, newest first."""
    with connect(url=options.database_url, schema=options.schema) as connection:
        rows = letters.listed(
            connection, topic=options.topic, reason=options.reason, most=options.limit
        )
    if not rows:
        console.print("no dead letters")
        return 0
    table = Table("when", "topic", "place", "stage", "reason", "error", "id")
    for row in rows:
        table.add_row(
            _when(row["occurred_at"]),
            escape(row["topic"]),
            f"{row['partition']}/{row['offset']}",
            escape(row["stage"]),
            escape(row["reason"]),
            escape(text(row["error"][:80].encode())),
            escape(row["id"]),
        )
    console.print(table)
    return 0


def show(options: argparse.Namespace, console: Console) -> int:
    """Show one dead letter whole; 1 where there is none of this id."""
    with connect(url=options.database_url, schema=options.schema) as connection:
        row = letters.find(connection, options.id)
    if row is None:
        console.print(f"no dead letter {options.id}", markup=False)
        return 1
    lines = [
        f"when     {_when(row['occurred_at'])}",
        f"record   {row['topic']} {row['partition']}/{row['offset']}, {_when(row['timestamp'])}",
        f"stage    {row['stage']}",
        f"reason   {row['reason']}",
        f"error    {row['error']}",
        f"key      {text(bytes(row['key']))}",
        *(f"header   {name}: {text(b64decode(value))}" for name, value in row["headers"]),
        f"value    {len(row['value'])} bytes{', cut' if row['truncated'] else ''}",
        text(bytes(row["value"])),
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return 0


def text(raw: bytes) -> str:
    """Give bytes as printable text, or as hex where they are none."""
    try:
        said = raw.decode()
    except UnicodeDecodeError:
        return raw.hex(" ")
    # A terminal obeys control characters, and these bytes are a stranger's.
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in said)


def _when(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S}Z" if ms > 0 else "unknown"
