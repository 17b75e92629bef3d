"""Intents: who an intent is, and whether it can be planned at all."""

from msgspec.structs import replace

from schemas import ids
from schemas.errors import Invalid
from schemas.reasons import IntentKind, Priority
from schemas.records import Intent
from streams.core.event_time import event_time

KEY_CHARS = 255  # as the Idempotency-Key header allows
ID_CHARS = 512
MOST_CHANNELS = 20  # each yields an event, even one that nobody knows

_LOW, _CRITICAL = int(Priority.LOW), int(Priority.CRITICAL)
_WORDLESS = frozenset({IntentKind.WAKE.value, IntentKind.FALLBACK.value})
_KINDS = frozenset(kind.value for kind in IntentKind)


def identified(
    intent: Intent, *, topic: str, partition: int, offset: int, timestamp: int
) -> Intent:
    """Fill in the id and when it was created; Invalid where it cannot be planned.

    `topic` is without namespace. A sender's clock too far ahead of Kafka's is not believed.
    """
    _check(intent)
    return replace(
        intent,
        id=intent.id or _id(intent, topic=topic, partition=partition, offset=offset),
        created_at=event_time(intent.created_at, timestamp=timestamp).at,
    )


def _id(intent: Intent, *, topic: str, partition: int, offset: int) -> str:
    tenant, recipient = intent.tenant, intent.recipient
    if intent.alert_id and intent.alert_seq > 0:
        return ids.alert_intent_id(tenant, intent.alert_id, intent.alert_seq, recipient)
    if intent.idempotency_key:
        return ids.intent_id(tenant, intent.idempotency_key, recipient, intent.template)
    return ids.placed_intent_id(tenant, topic, partition, offset)


def _check(intent: Intent) -> None:
    if intent.kind not in _KINDS:
        raise Invalid(f"kind: {intent.kind[:40]!r} is none of {', '.join(sorted(_KINDS))}")
    if not intent.recipient:
        raise Invalid("recipient: missing")
    if not _LOW <= intent.priority <= _CRITICAL:
        raise Invalid(f"priority: {intent.priority} is not within 0 to 3")
    if intent.kind in _WORDLESS:
        if not intent.id:
            raise Invalid(f"id: missing, and a {intent.kind} is for the intent it names")
    elif not (intent.template or intent.subject or intent.body):
        raise Invalid("template: missing, and neither subject nor body takes its place")
    if intent.channels is not None and len(intent.channels) > MOST_CHANNELS:
        raise Invalid(f"channels: {len(intent.channels)} are more than {MOST_CHANNELS}")
    if (
        len(intent.id) > ID_CHARS
        or len(intent.idempotency_key) > KEY_CHARS
        or len(intent.digest_key) > KEY_CHARS
    ):
        _refuse_long(intent)


def _refuse_long(intent: Intent) -> None:
    for name, most in (("id", ID_CHARS), ("idempotency_key", KEY_CHARS), ("digest_key", KEY_CHARS)):
        length = len(getattr(intent, name))
        if length > most:
            raise Invalid(f"{name}: {length} characters are more than {most}")
