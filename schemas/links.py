"""Links: the signed addresses that stand in messages, and what they mean when they come back.

Pure. A token says all that its page needs, so nothing is kept for it and none ever lapses; who
changes a letter of it, or has no secret, has no token.
"""

import base64
import binascii
import hmac
import json
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import TypeAlias, TypeVar

LONGEST = 8192  # a token that is read: an address in it may be of 2,000 characters and more
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Say who wants to hear no more of what type by which channel; an empty type is all."""

    tenant: str
    recipient: str
    type: str
    channel: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Name the attempt of a delivery that a provider reports of, and for what it stood in."""

    tenant: str
    intent: str
    delivery: str
    recipient: str
    channel: str
    attempt: int
    replay: str = ""
    fallback_of: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """Name the delivery whose picture was asked for."""

    tenant: str
    intent: str
    delivery: str
    recipient: str
    channel: str
    attempt: int
    replay: str = ""


@dataclass(frozen=True, slots=True)
class Clicked:
    """Name the delivery whose link was followed, and where it leads."""

    tenant: str
    intent: str
    delivery: str
    recipient: str
    channel: str
    attempt: int
    replay: str
    url: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say who takes which alert in hand by following the link."""

    tenant: str
    fingerprint: str
    alert_id: str
    recipient: str


Link: TypeAlias = Unsubscribe | Receipt | Opened | Clicked | Acknowledge
L = TypeVar("L", Unsubscribe, Receipt, Opened, Clicked, Acknowledge)

# Where each leads; a Receipt is no page, but what a provider carries back to us.
PATHS: dict[type[Link], str] = {
    Unsubscribe: "/u/",
    Opened: "/o/",
    Clicked: "/c/",
    Acknowledge: "/a/",
}
# Part of what is signed: a token for one purpose, or of another version, is none for this one.
_PURPOSES: dict[type[Link], bytes] = {
    Unsubscribe: b"tocsin:unsubscribe:1:",
    Receipt: b"tocsin:receipt:1:",
    Opened: b"tocsin:opened:1:",
    Clicked: b"tocsin:clicked:1:",
    Acknowledge: b"tocsin:acknowledge:1:",
}


def token(link: Link, *, secret: str) -> str:
    """Write a link so that it can stand in an address; the same link gives the same token."""
    fields = astuple(link)
    if isinstance(link, Receipt) and not link.fallback_of:
        fields = fields[:-1]  # nearly always, and every address is the longer for it
    said = json.dumps(fields, separators=(",", ":")).encode()
    return _written(_mac(type(link), said, secret) + said)


def read(kind: type[L], given: str, *, secret: str) -> L | None:
    """Read a token of ours of this kind; None for whatever else."""
    if not given.isascii() or len(given) > LONGEST or not secret:
        return None
    try:
        whole = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    mac, said = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
    # Base64 has several forms of one text; only the one that we wrote is a token.
    if not hmac.compare_digest(mac, _mac(kind, said, secret)) or given != _written(whole):
        return None
    return kind(*json.loads(said))


def url(public_url: str, link: Link, *, secret: str) -> str:
    """Give the address of a link's page below the address at which people see this server."""
    return f"{public_url.rstrip('/')}{PATHS[type(link)]}{token(link, secret=secret)}"


def _written(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def _mac(kind: type[Link], said: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSES[kind] + said, sha256)
