"""What is said of a delivery, an address or an alert when something comes back, and its saying.

Pure but for the Publisher. The same thing said again has the same id, so that every reader can
drop the second copy; `mark` names what it became known from: the provider's id of its event.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from connectors.kafka import Placed
from schemas import ids, keys, topics
from schemas.codec import encode
from schemas.deliveries import AddressEvent, DeliveryEvent, event_key
from schemas.errors import Transient
from schemas.links import Clicked, Opened, Receipt
from schemas.reasons import AddressKind, CommandKind
from schemas.records import AlertCommand
from schemas.topics import Names

LINK_CHARS = 4_000  # of where a link led are worth keeping

Attempt: TypeAlias = Receipt | Opened | Clicked
Said: TypeAlias = DeliveryEvent | AddressEvent | AlertCommand


class Sends(Protocol):
    """Write records to Kafka."""

    def submit(self, topic: str, *, key: bytes, value: bytes | None) -> "asyncio.Future[Placed]":
        """Queue a record and give its place as a future."""


def step(
    of: Attempt,
    status: str,
    *,
    occurred_at: int,
    mark: str,
    provider: str = "",
    provider_id: str = "",
    reason: str = "",
    error: str = "",
    corrects: str = "",
    link: str = "",
) -> DeliveryEvent:
    """State that an attempt came to this, or that it was opened, or a link of it followed.

    What the delivery is (address, subject ...) is not known here: the events before it said that.
    """
    return DeliveryEvent(
        id=ids.delivery_event_id(
            of.tenant, of.delivery, of.attempt, str(status), f"{of.replay}{mark}"
        ),
        delivery_id=of.delivery,
        intent_id=of.intent,
        recipient=of.recipient,
        channel=of.channel,
        status=str(status),
        provider=provider,
        provider_id=provider_id,
        reason=str(reason),
        error=error[:1000],
        attempt=of.attempt,
        corrects=str(corrects),
        replay=of.replay,
        occurred_at=occurred_at,
        tenant=of.tenant,
        fallback_of=of.fallback_of if isinstance(of, Receipt) else "",
        link=link[:LINK_CHARS],
    )


def learned(
    *,
    tenant: str,
    recipient: str,
    channel: str,
    kind: AddressKind,
    occurred_at: int,
    mark: str,
    address: str = "",
    type: str = "",  # noqa: A002 - the record's own word
    reason: str = "",
    actor: str = "",
    delivery_id: str = "",
) -> AddressEvent:
    """State what became known of a recipient's address, or of all of them on a channel."""
    return AddressEvent(
        id=ids.address_event_id(tenant, recipient, f"{kind}:{mark}"),
        recipient=recipient,
        channel=channel,
        kind=str(kind),
        address=address,
        type=type,
        reason=str(reason),
        actor=actor,
        delivery_id=delivery_id,
        occurred_at=occurred_at,
        tenant=tenant,
    )


def acknowledged(
    *,
    tenant: str,
    fingerprint: str,
    alert_id: str,
    actor: str,
    issued_at: int,
    mark: str,
    note: str = "",
) -> AlertCommand:
    """Order that an alert be taken as acknowledged by this person."""
    return AlertCommand(
        kind=str(CommandKind.ACK),
        fingerprint=fingerprint,
        alert_id=alert_id,
        actor=actor,
        note=note,
        issued_at=issued_at,
        id=ids.command_id(tenant, alert_id, str(CommandKind.ACK), mark),
        tenant=tenant,
    )


class Publisher:
    """Write what is said, in its order, to where it belongs."""

    def __init__(self, producer: Sends, names: Names) -> None:
        self._producer = producer
        self._names = names

    async def publish(self, said: Sequence[Said]) -> None:
        """Return when Kafka has all of it; KafkaUnavailable where it has not: say it again."""
        placed: list[asyncio.Future[Placed]] = []
        failed: Transient | None = None
        for each in said:
            topic, key = _place(each)
            try:
                placed.append(
                    self._producer.submit(self._names.topic(topic), key=key, value=encode(each))
                )
            except Transient as full:
                failed = full
                break
        # All are waited for, so that nothing is under way when the caller is answered.
        done = await asyncio.gather(*placed, return_exceptions=True)
        for lost in [failed, *done]:
            if isinstance(lost, BaseException):
                raise lost


def _place(said: Said) -> tuple[topics.Topic, bytes]:
    match said:
        case DeliveryEvent():
            return topics.DELIVERIES_EVENTS, event_key(said)
        case AddressEvent():
            return topics.RECIPIENTS_FEEDBACK, keys.key(said.tenant, said.recipient)
        case AlertCommand():
            return topics.ALERTS_COMMANDS, keys.key(said.tenant, said.fingerprint)
