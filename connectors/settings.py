"""Settings of the processes at the edges, one frozen value a theme, all read here and once.

Every field says its meaning, unit, default and reason. A wrong value stops the start with one
sentence that names the variable.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from connectors.linking import Linking, Receiving
from schemas.cluster import Cluster
from schemas.errors import ConfigurationError
from schemas.limits import KIB, REQUEST_BYTES
from schemas.topics import Names

LEAST_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Producing:
    """Say how long and how much a producer may keep before it says no."""

    linger_ms: float = 2.0
    """Milliseconds a record waits for company (2: batches form at 1,500 requests a second, and
    a lone request is hardly later). `TOCSIN_PRODUCER_LINGER_MS`."""

    give_up_s: float = 1.9
    """Seconds after which the caller is told that Kafka is away (1.9: a sender gets its 503
    within two). `TOCSIN_PRODUCER_GIVE_UP_S`."""

    message_timeout_ms: int = 1500
    """Milliseconds after which the client drops an unconfirmed record (1500: below `give_up_s`,
    so that hardly anything that was answered with 503 is still written)."""

    queue_messages: int = 20_000
    """Records kept at most; beyond it the answer is 503 at once (20,000: ten seconds' worth)."""

    queue_kib: int = 64 * KIB
    """KiB kept at most (64 MiB: bounded memory while Kafka is away)."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Say where the HTTP server listens and how patient it is."""

    host: str = "127.0.0.1"
    """Address to listen on (loopback: open it on purpose). `TOCSIN_HOST`."""

    port: int = 8000
    """Port to listen on; 0 chooses a free one. `TOCSIN_PORT`."""

    public_url: str = ""
    """How senders see this server, as `https://alerts.example.org` (empty: as the request says).
    Twilio signs the address it calls. `TOCSIN_PUBLIC_URL`."""

    connections: int = 2000
    """Connections and requests at once; more get a 503 (2000: some 40 MiB of sockets and tasks).
    `TOCSIN_CONNECTIONS`."""

    read_timeout_s: float = 10.0
    """Seconds in which a request's head, and then its body, must have arrived (10: slow senders
    pass, a dripping one does not hold a connection). `TOCSIN_READ_TIMEOUT_S`."""

    idle_timeout_s: int = 75
    """Seconds a kept connection may idle (75: longer than the usual 60 s of load balancers)."""

    head_bytes: int = 32 * KIB
    """Bytes of request line and headers at most (32 KiB)."""

    stop_s: int = 10
    """Seconds that running requests get at a stop."""


@dataclass(frozen=True, slots=True)
class Taking:
    """Say how much one request to ingest may carry."""

    request_bytes: int = REQUEST_BYTES
    """Bytes of a body after decompression (1 MiB). `TOCSIN_REQUEST_BYTES`."""

    inflation: int = 100
    """How many times larger a body may get by decompression, above 64 KiB (100: real JSON stays
    below 30, a bomb of zeros is at 1,029)."""

    form_fields: int = 1000
    """Fields of a form at most (1,000)."""

    signature_tolerance_s: int = 300
    """Seconds that a signed timestamp may be off, either way (300, as Slack and the Standard
    Webhooks specification have it)."""

    replay_memory_s: int = 600
    """Seconds for which a used signature is remembered (600: twice the tolerance)."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Say where PostgreSQL and Redis are."""

    database_url: str = field(default="", repr=False)
    """`postgresql://...`; holds credentials and views. `DATABASE_URL`, required."""

    redis_url: str = field(default="", repr=False)
    """`redis://...`; remembers what was heard (empty: no answer knows of duplicates).
    `REDIS_URL`."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Say by what the tokens of signed-in users are known; one of the two, or none."""

    secret: str = field(default="", repr=False)
    """Secret that HS256 tokens are signed with, 32 bytes or more (empty: no such tokens).
    `TOCSIN_JWT_SECRET`."""

    public_key: str = ""
    """PEM text of the RSA or EC key that RS256 or ES256 tokens are checked with (empty: none).
    `TOCSIN_JWT_PUBLIC_KEY`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold every theme."""

    cluster: Cluster
    names: Names = field(default_factory=Names)
    producing: Producing = field(default_factory=Producing)
    serving: Serving = field(default_factory=Serving)
    taking: Taking = field(default_factory=Taking)
    stores: Stores = field(default_factory=Stores)
    signing: Signing = field(default_factory=Signing)
    linking: Linking = field(default_factory=Linking)
    receiving: Receiving = field(default_factory=Receiving)

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read the environment; ConfigurationError names the variable that cannot be used."""
        if not env.get("DATABASE_URL"):
            raise ConfigurationError("DATABASE_URL is not set; `make up` writes it to .local/env")
        return cls(
            cluster=Cluster.from_env(env),
            names=names(env),
            producing=Producing(
                linger_ms=_number(env, "TOCSIN_PRODUCER_LINGER_MS", 2.0, least=0),
                give_up_s=_number(env, "TOCSIN_PRODUCER_GIVE_UP_S", 1.9, least=0.1),
            ),
            serving=Serving(
                host=env.get("TOCSIN_HOST") or "127.0.0.1",
                port=_whole(env, "TOCSIN_PORT", 8000, least=0, most=65_535),
                public_url=env.get("TOCSIN_PUBLIC_URL", "").rstrip("/"),
                connections=_whole(env, "TOCSIN_CONNECTIONS", 2000, least=1),
                read_timeout_s=_number(env, "TOCSIN_READ_TIMEOUT_S", 10.0, least=0.1),
            ),
            taking=Taking(
                request_bytes=_whole(env, "TOCSIN_REQUEST_BYTES", REQUEST_BYTES, least=KIB)
            ),
            stores=Stores(
                database_url=env["DATABASE_URL"],
                redis_url=env.get("REDIS_URL", ""),
            ),
            signing=signing(env),
            linking=Linking.from_env(env),
            receiving=Receiving.from_env(env),
        )


def signing(env: Mapping[str, str] = os.environ) -> Signing:
    """Read by what tokens are known; a PEM text may stand on one line, its line ends escaped."""
    secret = env.get("TOCSIN_JWT_SECRET", "")
    public_key = env.get("TOCSIN_JWT_PUBLIC_KEY", "").replace("\\n", "\n")
    if secret and public_key:
        raise ConfigurationError("set TOCSIN_JWT_SECRET or TOCSIN_JWT_PUBLIC_KEY, not both")
    # RFC 7518, section 3.2: a key for HS256 has at least as many bits as the hash.
    if secret and len(secret.encode()) < LEAST_SECRET_BYTES:
        raise ConfigurationError(f"TOCSIN_JWT_SECRET must have {LEAST_SECRET_BYTES} bytes or more")
    return Signing(secret, public_key)


def names(env: Mapping[str, str] = os.environ) -> Names:
    """Read the namespace from `TOCSIN_NAMESPACE`."""
    try:
        return Names(env.get("TOCSIN_NAMESPACE", ""))
    except ValueError as wrong:
        raise ConfigurationError(f"TOCSIN_NAMESPACE: {wrong}") from wrong


def _number(env: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    given = env.get(name, "")
    if not given:
        return default
    try:
        value = float(given)
    except ValueError:
        raise ConfigurationError(f"{name} is not a number: {given!r}") from None
    if not least <= value < float("inf"):
        raise ConfigurationError(f"{name} must be at least {least}: {given!r}")
    return value


def _whole(
    env: Mapping[str, str], name: str, default: int, *, least: int, most: int = 2**31
) -> int:
    value = _number(env, name, float(default), least=least)
    if value != int(value) or value > most:
        raise ConfigurationError(f"{name} must be a whole number from {least} to {most}: {value}")
    return int(value)
