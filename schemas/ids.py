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


def decision_id(tenant: str, subject: str, stage: str, mark: str) -> str:
    """Name a Decision; `mark` tells apart what one stage said of one subject."""
    return _under(tenant, f"decision:{subject}:{stage}:{mark}")


def dead_letter_id(topic: str, partition: int, offset: int) -> str:
    """Name the dead letter of the record at this place."""
    return _under("", f"dead-letter:{topic}:{partition}:{offset}")
