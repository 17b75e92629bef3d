"""Do what came with an Idempotency-Key once, however often it is asked."""

import logging
import math
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from connectors.problems import Problem
from connectors.stores.postgres import Connection, Database
from connectors.stores.queries import idempotency
from schemas.errors import DatabaseUnavailable

log = logging.getLogger("tocsin.api")

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_CHARS = 255
KEEP_S = 86_400  # DESIGN 9: a day
CRASHED_S = 60.0  # nothing here takes longer; who has not answered by then has died
_WHERE = f"header.{HEADER}"


@dataclass(frozen=True, slots=True)
class Run:
    """Name one piece of work on a request; whoever repeats it gets the same `seed`."""

    tenant: str
    key: str
    run: str
    seed: str


def checked_key(given: str | None) -> str:
    """Give the key, empty where there is none; Problem 422 where it cannot be one."""
    if given is None:
        return ""
    if not 1 <= len(given) <= KEY_CHARS or not (given.isascii() and given.isprintable()):
        raise Problem(
            422, f"a key has 1 to {KEY_CHARS} characters that can be printed", where=_WHERE
        )
    return given


class Once:
    """Remember requests and their answers for a day, in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, tenant: str, key: str, request_hash: bytes) -> Run | bytes:
        """Take the request on, or give the answer that it had.

        Problem 422 where the key came with another request, 409 while that one is worked on.
        """
        run = Run(tenant, key, run=str(uuid4()), seed=str(uuid4()))
        async with self._database.transaction() as connection:
            begun = await idempotency.begin(
                connection,
                tenant=tenant,
                key=key,
                request_hash=request_hash,
                seed=run.seed,
                run=run.run,
                keep_s=KEEP_S,
            )
            return run if begun else await _again(connection, run, request_hash)

    async def let_go(self, run: Run) -> None:
        """Say that nothing was answered, so that the next try need not wait."""
        with suppress(DatabaseUnavailable):
            async with self._database.transaction() as connection:
                await idempotency.let_go(connection, tenant=run.tenant, key=run.key, run=run.run)


async def _again(connection: Connection, run: Run, request_hash: bytes) -> Run | bytes:
    row = await idempotency.held(connection, tenant=run.tenant, key=run.key)
    if row is None:  # its day ended in between
        raise _busy(1.0)
    if bytes(row["request_hash"]) != request_hash:
        raise Problem(422, "this key came with another body before", where=_WHERE)
    if row["answer"] is not None:
        return bytes(row["answer"])
    if row["age_s"] < CRASHED_S:
        raise _busy(CRASHED_S - row["age_s"])
    log.warning("a request that was begun %.0f s ago is taken over", row["age_s"])
    await idempotency.take_over(connection, tenant=run.tenant, key=run.key, run=run.run)
    return Run(run.tenant, run.key, run.run, row["seed"])


def _busy(for_s: float) -> Problem:
    # It mostly takes milliseconds; only after a crash is the whole minute needed.
    after = min(max(1, math.ceil(for_s)), 5)
    return Problem(
        409,
        "the first request with this key is still worked on",
        where=_WHERE,
        headers={"Retry-After": str(after)},
    )
