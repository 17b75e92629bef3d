"""SQL about the intents that were accepted over HTTP."""

from collections.abc import Sequence
from typing import Any

from connectors.stores.postgres import Connection
from connectors.stores.queries.views import as_json

Row = dict[str, Any]


async def insert(connection: Connection, rows: Sequence[Row]) -> None:
    """Remember what was accepted; an intent that is known stays as it is.

    A row has every column of the table; times are epoch milliseconds, `channels` may be None.
    """
    if rows:
        await connection.execute(
            "INSERT INTO intents SELECT tenant, id, recipient, template, type, priority,"
            " channels, created_at, expires_at, accepted_at"
            " FROM json_to_recordset(%s::json) AS r(tenant text, id text, recipient text,"
            " template text, type text, priority smallint, channels text[], created_at bigint,"
            " expires_at bigint, accepted_at bigint) ORDER BY 1, 2 ON CONFLICT DO NOTHING",
            (as_json(rows),),
        )


async def get(connection: Connection, *, tenant: str, intent_id: str) -> Row | None:
    """Give what was accepted under an id."""
    found = await connection.execute(
        "SELECT id, recipient, template, type, priority, channels, created_at, expires_at,"
        " accepted_at FROM intents WHERE tenant = %s AND id = %s",
        (tenant, intent_id),
    )
    return await found.fetchone()
