"""What leads back to us: how people see this server, what signs links, and who signs receipts.

Read by those who send and by those who receive, so it lies below both.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from schemas.errors import ConfigurationError

LEAST_LINK_SECRET = 16


@dataclass(frozen=True, slots=True)
class Linking:
    """Say under which address people and providers find us, and what signs our links."""

    public_url: str = ""
    """How people see this server, as `https://alerts.example.org` (none: no address of ours
    stands in a message, and no provider is asked for receipts). `TOCSIN_PUBLIC_URL`."""

    secret: str = field(default="", repr=False)
    """What signs links and references (none: there are none). `TOCSIN_LINK_SECRET` (`_FILE`)."""

    @property
    def usable(self) -> bool:
        """Say whether addresses of ours can stand in messages."""
        return bool(self.public_url and self.secret)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the environment; ConfigurationError where the secret is too short to be one."""
        secret = secret_of(env, "TOCSIN_LINK_SECRET")
        if 0 < len(secret) < LEAST_LINK_SECRET:
            raise ConfigurationError(
                f"TOCSIN_LINK_SECRET has fewer than {LEAST_LINK_SECRET} characters"
            )
        return cls(public_url=env.get("TOCSIN_PUBLIC_URL", "").rstrip("/"), secret=secret)


@dataclass(frozen=True, slots=True)
class Receiving:
    """Say what providers sign their receipts with; where nothing is set, theirs are refused."""

    sendgrid_keys: tuple[str, ...] = ()
    """Public keys of SendGrid's signed event webhook, base64, several with commas while one is
    changed. `TOCSIN_SENDGRID_VERIFICATION_KEY`."""

    twilio_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Auth tokens that Twilio signs with, several with commas while one is changed.
    `TOCSIN_TWILIO_VERIFICATION_TOKEN` (`_FILE`), else `TOCSIN_TWILIO_AUTH_TOKEN` (`_FILE`)."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the environment."""
        tokens = secret_of(env, "TOCSIN_TWILIO_VERIFICATION_TOKEN")
        keys = _several(secret_of(env, "TOCSIN_SENDGRID_VERIFICATION_KEY"))
        if not all(map(_is_key, keys)):
            raise ConfigurationError("TOCSIN_SENDGRID_VERIFICATION_KEY is no public key in base64")
        return cls(
            sendgrid_keys=keys,
            twilio_tokens=_several(tokens or secret_of(env, "TOCSIN_TWILIO_AUTH_TOKEN")),
        )


def secret_of(env: Mapping[str, str], name: str) -> str:
    """Read a secret from a variable, or from the file that the variable with `_FILE` names."""
    file = env.get(f"{name}_FILE", "")
    if not file:
        return env.get(name, "").strip()
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f"{name}_FILE cannot be read: {type(wrong).__name__}") from wrong


def _is_key(text: str) -> bool:
    # Late: those who only send need nothing of it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, EllipticCurvePublicKey)


def _several(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[,\s]+", text)))
