"""The records of a delivery's life, from planning through the sinks to what analytics read.

Like `schemas.records`, field for field what `schemas/avro/*.avsc` say.
"""

from typing import Any, ClassVar

from msgspec import field

from schemas import keys
from schemas.records import DEFAULT_TENANT, Record


class Delivery(Record, frozen=True, kw_only=True, gc=False):
    """Carry one rendered message for one address on one channel.

    `payload` is what a channel needs beside the texts, as JSON (a webhook's body, a push's data).
    `attempt` counts from 1; `replay` is empty but where an operator sends it anew.
    `created_at` is when the intent's channel was planned, and stays over attempts and holds.
    `ends` says that this tells the end of what `alert_id` told before.
    `fallback_of` is the id of the intent of which another channel did not arrive; empty mostly.
    """

    AVRO: ClassVar[str] = "delivery"

    id: str
    intent_id: str
    recipient: str
    channel: str
    address: str
    subject: str = ""
    text: str = ""
    html: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    template: str = ""
    template_version: str = ""
    locale: str = ""
    variant: str = ""
    type: str = ""
    priority: int = 1
    lane: str = "normal"
    attempt: int = 1
    parked: int = 0
    replay: str = ""
    maybe_repeat: bool = False
    alert_id: str = ""
    alert_seq: int = 0
    ends: bool = False
    created_at: int = 0
    expires_at: int = 0
    tenant: str = DEFAULT_TENANT
    fallback_of: str = ""


class DeliveryEvent(Record, frozen=True, kw_only=True, gc=False):
    """State one step of a delivery's life.

    An intent that is dropped whole has one event, of channel `none`.
    `until` says how long a `held` or `retrying` delivery waits.
    `maybe_repeat` says that the provider may have been called twice for it.
    `corrects` names the status that a late receipt overrules.
    `created_at` is the delivery's, `occurred_at` the step's.
    `fallback_of` is the delivery's; such an event lies under that intent's id (event_key).
    `link` is where a link led that was followed.
    """

    AVRO: ClassVar[str] = "delivery_event"

    delivery_id: str
    intent_id: str
    recipient: str
    channel: str
    status: str
    address: str = ""
    provider: str = ""
    provider_id: str = ""
    reason: str = ""
    error: str = ""
    attempt: int = 0
    until: int = 0
    maybe_repeat: bool = False
    corrects: str = ""
    replay: str = ""
    occurred_at: int = 0
    created_at: int = 0
    template: str = ""
    template_version: str = ""
    locale: str = ""
    variant: str = ""
    type: str = ""
    priority: int = 1
    lane: str = "normal"
    subject: str = ""
    alert_id: str = ""
    alert_seq: int = 0
    ends: bool = False
    id: str = ""
    tenant: str = DEFAULT_TENANT
    fallback_of: str = ""
    link: str = ""


def event_key(event: DeliveryEvent) -> bytes:
    """Make the key of an event: its intent's id, or that of the intent it stands in for.

    So all that became of one matter lies in order, whichever channel was tried.
    """
    return keys.key(event.tenant, event.fallback_of or event.intent_id)


class AddressEvent(Record, frozen=True, kw_only=True, gc=False):
    """State what became known of an address: kinds are `schemas.reasons.AddressKind`.

    `type` narrows an opt-out or opt-in to one type of notification; empty means all.
    An empty `address` with a channel means every address of the recipient on it.
    """

    AVRO: ClassVar[str] = "address_event"

    recipient: str
    channel: str
    kind: str
    address: str = ""
    type: str = ""
    reason: str = ""
    actor: str = ""
    delivery_id: str = ""
    occurred_at: int = 0
    id: str = ""
    tenant: str = DEFAULT_TENANT


class Scheduled(Record, frozen=True, kw_only=True, gc=False):
    """Ask that a record be written to a topic at a moment, or (`cancel`) that it be not.

    The same id again moves the moment. `topic` is without namespace and one of
    `schemas.topics.WAKEABLE`; `value` is the encoded record, a wake or a whole Delivery.
    """

    AVRO: ClassVar[str] = "scheduled"

    id: str
    kind: str = "item"
    due_at: int = 0
    topic: str = ""
    key: bytes = b""
    value: bytes = b""
    urgent: bool = False
    tenant: str = DEFAULT_TENANT
