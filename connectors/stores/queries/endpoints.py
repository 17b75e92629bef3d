"""SQL about the endpoints that webhooks are posted to."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from connectors.stores.postgres import Connection, SyncConnection, fetch_all

Row = dict[str, Any]

_SHOWN = (
    "tenant, url, headers, ordered, registered_at, disabled_at, disabled_reason,"
    " first_failure_at, last_success_at"
)


async def find(connection: Connection, *, tenant: str, url: str) -> Row | None:
    """Give all that is known of an endpoint, its secrets too."""
    found = await connection.execute(
        f"SELECT {_SHOWN}, secrets FROM webhook_endpoints"  # noqa: S608 - columns named above
        " WHERE tenant = %s AND url = %s".encode(),
        (tenant, url),
    )
    return await found.fetchone()


async def failed(connection: Connection, *, tenant: str, url: str, at: int, since: int) -> int:
    """Note a failure and give the moment of the first of those that nothing has parted since.

    Where that was before `since`, the endpoint is switched off.
    """
    found = await connection.execute(
        "INSERT INTO webhook_endpoints AS e (tenant, url, first_failure_at) VALUES"
        " (%(tenant)s, %(url)s, %(at)s) ON CONFLICT (tenant, url) DO UPDATE SET"
        " first_failure_at = CASE e.first_failure_at WHEN 0 THEN %(at)s"
        " ELSE e.first_failure_at END,"
        " disabled_at = CASE WHEN e.disabled_at = 0 AND e.first_failure_at BETWEEN 1 AND %(since)s"
        " THEN %(at)s ELSE e.disabled_at END,"
        " disabled_reason = CASE WHEN e.disabled_at = 0"
        " AND e.first_failure_at BETWEEN 1 AND %(since)s"
        " THEN 'failing' ELSE e.disabled_reason END"
        " RETURNING first_failure_at",
        {"tenant": tenant, "url": url, "at": at, "since": since},
    )
    row = await found.fetchone()
    return int(row["first_failure_at"]) if row else at


async def succeeded(connection: Connection, *, tenant: str, url: str, at: int) -> None:
    """Note that an endpoint took something, if it is one that is known."""
    await connection.execute(
        "UPDATE webhook_endpoints SET first_failure_at = 0, last_success_at = %s"
        " WHERE tenant = %s AND url = %s",
        (at, tenant, url),
    )


async def gone(connection: Connection, *, tenant: str, url: str, at: int) -> None:
    """Switch an endpoint off that said it is gone."""
    await connection.execute(
        "INSERT INTO webhook_endpoints AS e (tenant, url, disabled_at, disabled_reason)"
        " VALUES (%(tenant)s, %(url)s, %(at)s, 'gone') ON CONFLICT (tenant, url) DO UPDATE SET"
        " disabled_at = %(at)s, disabled_reason = 'gone' WHERE e.disabled_at = 0",
        {"tenant": tenant, "url": url, "at": at},
    )


def register(
    connection: SyncConnection,
    *,
    tenant: str,
    url: str,
    secrets: Sequence[Mapping[str, Any]],
    headers: Mapping[str, str],
    ordered: bool,
    at: int,
) -> bool:
    """Keep an endpoint; False where it is registered already, and then nothing changes."""
    rows = fetch_all(
        connection,
        "INSERT INTO webhook_endpoints AS e (tenant, url, secrets, headers, ordered, registered_at)"
        " VALUES (%s, %s, %s::jsonb, %s::jsonb, %s, %s)"
        " ON CONFLICT (tenant, url) DO UPDATE SET secrets = EXCLUDED.secrets,"
        " headers = EXCLUDED.headers, ordered = EXCLUDED.ordered,"
        " registered_at = EXCLUDED.registered_at WHERE e.registered_at = 0 RETURNING url",
        (tenant, url, _json(secrets), _json(headers), ordered, at),
    )
    return bool(rows)


def secrets_of(connection: SyncConnection, *, tenant: str, url: str) -> list[Row] | None:
    """Give a registered endpoint's secrets, and hold it until the transaction is over."""
    rows = fetch_all(
        connection,
        "SELECT secrets FROM webhook_endpoints WHERE tenant = %s AND url = %s"
        " AND registered_at > 0 FOR UPDATE",
        (tenant, url),
    )
    return list(rows[0]["secrets"]) if rows else None


def set_secrets(
    connection: SyncConnection, *, tenant: str, url: str, secrets: Sequence[Mapping[str, Any]]
) -> None:
    """Keep these secrets in place of those before."""
    fetch_all(
        connection,
        "UPDATE webhook_endpoints SET secrets = %s::jsonb WHERE tenant = %s AND url = %s"
        " RETURNING url",
        (_json(secrets), tenant, url),
    )


def switch(connection: SyncConnection, *, tenant: str, url: str, off_at: int) -> bool:
    """Switch an endpoint off at a moment, or on again (0); False where none is known."""
    rows = fetch_all(
        connection,
        "UPDATE webhook_endpoints SET disabled_at = %s, disabled_reason = %s, first_failure_at ="
        " CASE %s WHEN 0 THEN 0 ELSE first_failure_at END"
        " WHERE tenant = %s AND url = %s RETURNING url",
        (off_at, "operator" if off_at else "", off_at, tenant, url),
    )
    return bool(rows)


def listed(connection: SyncConnection) -> list[Row]:
    """Give every endpoint with the number of its secrets, but none of them."""
    return fetch_all(
        connection,
        f"SELECT {_SHOWN}, jsonb_array_length(secrets) AS secrets"  # noqa: S608 - as above
        " FROM webhook_endpoints ORDER BY tenant, url",
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
