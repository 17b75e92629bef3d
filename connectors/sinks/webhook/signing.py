"""Signing: prove to a receiver that a webhook is ours. Pure.

Standard Webhooks (`webhook-signature`, v1) for those who check a time as well, and
`X-Webhook-Signature: sha256=<hex>` over the body alone, as GitHub and many after it have it.
"""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

from connectors.stores.endpoints import Secret


def live(secrets: Sequence[Secret], *, now: int) -> list[Secret]:
    """Give the secrets that are valid at a moment, in epoch ms, newest first."""
    return [secret for secret in secrets if not secret.until or now < secret.until]


def signatures(body: bytes, secrets: Sequence[Secret], *, message: str, at_s: int) -> str:
    """Sign for the `webhook-signature` header, with every secret, so that one can be changed."""
    content = f"{message}.{at_s}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(secret.key, content, sha256)).decode()
        for secret in secrets
    )


def body_signature(body: bytes, secrets: Sequence[Secret]) -> str:
    """Sign for the `X-Webhook-Signature` header, which has room for one signature.

    Of two secrets the older signs while it lives: it is the one that the receiver surely knows.
    The key is the secret's text as its owner was shown it.
    """
    return "sha256=" + hmac.digest(secrets[-1].text.encode(), body, sha256).hex()
