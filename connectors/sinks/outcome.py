"""What an answer makes of a delivery, and what is published of it.

Pure: the moment and the draw are arguments, so the same record and event give the same
outputs, word for word, however often they are published.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors.sinks import retry
from connectors.sinks.sink import Answer, Later, Refused, Sent, Unknown, Withheld
from schemas import headers, ids, keys, topics
from schemas.codec import encode
from schemas.deliveries import AddressEvent, Delivery, DeliveryEvent, Scheduled, event_key
from schemas.limits import DEAD_LETTER_VALUE_BYTES
from schemas.reasons import DeliveryStatus, Lane, Outcome, Reason, Stage, SubjectKind
from schemas.records import DeadLetter, Decision
from schemas.topics import Topic


@dataclass(frozen=True, slots=True)
class Origin:
    """Hold a record as it lay on Kafka; `topic` is the name on the cluster."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """Hold a record to be published."""

    topic: Topic
    key: bytes
    value: bytes


def step(
    delivery: Delivery,
    status: DeliveryStatus,
    *,
    now: int,
    provider: str = "",
    provider_id: str = "",
    reason: str = "",
    error: str = "",
    until: int = 0,
) -> DeliveryEvent:
    """State that a delivery came to this; the same step again has the same id."""
    parked = f"parked-{delivery.parked}" if status is DeliveryStatus.HELD else ""
    mark = f"{delivery.replay}{parked}"
    return DeliveryEvent(
        id=ids.delivery_event_id(delivery.tenant, delivery.id, delivery.attempt, str(status), mark),
        delivery_id=delivery.id,
        status=str(status),
        provider=provider,
        provider_id=provider_id,
        reason=str(reason),
        error=error[:1000],
        until=until,
        occurred_at=now,
        **{name: getattr(delivery, name) for name in _SAME},
    )


_SAME = (
    "intent_id", "recipient", "channel", "address", "attempt", "maybe_repeat", "replay",
    "created_at", "template", "template_version", "locale", "variant", "type", "priority", "lane",
    "subject", "alert_id", "alert_seq", "ends", "tenant", "fallback_of",
)  # fmt: skip


def after(
    delivery: Delivery,
    answer: Answer,
    *,
    provider: str,
    now: int,
    draw: float,
    ladders: retry.Ladders = retry.LADDERS,
) -> DeliveryEvent:
    """Say what the provider's answer makes of the delivery.

    `provider` is the sink's, and stands where the answer names none.
    """
    provider = answer.provider or provider
    match answer:
        case Sent(provider_id, final):
            status = DeliveryStatus.DELIVERED if final else DeliveryStatus.SENT
            return step(delivery, status, now=now, provider=provider, provider_id=provider_id)
        case Refused(why, reason):
            return step(
                delivery,
                DeliveryStatus.FAILED,
                now=now,
                provider=provider,
                reason=reason,
                error=why,
            )
        case Withheld(why, reason):
            status = DeliveryStatus.SUPPRESSED
            return step(delivery, status, now=now, provider=provider, reason=reason, error=why)
        case Later() | Unknown():
            wait_s = retry.wait_s(
                answer,
                attempt=delivery.attempt,
                lane=delivery.lane,
                draw=draw,
                ladders=ladders,
            )
            return _again(delivery, answer, provider=provider, now=now, wait_s=wait_s)


def _again(
    delivery: Delivery,
    answer: Later | Unknown,
    *,
    provider: str,
    now: int,
    wait_s: float | None,
) -> DeliveryEvent:
    if wait_s is None:
        return step(
            delivery,
            DeliveryStatus.FAILED,
            now=now,
            provider=provider,
            reason=Reason.ATTEMPTS_USED_UP,
            error=answer.why,
        )
    return step(
        delivery,
        DeliveryStatus.RETRYING,
        now=now,
        provider=provider,
        reason=Reason.UNKNOWN_ANSWER if isinstance(answer, Unknown) else answer.reason,
        error=answer.why,
        until=now + int(wait_s * 1000),
    )


def parked(
    delivery: Delivery,
    reason: Reason,
    *,
    now: int,
    draw: float,
    between: Sequence[float] = retry.PARKED_S,
) -> DeliveryEvent:
    """Say that the delivery waits without using up an attempt."""
    until = now + int(retry.parked_s(delivery.parked, draw=draw, between=between) * 1000)
    return step(delivery, DeliveryStatus.HELD, now=now, reason=reason, until=until)


def outputs(
    origin: Origin, delivery: Delivery, event: DeliveryEvent, *, kind: str = ""
) -> tuple[Output, ...]:
    """Make all that is published when a delivery came to this step.

    `kind` is what became known of the address, or empty.
    """
    made = [Output(topics.DELIVERIES_EVENTS, event_key(event), encode(event))]
    if event.status in {DeliveryStatus.RETRYING, DeliveryStatus.HELD}:
        made.append(_scheduled(origin, delivery, event))
    if event.status == DeliveryStatus.FAILED:
        made.append(dead_letter(origin, event.reason, event.error, now=event.occurred_at))
    if kind:
        made.append(_feedback(delivery, event, kind))
    return tuple(made)


def _scheduled(origin: Origin, delivery: Delivery, event: DeliveryEvent) -> Output:
    if event.status == DeliveryStatus.HELD:
        then = msgspec.structs.replace(delivery, parked=delivery.parked + 1)
    else:
        then = msgspec.structs.replace(
            delivery,
            attempt=delivery.attempt + 1,
            parked=0,
            maybe_repeat=event.maybe_repeat or event.reason == Reason.UNKNOWN_ANSWER,
        )
    item = Scheduled(
        id=f"deliver:{then.id}:{then.replay}:{then.attempt}:{then.parked}",
        due_at=event.until,
        topic=topics.DELIVERIES[then.channel, then.lane].name,
        key=origin.key,
        value=encode(then),
        urgent=then.lane == Lane.URGENT,
        tenant=then.tenant,
    )
    return Output(topics.SCHEDULED, keys.key(item.tenant, item.id), encode(item))


def _feedback(delivery: Delivery, event: DeliveryEvent, kind: str) -> Output:
    learned = AddressEvent(
        id=ids.address_event_id(delivery.tenant, delivery.recipient, event.id),
        recipient=delivery.recipient,
        channel=delivery.channel,
        kind=kind,
        address=delivery.address,
        reason=event.reason,
        actor=f"sink:{event.provider}",
        delivery_id=delivery.id,
        occurred_at=event.occurred_at,
        tenant=delivery.tenant,
    )
    key = keys.key(delivery.tenant, delivery.recipient)
    return Output(topics.RECIPIENTS_FEEDBACK, key, encode(learned))


def dead_letter(origin: Origin, reason: str, error: str, *, now: int) -> Output:
    """Keep the record as it came, with the reason."""
    letter = DeadLetter(
        id=ids.dead_letter_id(origin.topic, origin.partition, origin.offset),
        topic=origin.topic,
        partition=origin.partition,
        offset=origin.offset,
        stage=str(Stage.SINK),
        reason=str(reason),
        error=error[:1000],
        key=origin.key,
        value=origin.value[:DEAD_LETTER_VALUE_BYTES],
        truncated=len(origin.value) > DEAD_LETTER_VALUE_BYTES,
        headers=list(origin.headers),
        timestamp=origin.timestamp,
        occurred_at=now,
    )
    return Output(topics.DEAD_LETTERS, origin.key, encode(letter))


def dropped(origin: Origin, delivery: Delivery, *, now: int) -> Output:
    """Say that this attempt was dropped because a later one is on its way or done."""
    decision = Decision(
        id=ids.decision_id(
            delivery.tenant,
            delivery.id,
            Stage.SINK,
            f"{origin.topic}/{origin.partition}/{origin.offset}",
        ),
        subject_kind=str(SubjectKind.DELIVERY),
        subject_id=delivery.id,
        stage=str(Stage.SINK),
        outcome=str(Outcome.DROPPED),
        reason=str(Reason.ATTEMPT_TAKEN),
        detail=f"attempt {delivery.attempt}",
        occurred_at=now,
        tenant=delivery.tenant,
    )
    return Output(topics.DECISIONS, keys.key(delivery.tenant, delivery.id), encode(decision))


def carried(given: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Keep of a record's headers those that its outputs bear as well."""
    return list(headers.carried(given))
