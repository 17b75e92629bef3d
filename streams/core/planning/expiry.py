"""Expiry: until when it is of use to tell something."""

from schemas.checks import LATEST_MS
from schemas.notification import NotificationType
from schemas.reasons import Priority
from schemas.records import Intent

_HIGH = int(Priority.HIGH)
_HOUR_MS = 3_600_000
URGENT_MS = _HOUR_MS  # DESIGN 4, expiry: high and critical,
ALERT_MS = 24 * _HOUR_MS  # alerts,
OTHER_MS = 72 * _HOUR_MS  # and everything else


def expires_at(intent: Intent, kind: NotificationType, *, created_at: int) -> int:
    """Say when an intent expires: as given, else as its type says, else by priority.

    What is to be sent later lives from then on.
    """
    if intent.expires_at:
        return intent.expires_at
    return min(max(created_at, intent.send_at) + _life_ms(intent, kind), LATEST_MS)


def expired(expires_at: int, now: int) -> bool:
    """Say whether the moment of expiry has come; 0 never comes."""
    return 0 < expires_at <= now


def _life_ms(intent: Intent, kind: NotificationType) -> int:
    if kind.expires_s > 0:
        return kind.expires_s * 1000
    if intent.priority >= _HIGH:
        return URGENT_MS
    return ALERT_MS if intent.alert_id or intent.type == "alert" else OTHER_MS
