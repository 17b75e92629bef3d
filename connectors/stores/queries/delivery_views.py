"""SQL by which the views write deliveries and their events, many rows a statement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.stores.postgres import Connection
from connectors.stores.queries.views import as_json

Row = dict[str, Any]

_WRITE_DELIVERIES = Path(__file__).with_name("write_deliveries.sql").read_bytes()


async def write_deliveries(connection: Connection, rows: Sequence[Row]) -> None:
    """Bring deliveries and their statistics to what is stored and what is given add up to."""
    if rows:
        await connection.execute(_WRITE_DELIVERIES, (as_json(rows),))


async def write_events(connection: Connection, rows: Sequence[Row]) -> None:
    """Add the events that are not stored yet."""
    if rows:
        await connection.execute(
            "INSERT INTO delivery_events SELECT * FROM json_to_recordset(%s::json) AS r("
            "tenant text, id text, delivery_id text, intent_id text, recipient text,"
            " channel text, status text, address text, provider text, provider_id text,"
            " reason text, error text, attempt integer, held_until bigint, maybe_repeat boolean,"
            " corrects text, replay text, occurred_at bigint, link text) ON CONFLICT DO NOTHING",
            (as_json(rows),),
        )
