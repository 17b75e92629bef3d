"""Ids that come out the same whenever the same thing is decided again.

All are UUIDv5 under the tenant (RFC 9562, section 5.5), so that a crash repeats ids and every
reader can drop the second copy.
"""

from functools import lru_cache
from hashlib import sha1
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

TOCSIN = UUID("5f0c1a52-8f0e-5c1c-9d4e-3a4f6f1f7c11")


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


@lru_cache(maxsize=4096)
def _tenant(tenant: str) -> "Hash":
    return sha1(uuid5(TOCSIN, tenant).bytes, usedforsecurity=False)


def _under(tenant: str, name: str) -> str:
    # The same digits as uuid.uuid5, at a third of its cost: this runs thrice for every new alert.
    hashed = _tenant(tenant).copy()
    hashed.update(name.encode())
    digits = hashed.hexdigest()
    return (
        f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
    )


def alert_id(tenant: str, fingerprint: str, partition: int, offset: int) -> str:
    """Name the alert that the record at this place of `alerts.raw` opened."""
    return _under(tenant, f"alert:{fingerprint}:{partition}:{offset}")


def change_id(tenant: str, alert: str, seq: int) -> str:
    """Name one change of an alert."""
    return _under(tenant, f"change:{alert}:{seq}")


def alert_intent_id(tenant: str, alert: str, seq: int, recipient: str) -> str:
    """Name the Intent by which a change of an alert tells one recipient."""
    return _under(tenant, f"intent:{alert}:{seq}:{recipient}")


def intent_id(tenant: str, idempotency_key: str, recipient: str, template: str) -> str:
    """Name the Intent that its sender gave an idempotency key."""
    return _under(tenant, f"intent-key:{idempotency_key}:{recipient}:{template}")


def posted_intent_id(tenant: str, seed: str, position: int) -> str:
    """Name the Intent at this place of a request; who repeats the request keeps its seed."""
    return _under(tenant, f"intent-posted:{seed}:{position}")


def placed_intent_id(tenant: str, topic: str, partition: int, offset: int) -> str:
    """Name the Intent that has no other identity than its place on Kafka."""
    return _under(tenant, f"intent-at:{topic}:{partition}:{offset}")


def digest_id(tenant: str, recipient: str, channel: str, digest_key: str, number: int) -> str:
    """Name the Intent that a digest becomes."""
    return _under(tenant, f"digest:{recipient}:{channel}:{digest_key}:{number}")


def delivery_id(tenant: str, intent: str, channel: str, address: str) -> str:
    """Name the Delivery of an intent to one address; the address is empty where none was used."""
    return _under(tenant, f"delivery:{intent}:{channel}:{address}")


def fallback_id(tenant: str, intent: str, channel: str) -> str:
    """Name the Intent by which this one is told on a channel that was not meant at first."""
    return _under(tenant, f"fallback:{intent}:{channel}")


def delivery_event_id(tenant: str, delivery: str, attempt: int, status: str, mark: str = "") -> str:
    """Name a step of a delivery; `mark` is the provider's event id, or empty."""
    return _under(tenant, f"delivery-event:{delivery}:{attempt}:{status}:{mark}")


def address_event_id(tenant: str, recipient: str, mark: str) -> str:
    """Name what became known of an address; `mark` names what it became known from."""
    return _under(tenant, f"address-event:{recipient}:{mark}")


def command_id(tenant: str, alert: str, kind: str, mark: str) -> str:
    """Name what was ordered of an alert; `mark` names what it was ordered by."""
    return _under(tenant, f"command:{alert}:{kind}:{mark}")


def decision_id(tenant: str, subject: str, stage: str, mark: str) -> str:
    """Name a Decision; `mark` tells apart what one stage said of one subject."""
    return _under(tenant, f"decision:{subject}:{stage}:{mark}")


def dead_letter_id(topic: str, partition: int, offset: int) -> str:
    """Name the dead letter of the record at this place."""
    return _under("", f"dead-letter:{topic}:{partition}:{offset}")
