"""References: what names an attempt to a provider, and comes back with what it reports. Pure."""

from connectors.linking import Linking
from schemas import links
from schemas.deliveries import Delivery
from schemas.links import Receipt


def reference(delivery: Delivery, linking: Linking) -> str:
    """Give what names this attempt and comes back with receipts and bounces, signed by us."""
    of = Receipt(
        tenant=delivery.tenant,
        intent=delivery.intent_id,
        delivery=delivery.id,
        recipient=delivery.recipient,
        channel=delivery.channel,
        attempt=delivery.attempt,
        replay=delivery.replay,
        fallback_of=delivery.fallback_of,
    )
    return links.token(of, secret=linking.secret)
