"""Receipts of text messages: what Twilio's status callbacks tell. Pure."""

from connectors.callbacks.told import Outcome, Told
from connectors.callbacks.twilio_requests import Fields
from schemas.links import Receipt
from schemas.reasons import AddressKind, DeliveryStatus, Reason

PROVIDER = "twilio"

_STEPS: dict[str, DeliveryStatus] = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}
# What an error says of the number. Not 30003 (switched off, or out of reach for now), 30004
# (blocked by somebody on the way) nor 30007 (taken for spam): the next message may arrive.
_OF_NUMBER: dict[str, AddressKind] = {
    "21211": AddressKind.GONE,  # no number that can be called
    "21610": AddressKind.OPTED_OUT,  # answered STOP
    "21614": AddressKind.GONE,  # no mobile number
    "30005": AddressKind.GONE,  # unknown, or no longer in service
    "30006": AddressKind.GONE,  # a landline, or a carrier that takes no texts
}


def told(form: Fields, of: Receipt, *, now: int) -> Told | Outcome:
    """Read one status callback; callbacks come in any order, and more than once."""
    said = (form.get("MessageStatus") or form.get("SmsStatus") or "").strip().lower()
    status = _STEPS.get(said)
    if status is None:
        return Outcome.IGNORED
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    failed = status is DeliveryStatus.FAILED
    code = _code(form.get("ErrorCode") or "") if failed else ""
    return Told(
        of=of,
        occurred_at=now,  # no moment is told
        mark=sid,
        provider=PROVIDER,
        status=str(status),
        provider_id=sid[:200],
        reason=str(Reason.UNDELIVERED) if failed else "",
        error=f"{said}, error {code}" if code else (said if failed else ""),
        kind=_OF_NUMBER.get(code),
        address=(form.get("To") or "")[:100],
    )


def _code(text: str) -> str:
    text = text.strip()
    return text if text.isascii() and text.isdecimal() and len(text) <= 6 else ""
