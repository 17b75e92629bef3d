"""SQL about requests that came with an Idempotency-Key."""

from typing import Any

from connectors.stores.postgres import Connection

Row = dict[str, Any]
SWEPT = 20  # old ones that each new one takes away, so that the table keeps to its day


async def begin(
    connection: Connection,
    *,
    tenant: str,
    key: str,
    request_hash: bytes,
    seed: str,
    run: str,
    keep_s: int,
) -> bool:
    """Note that this run works on a request; False where the key is known."""
    await connection.execute(
        "DELETE FROM idempotency WHERE tenant = %s AND key = %s AND expires_at <= now()",
        (tenant, key),
    )
    found = await connection.execute(
        "INSERT INTO idempotency (tenant, key, request_hash, seed, run, begun_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, now(), now() + make_interval(secs => %s))"
        " ON CONFLICT DO NOTHING RETURNING run",
        (tenant, key, request_hash, seed, run, keep_s),
    )
    if await found.fetchone() is None:
        return False
    await connection.execute(
        "DELETE FROM idempotency WHERE (tenant, key) IN (SELECT tenant, key FROM idempotency"
        " WHERE expires_at <= now() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (SWEPT,),
    )
    return True


async def held(connection: Connection, *, tenant: str, key: str) -> Row | None:
    """Give what is known of a key, and keep others from changing it in this transaction."""
    found = await connection.execute(
        "SELECT request_hash, seed, answer, extract(epoch FROM now() - begun_at)::float8 AS age_s"
        " FROM idempotency WHERE tenant = %s AND key = %s FOR UPDATE",
        (tenant, key),
    )
    return await found.fetchone()


async def take_over(connection: Connection, *, tenant: str, key: str, run: str) -> None:
    """Let another run work on the request."""
    await connection.execute(
        "UPDATE idempotency SET run = %s, begun_at = now() WHERE tenant = %s AND key = %s",
        (run, tenant, key),
    )


async def answer(connection: Connection, *, tenant: str, key: str, run: str, said: bytes) -> None:
    """Keep what was answered, unless another run has taken over."""
    await connection.execute(
        "UPDATE idempotency SET answer = %s WHERE tenant = %s AND key = %s AND run = %s"
        " AND answer IS NULL",
        (said, tenant, key, run),
    )


async def let_go(connection: Connection, *, tenant: str, key: str, run: str) -> None:
    """Let the next one take over at once."""
    await connection.execute(
        "UPDATE idempotency SET begun_at = to_timestamp(0) WHERE tenant = %s AND key = %s"
        " AND run = %s AND answer IS NULL",
        (tenant, key, run),
    )
