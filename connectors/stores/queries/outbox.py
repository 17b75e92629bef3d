"""SQL of the outbox: what the sandbox recorded instead of sending it."""

from collections.abc import Mapping
from typing import Any

import orjson

from connectors.stores.postgres import Connection

Row = dict[str, Any]

COLUMNS = (
    "tenant", "delivery_id", "attempt", "replay", "intent_id", "recipient", "channel", "address",
    "subject", "text", "html", "payload", "template", "template_version", "locale", "variant",
    "type", "priority", "lane", "maybe_repeat", "alert_id", "alert_seq", "created_at",
    "recorded_at",
)  # fmt: skip
_LISTED = ", ".join(COLUMNS)
_RECORD = (
    f"INSERT INTO outbox ({_LISTED}) SELECT {_LISTED}"  # noqa: S608 - columns named above
    " FROM json_populate_record(NULL::outbox, %s::json) ON CONFLICT DO NOTHING"
).encode()


async def record(connection: Connection, message: Mapping[str, Any]) -> None:
    """Keep one message, given as its COLUMNS; the same attempt again changes nothing.

    Raises Invalid where PostgreSQL refuses a value, as text with a NUL.
    """
    await connection.execute(_RECORD, (orjson.dumps(dict(message)).decode(),))


async def newest(
    connection: Connection,
    *,
    tenant: str,
    most: int,
    channel: str = "",
    recipient: str = "",
    before: int = 0,
) -> list[Row]:
    """Give what was recorded, newest first; `before` is the `id` of the last row seen."""
    found = await connection.execute(
        f"SELECT id, {_LISTED} FROM outbox WHERE tenant = %(tenant)s"  # noqa: S608
        " AND (%(channel)s::text = '' OR channel = %(channel)s)"
        " AND (%(recipient)s::text = '' OR recipient = %(recipient)s)"
        " AND (%(before)s::bigint = 0 OR id < %(before)s)"
        " ORDER BY id DESC LIMIT %(most)s".encode(),
        {
            "tenant": tenant,
            "channel": channel,
            "recipient": recipient,
            "before": before,
            "most": most,
        },
    )
    return await found.fetchall()
