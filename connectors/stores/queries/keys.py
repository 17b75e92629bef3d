"""SQL about API keys and the tokens of sources."""

from typing import Any

from connectors.stores.postgres import Connection, SyncConnection, fetch_all


async def find_live(connection: Connection, token_hash: bytes) -> dict[str, Any] | None:
    """Give the key with this hash unless it is unknown or revoked."""
    found = await connection.execute(
        "SELECT id, tenant, name, scopes, source, signing_secret FROM api_keys"
        " WHERE token_hash = %s AND revoked_at IS NULL",
        (token_hash,),
    )
    return await found.fetchone()


def find_named(connection: SyncConnection, *, tenant: str, name: str) -> dict[str, Any] | None:
    """Give the live key of this name."""
    rows = fetch_all(
        connection,
        "SELECT id, tenant, name, scopes, source, signing_secret, token_hash FROM api_keys"
        " WHERE tenant = %s AND name = %s AND revoked_at IS NULL",
        (tenant, name),
    )
    return rows[0] if rows else None


def insert(
    connection: SyncConnection,
    *,
    key_id: str,
    token_hash: bytes,
    tenant: str,
    name: str,
    scopes: list[str],
    source: str,
    signing_secret: str,
) -> None:
    """Keep a new key; Invalid where tenant and name have a live one."""
    fetch_all(
        connection,
        "INSERT INTO api_keys (id, token_hash, tenant, name, scopes, source, signing_secret)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (key_id, token_hash, tenant, name, scopes, source, signing_secret),
    )


def revoke(connection: SyncConnection, *, tenant: str, name_or_id: str) -> int:
    """Refuse the key from now on, and say how many were meant."""
    rows = fetch_all(
        connection,
        "UPDATE api_keys SET revoked_at = now() WHERE tenant = %s AND revoked_at IS NULL"
        " AND (name = %s OR id = %s) RETURNING id",
        (tenant, name_or_id, name_or_id),
    )
    return len(rows)


def listed(connection: SyncConnection) -> list[dict[str, Any]]:
    """Give every key, newest first, without what is secret."""
    return fetch_all(
        connection,
        "SELECT id, tenant, name, scopes, source, signing_secret <> '' AS signed,"
        " created_at, revoked_at FROM api_keys ORDER BY created_at DESC, id",
    )


def forget_hash(connection: SyncConnection, *, key_id: str) -> None:
    """Let the token of a revoked key be used for a new one."""
    fetch_all(
        connection,
        "UPDATE api_keys SET token_hash = sha256(token_hash || id::bytea) WHERE id = %s"
        " RETURNING id",
        (key_id,),
    )
