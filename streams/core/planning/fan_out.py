"""Fan out: one Delivery an address, one DeliveryEvent a step, under ids that never differ."""

from schemas import deliveries, ids, keys, topics
from schemas.reasons import NO_CHANNEL, DeliveryStatus, Lane, Priority
from schemas.records import Intent
from schemas.topics import Topic
from streams.core.rendering.render import Rendered

_HIGH = int(Priority.HIGH)
_QUEUED = DeliveryStatus.QUEUED.value
FIRST = 1  # the attempt that planning asks for


def lane(priority: int) -> Lane:
    """Choose the lane of a priority: high and critical are urgent."""
    return Lane.URGENT if priority >= _HIGH else Lane.NORMAL


def topic(*, channel: str, lane: str) -> Topic:
    """Name the topic of a channel's deliveries in a lane; KeyError for a channel there is not."""
    return topics.DELIVERIES[channel, lane]


def key(intent: Intent) -> bytes:
    """Make the key of an intent's deliveries: its recipient's."""
    return keys.key(intent.tenant, intent.recipient)


def delivery(
    intent: Intent,
    *,
    channel: str,
    address: str,
    rendered: Rendered,
    lane: str,
    created_at: int,
    expires_at: int,
    template_version: str = "",
    variant: str = "",
    fallback_of: str = "",
) -> deliveries.Delivery:
    """Make the Delivery of an intent to one address on one channel.

    The intent must have its id; `created_at` is when this channel was planned first.
    """
    return deliveries.Delivery(
        id=ids.delivery_id(intent.tenant, intent.id, channel, address),
        intent_id=intent.id,
        recipient=intent.recipient,
        channel=channel,
        address=address,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        payload=rendered.payload,
        template=intent.template,
        template_version=template_version,
        locale=rendered.locale,
        variant=variant,
        type=intent.type,
        priority=intent.priority,
        lane=lane,
        attempt=FIRST,
        alert_id=intent.alert_id,
        alert_seq=intent.alert_seq,
        ends=intent.ends,
        created_at=created_at,
        expires_at=expires_at,
        tenant=intent.tenant,
        fallback_of=fallback_of,
    )


def event(
    intent: Intent,
    *,
    channel: str = NO_CHANNEL,
    status: str,
    reason: str = "",
    address: str = "",
    lane: str,
    created_at: int,
    occurred_at: int,
    until: int = 0,
    error: str = "",
    mark: str = "",
    subject: str = "",
    locale: str = "",
    template_version: str = "",
    variant: str = "",
    fallback_of: str = "",
) -> deliveries.DeliveryEvent:
    """State a step of an intent on one channel, or of the whole where channel is `none`.

    `address` is empty where no address was used or is known yet. `mark` tells apart steps of one
    status, as the second hold of a delivery from the first.
    """
    delivery_id = ids.delivery_id(intent.tenant, intent.id, channel, address)
    attempt = FIRST if status == _QUEUED else 0
    return deliveries.DeliveryEvent(
        delivery_id=delivery_id,
        intent_id=intent.id,
        recipient=intent.recipient,
        channel=channel,
        status=status,
        address=address,
        reason=reason,
        error=error,
        attempt=attempt,
        until=until,
        occurred_at=occurred_at,
        created_at=created_at,
        template=intent.template,
        template_version=template_version,
        locale=locale,
        variant=variant,
        type=intent.type,
        priority=intent.priority,
        lane=lane,
        subject=subject or intent.subject,
        alert_id=intent.alert_id,
        alert_seq=intent.alert_seq,
        ends=intent.ends,
        id=ids.delivery_event_id(intent.tenant, delivery_id, attempt, status, mark),
        tenant=intent.tenant,
        fallback_of=fallback_of,
    )


def queued(delivery: deliveries.Delivery, *, occurred_at: int) -> deliveries.DeliveryEvent:
    """State that a Delivery was handed to its sink's topic."""
    return deliveries.DeliveryEvent(
        delivery_id=delivery.id,
        intent_id=delivery.intent_id,
        recipient=delivery.recipient,
        channel=delivery.channel,
        status=_QUEUED,
        address=delivery.address,
        attempt=delivery.attempt,
        occurred_at=occurred_at,
        created_at=delivery.created_at,
        template=delivery.template,
        template_version=delivery.template_version,
        locale=delivery.locale,
        variant=delivery.variant,
        type=delivery.type,
        priority=delivery.priority,
        lane=delivery.lane,
        subject=delivery.subject,
        alert_id=delivery.alert_id,
        alert_seq=delivery.alert_seq,
        ends=delivery.ends,
        id=ids.delivery_event_id(delivery.tenant, delivery.id, delivery.attempt, _QUEUED),
        tenant=delivery.tenant,
        fallback_of=delivery.fallback_of,
    )
