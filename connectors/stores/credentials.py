"""Say whom a token belongs to, quickly and also while PostgreSQL is away."""

import asyncio
import base64
import binascii
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from connectors.stores.postgres import Database
from connectors.stores.queries import keys
from schemas.errors import DatabaseUnavailable

PREFIX = "toc_"
TOKEN_BYTES = 24  # 192 bits; SAFETY asks for 128 at least
LONGEST_TOKEN = 200

FRESH_S = 60.0  # how long a revoked key may still be taken
REFUSED_S = 5.0  # how long a new key may still be refused
RETRY_S = 2.0  # how long PostgreSQL is left alone after it did not answer
CACHED = 10_000


class Scope(StrEnum):
    """Name what a token may do; `admin` includes the rest."""

    INGEST = "ingest"
    READ = "read"
    WRITE = "write"
    INTENTS = "intents"
    RECEIPTS = "receipts"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Credential:
    """Say who a token stands for and what it may do.

    `source` is set where the token is a source's own address. A set `signing_secret` is to be
    checked in addition.
    """

    id: str
    tenant: str
    name: str
    scopes: frozenset[str]
    source: str = ""
    signing_secret: str = field(default="", repr=False)

    def allows(self, scope: Scope) -> bool:
        """Say whether the token may do this."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def new_token() -> str:
    """Make a token that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Give what is kept of a token."""
    return sha256(token.encode()).digest()


def presented(authorization: str) -> Iterator[str]:
    """Give the tokens that an Authorization header may hold: a bearer's, or HTTP basic's."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        yield rest.strip()
    elif scheme.lower() == "basic":
        try:
            user, _, password = (
                base64.b64decode(rest.strip(), validate=True).decode().partition(":")
            )
        except (binascii.Error, ValueError):
            return
        # Twilio and Alertmanager let their users fill in either.
        yield from filter(None, (password, user))


@dataclass(frozen=True, slots=True)
class _Answer:
    credential: Credential | None
    fresh_until: float


class Credentials:
    """Look tokens up in PostgreSQL and remember the answers.

    Known tokens are served from memory for a minute, and for as long as PostgreSQL is away;
    refused ones for five seconds. Tokens are remembered by their hash alone. However many ask
    for the same token at once, PostgreSQL is asked once.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, _Answer] = OrderedDict()
        self._refused: OrderedDict[bytes, _Answer] = OrderedDict()
        self._looking: dict[bytes, asyncio.Task[Credential | None]] = {}
        self._away_until = 0.0

    async def find(self, token: str) -> Credential | None:
        """Give whom the token belongs to, None where it is unknown or revoked.

        DatabaseUnavailable where PostgreSQL is away and the token was not seen before.
        """
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        digest = token_hash(token)
        now = self._clock()
        held = self._known.get(digest) or self._refused.get(digest)
        if held is not None and now < held.fresh_until:
            return held.credential
        stale = held.credential if held is not None else None
        if now < self._away_until:
            return _or_unavailable(stale)
        looking = self._looking.get(digest)
        if looking is None:
            looking = asyncio.get_running_loop().create_task(self._look_up(digest))
            self._looking[digest] = looking
        try:
            # One who goes away takes the answer from nobody else.
            return await asyncio.shield(looking)
        except DatabaseUnavailable:
            return _or_unavailable(stale)

    async def _look_up(self, digest: bytes) -> Credential | None:
        try:
            credential = await self._ask(digest)
            self._remember(digest, credential)
        except DatabaseUnavailable:
            self._away_until = self._clock() + RETRY_S
            raise
        finally:
            del self._looking[digest]
        return credential

    async def _ask(self, digest: bytes) -> Credential | None:
        async with self._database.transaction() as connection:
            row = await keys.find_live(connection, digest)
        if row is None:
            return None
        return Credential(
            id=row["id"],
            tenant=row["tenant"],
            name=row["name"],
            scopes=frozenset(row["scopes"]),
            source=row["source"],
            signing_secret=row["signing_secret"],
        )

    def _remember(self, digest: bytes, credential: Credential | None) -> None:
        known, refused = self._known, self._refused
        into, other = (known, refused) if credential else (refused, known)
        other.pop(digest, None)
        into[digest] = _Answer(credential, self._clock() + (FRESH_S if credential else REFUSED_S))
        into.move_to_end(digest)
        while len(into) > CACHED:
            into.popitem(last=False)


def _or_unavailable(stale: Credential | None) -> Credential:
    if stale is None:
        raise DatabaseUnavailable("PostgreSQL is away and this token is not known yet")
    return stale
