"""What goes along with a message so that its receipt leads back to it. Pure."""

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
    )
    return links.token(of, secret=linking.secret)
