"""Build the steps of deliveries as planning and the sinks publish them."""

from typing import Any

from schemas import ids
from schemas.deliveries import DeliveryEvent
from tests.builders import NOON


def delivery_event(name: str, status: str, *, at: int = 0, **fields: Any) -> DeliveryEvent:
    """Build a step of the delivery `name` of the intent of that name, `at` ms after noon."""
    given: dict[str, Any] = {
        "delivery_id": f"delivery-{name}",
        "intent_id": f"intent-{name}",
        "recipient": "ann",
        "channel": "email",
        "address": "ann@example.org",
        "status": status,
        "occurred_at": NOON + at,
        "created_at": NOON,
        "template": "alert",
        "type": "alert",
        "subject": "Disk full on db-1",
    }
    given |= fields
    mark = f"{given['occurred_at']}:{given.get('replay', '')}:{given.get('corrects', '')}"
    tenant = given.get("tenant", "default")
    attempt = given.get("attempt", 0)
    ident = ids.delivery_event_id(tenant, given["delivery_id"], attempt, status, mark)
    return DeliveryEvent(**({"id": ident} | given))
