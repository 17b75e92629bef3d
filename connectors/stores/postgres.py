"""PostgreSQL, behind the only module that imports its library."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import psycopg
import psycopg_pool
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row

from schemas.errors import DatabaseUnavailable, Invalid

Connection: TypeAlias = psycopg.AsyncConnection[DictRow]
SyncConnection: TypeAlias = psycopg.Connection[DictRow]

CONNECT_S = 5
STATEMENT_MS = 15_000  # a question of the inbox takes milliseconds; longer means a wrong plan
WAIT_FOR_CONNECTION_S = 3.0
# The pool doubles its pauses between attempts without bound; a new request begins anew.
RECONNECT_S = 4.0


@contextmanager
def _wrapped() -> Iterator[None]:
    try:
        yield
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg_pool.PoolTimeout,
        psycopg_pool.PoolClosed,
        psycopg_pool.TooManyRequests,
    ) as error:
        raise DatabaseUnavailable(f"PostgreSQL did not answer: {_first_line(error)}") from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise Invalid(f"PostgreSQL refuses the value: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]


def _search_path(schema: str) -> tuple[sql.Composed, sql.SQL]:
    return (
        sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)),
        sql.SQL(f"SET statement_timeout TO {STATEMENT_MS}"),
    )


class Database:
    """Give connections to one schema of a PostgreSQL; DatabaseUnavailable where it is away.

    Opening never waits: a process starts without PostgreSQL and serves when it comes.
    """

    def __init__(self, *, url: str, schema: str, most: int = 8) -> None:
        self.schema = schema
        self._pool: psycopg_pool.AsyncConnectionPool[Connection] = psycopg_pool.AsyncConnectionPool(
            make_conninfo(url, connect_timeout=CONNECT_S, application_name="tocsin"),
            min_size=0,
            max_size=most,
            timeout=WAIT_FOR_CONNECTION_S,
            reconnect_timeout=RECONNECT_S,
            max_waiting=most * 25,
            kwargs={"row_factory": dict_row},
            connection_class=psycopg.AsyncConnection[DictRow],
            configure=self._configure,
            check=psycopg_pool.AsyncConnectionPool.check_connection,
            open=False,
        )

    async def _configure(self, connection: Connection) -> None:
        for statement in _search_path(self.schema):
            await connection.execute(statement)
        await connection.commit()

    async def open(self) -> None:
        """Begin to hold connections."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection; what was done with it is committed at the end, or nothing of it."""
        with _wrapped():
            async with self._pool.connection() as connection:
                yield connection


@contextmanager
def connect(*, url: str, schema: str) -> Iterator[SyncConnection]:
    """Open one connection for a command, committed at the end and closed."""
    with (
        _wrapped(),
        psycopg.connect(
            url, connect_timeout=CONNECT_S, application_name="tocsin-admin", row_factory=dict_row
        ) as connection,
    ):
        connection.execute(_search_path(schema)[0])
        yield connection


def create_schema(connection: SyncConnection, schema: str) -> None:
    """Make the schema where it is missing."""
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))


def run_script(connection: SyncConnection, script: str) -> None:
    """Run several statements that take no parameters."""
    connection.execute(script.encode())


def fetch_all(
    connection: SyncConnection, query: str, values: tuple[Any, ...] = ()
) -> list[DictRow]:
    """Give the rows that a query of ours answers, in a command."""
    return connection.execute(query.encode(), values).fetchall()
