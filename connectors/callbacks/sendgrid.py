"""SendGrid's event webhook: who signed it, and what its events tell. Pure.

SendGrid posts again for a day what it got no 2xx for, and does not say that it signs anew then,
so the signed time may be that old. Nothing is lost by it: a recorded post that comes again names
the same events, with the same ids and the same times, and changes nothing.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connectors.callbacks.mail_status import speaks_of_address
from connectors.callbacks.told import Outcome, Told
from schemas import links
from schemas.links import Receipt
from schemas.reasons import AddressKind, DeliveryStatus, Reason

PROVIDER = "sendgrid"
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
REFERENCE = "tocsin_ref"  # the custom argument that the sink gives each mail

YOUNG_S = 300  # how far its clock may be ahead of ours
OLD_S = 26 * 3600  # a day of retries, and what the last of them may take
_LONGEST_ADDRESS = 320
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")

# Why SendGrid drops a mail unsent, and what that says of the address.
_DROPPED: dict[str, AddressKind] = {
    "bounced address": AddressKind.BOUNCED,
    "invalid": AddressKind.BOUNCED,
    "unsubscribed address": AddressKind.OPTED_OUT,
    "spam reporting address": AddressKind.COMPLAINED,
}
_WISHES: dict[str, AddressKind] = {
    "spamreport": AddressKind.COMPLAINED,
    "unsubscribe": AddressKind.OPTED_OUT,
    "group_unsubscribe": AddressKind.OPTED_OUT,
    "group_resubscribe": AddressKind.OPTED_IN,
}
# A mail that is deferred is one that SendGrid has, and goes on trying to bring out.
_STEPS: dict[str, str] = {
    "processed": DeliveryStatus.SENT,
    "deferred": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "open": "opened",
    "click": "clicked",
}


def verified(body: bytes, headers: Mapping[str, str], *, keys: Sequence[str], now: float) -> bool:
    """Say whether one of these keys signed the bytes, and not too long ago."""
    try:
        signature = base64.b64decode(headers[SIGNATURE], validate=True)
        at = headers[TIMESTAMP]
        if not (at.isascii() and at.isdecimal() and len(at) < 16):
            return False
        if not now - OLD_S <= int(at) <= now + YOUNG_S:
            return False
        return any(_is_signed(at.encode() + body, signature, key) for key in keys)
    except Exception:  # noqa: BLE001 - whatever a forged header breaks, it is not verified
        return False


def _is_signed(content: bytes, signature: bytes, key: str) -> bool:
    try:
        public = load_der_public_key(base64.b64decode(key, validate=True))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(signature, content, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def told(event: Any, *, secret: str, now: int) -> Told | Outcome:
    """Read one event; an Outcome where there is nothing to say of it. `now` in epoch ms."""
    if not isinstance(event, dict):
        return Outcome.INVALID
    of = links.read(Receipt, _text(event.get(REFERENCE)), secret=secret)
    if of is None:
        return Outcome.FOREIGN
    name = _text(event.get("event"))
    at = _moment(event.get("timestamp"), now=now)
    given: dict[str, Any] = {
        "of": of,
        "occurred_at": at,
        "mark": _text(event.get("sg_event_id")) or f"{name}:{at}",
        "provider": PROVIDER,
        "provider_id": _text(event.get("sg_message_id")).partition(".")[0][:200],
        "address": _text(event.get("email"))[:_LONGEST_ADDRESS],
    }
    if name in _STEPS:
        led_to = _text(event.get("url")) if name == "click" else ""
        return Told(**given, status=str(_STEPS[name]), link=led_to)
    if name in _WISHES:
        return Told(**given, kind=_WISHES[name])
    if name == "bounce":
        return _bounced(event, given)
    if name == "dropped":
        return _dropped(event, given)
    return Outcome.IGNORED


def _bounced(event: Mapping[str, Any], given: Mapping[str, Any]) -> Told:
    found = _STATUS.match(_text(event.get("status")))
    status = found[0] if found else ""
    # `blocked` is a no to this mail, or to us; only a bounce speaks of the address.
    hard = _text(event.get("type")) != "blocked" and (not status or speaks_of_address(status))
    return Told(
        **given,
        status=str(DeliveryStatus.FAILED),
        reason=str(Reason.BOUNCED),
        error=f"bounced {status}".strip(),
        kind=AddressKind.BOUNCED if hard else None,
    )


def _dropped(event: Mapping[str, Any], given: Mapping[str, Any]) -> Told:
    why = _text(event.get("reason")).strip().lower()
    return Told(
        **given,
        status=str(DeliveryStatus.FAILED),
        reason=str(Reason.PROVIDER_REFUSED),
        error=f"dropped: {why}" if why in _DROPPED else "dropped",
        kind=_DROPPED.get(why),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any, *, now: int) -> int:
    """Give when it happened in epoch ms: never later than now, and now where nobody says."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        return now
    return min(int(value * 1000), now)
