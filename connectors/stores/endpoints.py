"""Say how an endpoint wants its webhooks, and whether it still takes any.

Served from memory for some seconds, and for as long as PostgreSQL is away.
"""

import asyncio
import base64
import binascii
import re
import secrets as randomness
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from connectors.stores.postgres import Connection, Database
from connectors.stores.queries import endpoints
from schemas.errors import DatabaseUnavailable, Invalid

log = structlog.get_logger("tocsin.endpoints")

PREFIX = "whsec_"
SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64
OVERLAP_MS = 24 * 3_600_000
GIVEN_UP_MS = 5 * 86_400_000  # of nothing but failure
WARNED_MS = 86_400_000  # of it, then told once a day
NOTED_MS = 60_000  # success is written down so often at most
FRESH_S = 10.0
CACHED = 20_000
AT_ONCE = 8  # questions to PostgreSQL: a thousand new endpoints wait here, not for its pool
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?")
_OURS = re.compile(
    r"host|connection|content-.*|transfer-encoding|te|upgrade|trailer|keep-alive|proxy-.*|expect|"
    r"user-agent|webhook-.*|x-webhook-.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Secret:
    """Hold a signing secret as its owner knows it, valid before `until` (0: for good)."""

    text: str = field(repr=False)
    key: bytes = field(repr=False)
    until: int = 0


def secret(text: str, *, until: int = 0) -> Secret:
    """Read `whsec_` and base64; Invalid where it is another thing or too short."""
    encoded = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not 24 <= len(key) <= 64:
        raise Invalid(f"a secret is {PREFIX} and 24 to 64 bytes in base64")
    return Secret(text, key, until)


def new_secret() -> str:
    """Make a secret that nobody can guess."""
    return PREFIX + base64.b64encode(randomness.token_bytes(SECRET_BYTES)).decode()


def check_headers(headers: Mapping[str, str]) -> None:
    """Let pass what may stand in a request beside our own headers; Invalid names what may not."""
    if len(headers) > 20:
        raise Invalid("more than 20 headers")
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or _OURS.fullmatch(name):
            raise Invalid(f"header {name[:100]!r} cannot be set")
        if not _VALUE.fullmatch(value):
            raise Invalid(f"the value of header {name!r} is not printable ASCII of 1 to 4096")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Say how to post to an address, and since when it fails or is switched off."""

    tenant: str
    url: str
    secrets: tuple[Secret, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ordered: bool = False
    disabled_at: int = 0
    disabled_reason: str = ""
    first_failure_at: int = 0
    last_success_at: int = 0
    is_known: bool = False


@dataclass(slots=True)
class _Held:
    endpoint: Endpoint
    fresh_until: float
    warned_at: int = 0


class Endpoints:
    """Look endpoints up in PostgreSQL, remember them, and note how they do."""

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], _Held] = OrderedDict()
        self._looking: dict[tuple[str, str], asyncio.Task[Endpoint]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    def peek(self, tenant: str, url: str) -> Endpoint | None:
        """Give what is remembered of an endpoint, without asking."""
        held = self._held.get((tenant, url))
        return held.endpoint if held else None

    async def find(self, tenant: str, url: str) -> Endpoint:
        """Give an endpoint; one of no row has no secret of its own.

        DatabaseUnavailable where PostgreSQL is away and the endpoint was not seen before.
        """
        key = (tenant, url)
        held = self._held.get(key)
        if held is not None and self._clock() < held.fresh_until:
            return held.endpoint
        looking = self._looking.get(key)
        if looking is None:
            looking = asyncio.get_running_loop().create_task(self._look_up(key))
            self._looking[key] = looking
        try:
            return await asyncio.shield(looking)
        except DatabaseUnavailable:
            if held is None:
                raise
            held.fresh_until = self._clock() + FRESH_S  # leave it alone for a while
            return held.endpoint

    async def succeeded(self, endpoint: Endpoint, *, now: int) -> None:
        """Note that it took something: its failures before count no more."""
        if not endpoint.is_known or (
            not endpoint.first_failure_at and now - endpoint.last_success_at < NOTED_MS
        ):
            return
        self._put(replace(endpoint, first_failure_at=0, last_success_at=now))

        async def write(connection: Connection) -> None:
            await endpoints.succeeded(connection, tenant=endpoint.tenant, url=endpoint.url, at=now)

        await self._note(write)

    async def failed(self, endpoint: Endpoint, *, now: int) -> None:
        """Note that it failed: after five days of nothing else it is switched off."""
        first = endpoint.first_failure_at or now
        self._put(replace(endpoint, first_failure_at=first, is_known=True))
        if endpoint.first_failure_at and now - first < GIVEN_UP_MS:
            self._warn(endpoint, now)
            return

        async def write(connection: Connection) -> None:
            known_first = await endpoints.failed(
                connection,
                tenant=endpoint.tenant,
                url=endpoint.url,
                at=now,
                since=now - GIVEN_UP_MS,
            )
            self._put(replace(endpoint, first_failure_at=known_first, is_known=True))

        await self._note(write)
        if now - first >= GIVEN_UP_MS:
            self._stale(endpoint)

    async def gone(self, endpoint: Endpoint, *, now: int) -> None:
        """Switch an endpoint off that answered 410."""
        self._put(replace(endpoint, disabled_at=now, disabled_reason="gone", is_known=True))
        log.warning("an endpoint is gone and was switched off", **_named(endpoint))

        async def write(connection: Connection) -> None:
            await endpoints.gone(connection, tenant=endpoint.tenant, url=endpoint.url, at=now)

        await self._note(write)

    def _warn(self, endpoint: Endpoint, now: int) -> None:
        held = self._held.get((endpoint.tenant, endpoint.url))
        since = max(endpoint.first_failure_at, held.warned_at if held else 0)
        if held is None or now - since < WARNED_MS:
            return
        held.warned_at = now
        log.warning(
            "an endpoint does nothing but fail and will be switched off",
            failing_h=(now - endpoint.first_failure_at) // 3_600_000,
            off_in_h=(endpoint.first_failure_at + GIVEN_UP_MS - now) // 3_600_000,
            **_named(endpoint),
        )

    async def _note(self, write: Callable[[Connection], Awaitable[None]]) -> None:
        try:
            async with self._database.transaction() as connection:
                await write(connection)
        except DatabaseUnavailable:
            log.warning("how an endpoint does could not be written down")

    async def _look_up(self, key: tuple[str, str]) -> Endpoint:
        tenant, url = key
        try:
            async with self._turn, self._database.transaction() as connection:
                row = await endpoints.find(connection, tenant=tenant, url=url)
        finally:
            self._looking.pop(key, None)
        found = _endpoint(row) if row else Endpoint(tenant, url)
        before = self.peek(tenant, url)
        if found.disabled_reason == "failing" and not (before and before.disabled_at):
            log.warning("an endpoint did nothing but fail and was switched off", **_named(found))
        self._put(found).fresh_until = self._clock() + FRESH_S
        return found

    def _put(self, endpoint: Endpoint) -> _Held:
        key = (endpoint.tenant, endpoint.url)
        held = self._held.setdefault(key, _Held(endpoint, 0.0))
        held.endpoint = endpoint
        self._held.move_to_end(key)
        while len(self._held) > CACHED:
            self._held.popitem(last=False)
        return held

    def _stale(self, endpoint: Endpoint) -> None:
        held = self._held.get((endpoint.tenant, endpoint.url))
        if held is not None:
            held.fresh_until = 0.0


def _named(endpoint: Endpoint) -> dict[str, str]:
    """Name an endpoint in a log: paths and queries of webhooks are often secrets."""
    return {"tenant": endpoint.tenant, "host": endpoint.url.partition("://")[2].partition("/")[0]}


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        tenant=row["tenant"],
        url=row["url"],
        secrets=tuple(secret(each["secret"], until=each["until"]) for each in row["secrets"]),
        headers=tuple(row["headers"].items()),
        ordered=row["ordered"],
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
        first_failure_at=row["first_failure_at"],
        last_success_at=row["last_success_at"],
        is_known=True,
    )
