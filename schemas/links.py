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

PATH = "/u/"
# Part of what is signed: a token for one purpose, or of another version, is none for this one.
_PURPOSE = b"tocsin:unsubscribe:1:"
_LONGEST = 2048
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Say who wants to hear no more of what type by which channel; an empty type is all."""

    tenant: str
    recipient: str
    type: str
    channel: str


def token(wish: Unsubscribe, *, secret: str) -> str:
    """Write the wish so that it can stand in an address; the same wish gives the same token."""
    said = json.dumps(astuple(wish), separators=(",", ":")).encode()
    return _written(_mac(said, secret) + said)


def read(given: str, *, secret: str) -> Unsubscribe | None:
    """Read a token of ours; None for whatever else."""
    if not given.isascii() or len(given) > _LONGEST or not secret:
        return None
    try:
        whole = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    mac, said = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
    # Base64 has several forms of one text; only the one that we wrote is a token.
    if not hmac.compare_digest(mac, _mac(said, secret)) or given != _written(whole):
        return None
    return Unsubscribe(*json.loads(said))


def unsubscribe_url(public_url: str, wish: Unsubscribe, *, secret: str) -> str:
    """Give the address that takes the wish, by a visit or by a one-click POST (RFC 8058)."""
    return f"{public_url.rstrip('/')}{PATH}{token(wish, secret=secret)}"


def _written(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def _mac(said: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE + said, sha256)
