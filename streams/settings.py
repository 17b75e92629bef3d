"""What a streams process is told from outside, read once at start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schemas.cluster import Cluster
from schemas.errors import ConfigurationError
from schemas.topics import Names

LEAST_FALLBACK_S = 0.5
MOST_FALLBACK_S = 3600.0  # what is urgent expires by then
LEAST_LINK_SECRET = 16  # characters, as the server that reads the links has it


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold every setting of a streams process."""

    cluster: Cluster
    """Where Kafka is and how to be let in (`KAFKA_*`)."""
    names: Names
    """Prefix of every name (`TOCSIN_NAMESPACE`, default none)."""
    data_dir: Path
    """Folder for what outlives the process; one per worker (`TOCSIN_DATA_DIR`)."""
    instance_id: str | None
    """Static group membership (`TOCSIN_INSTANCE_ID`, default none): a worker that comes back
    under its id within the session takes up its partitions without a rebalance."""
    metrics_port: int
    """Port of `/metrics` and `/health` (`TOCSIN_METRICS_PORT`, default 0: none)."""
    host: str
    """Address that this port is on (`TOCSIN_HOST`, default loopback)."""
    session_s: float
    """Seconds after which the group counts a silent worker out (`TOCSIN_SESSION_S`, default 10:
    after a kill -9 without restart others go on within 20 s)."""
    fallback_s: float
    """Seconds within which something urgent must have arrived, or another channel is asked for
    (`TOCSIN_FALLBACK_S`, default 60)."""
    log_level: str
    """Least level that is logged (`TOCSIN_LOG_LEVEL`, default info)."""
    public_url: str = ""
    """How people see the gateway (`TOCSIN_PUBLIC_URL`, default none): planning puts the address
    by which an alert is acknowledged into messages, where the secret is set too."""
    link_secret: str = field(default="", repr=False)
    """What signs that address (`TOCSIN_LINK_SECRET` or `_FILE`, default none)."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read the environment; ConfigurationError says which variable is wrong."""
        try:
            names = Names(env.get("TOCSIN_NAMESPACE", ""))
            metrics_port = int(env.get("TOCSIN_METRICS_PORT", "0"))
            session_s = float(env.get("TOCSIN_SESSION_S", "10"))
            fallback_s = float(env.get("TOCSIN_FALLBACK_S", "60"))
        except ValueError as error:
            raise ConfigurationError(
                "TOCSIN_NAMESPACE, TOCSIN_METRICS_PORT, TOCSIN_SESSION_S or TOCSIN_FALLBACK_S:"
                f" {error}"
            ) from error
        if not LEAST_FALLBACK_S <= fallback_s <= MOST_FALLBACK_S:
            raise ConfigurationError(
                f"TOCSIN_FALLBACK_S is not within {LEAST_FALLBACK_S:g} to {MOST_FALLBACK_S:g}"
            )
        return cls(
            cluster=Cluster.from_env(env),
            names=names,
            data_dir=Path(env.get("TOCSIN_DATA_DIR", ".local/streams")),
            instance_id=env.get("TOCSIN_INSTANCE_ID") or None,
            metrics_port=metrics_port,
            host=env.get("TOCSIN_HOST") or "127.0.0.1",
            session_s=session_s,
            fallback_s=fallback_s,
            log_level=env.get("TOCSIN_LOG_LEVEL", "info").lower(),
            public_url=env.get("TOCSIN_PUBLIC_URL", "").rstrip("/"),
            link_secret=_link_secret(env),
        )


def _link_secret(env: Mapping[str, str]) -> str:
    file, secret = env.get("TOCSIN_LINK_SECRET_FILE", ""), env.get("TOCSIN_LINK_SECRET", "")
    try:
        secret = (Path(file).read_text() if file else secret).strip()
    except (OSError, UnicodeDecodeError) as wrong:
        why = f"TOCSIN_LINK_SECRET_FILE cannot be read: {type(wrong).__name__}"
        raise ConfigurationError(why) from wrong
    if 0 < len(secret) < LEAST_LINK_SECRET:
        raise ConfigurationError(
            f"TOCSIN_LINK_SECRET has fewer than {LEAST_LINK_SECRET} characters"
        )
    return secret
