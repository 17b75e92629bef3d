"""SQL about who may write the next version of a person's preferences."""

from typing import Any

from connectors.stores.postgres import Connection

Row = dict[str, Any]


async def locked(connection: Connection, *, tenant: str, recipient: str) -> Row:
    """Give the version that was last claimed and how long ago, and keep others waiting.

    They wait until the transaction ends.
    """
    await connection.execute(
        "INSERT INTO preference_claims (tenant, user_id, version, claimed_at)"
        " VALUES (%s, %s, 0, to_timestamp(0)) ON CONFLICT DO NOTHING",
        (tenant, recipient),
    )
    found = await connection.execute(
        "SELECT version, extract(epoch FROM clock_timestamp() - claimed_at)::float8 AS age_s"
        " FROM preference_claims WHERE tenant = %s AND user_id = %s FOR UPDATE",
        (tenant, recipient),
    )
    row = await found.fetchone()
    return row or {"version": 0, "age_s": 0.0}


async def claim(connection: Connection, *, tenant: str, recipient: str, version: int) -> None:
    """Note that this version is being written."""
    await connection.execute(
        "UPDATE preference_claims SET version = %s, claimed_at = clock_timestamp()"
        " WHERE tenant = %s AND user_id = %s",
        (version, tenant, recipient),
    )
