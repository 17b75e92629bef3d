"""SQL by which an operator looks at dead letters and at how far the views are."""

from typing import Any

from connectors.stores.postgres import SyncConnection, fetch_all

Row = dict[str, Any]


def listed(connection: SyncConnection, *, topic: str, reason: str, most: int) -> list[Row]:
    """Give dead letters without their bytes, newest first; empty words choose all."""
    return fetch_all(
        connection,
        'SELECT id, topic, partition, "offset", stage, reason, error, occurred_at'
        " FROM dead_letters WHERE (%s = '' OR topic = %s) AND (%s = '' OR reason = %s)"
        " ORDER BY occurred_at DESC, id DESC LIMIT %s",
        (topic, topic, reason, reason, most),
    )


def find(connection: SyncConnection, letter_id: str) -> Row | None:
    """Give one dead letter whole."""
    rows = fetch_all(connection, "SELECT * FROM dead_letters WHERE id = %s", (letter_id,))
    return rows[0] if rows else None


def offsets(connection: SyncConnection) -> list[Row]:
    """Give where the views stand in each partition."""
    return fetch_all(
        connection, "SELECT topic, partition, next_offset FROM view_offsets ORDER BY 1, 2"
    )
