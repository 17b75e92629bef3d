"""Open the pages that links lead to, and see what they write."""

import asyncio

from connectors.kafka import Placed
from schemas import links, topics
from schemas.codec import decode
from schemas.deliveries import AddressEvent, DeliveryEvent
from schemas.errors import KafkaUnavailable
from schemas.links import Link, Unsubscribe
from schemas.records import AlertCommand

SECRET = "a secret of some length"
PLACE = ("default", "intent-a", "delivery-a", "ann", "email", 2, "r1")
WISH = Unsubscribe(tenant="default", recipient="ann", type="newsletter", channel="email")


def path_of(link: Link, *, secret: str = SECRET) -> str:
    """Give the path of a link's page."""
    return links.url("", link, secret=secret)


class Kafka:
    """Take what is written, or be away."""

    def __init__(self) -> None:
        self.away = False
        self.taken: list[tuple[str, bytes, bytes]] = []

    def submit(self, topic: str, *, key: bytes, value: bytes | None) -> "asyncio.Future[Placed]":
        """Note a record, or let it fail as the client does once its patience is over."""
        future: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        if self.away:
            future.set_exception(KafkaUnavailable("away"))
        else:
            self.taken.append((topic, key, value or b""))
            future.set_result((0, len(self.taken)))
        return future

    @property
    def events(self) -> list[DeliveryEvent]:
        """List the events of deliveries that were written."""
        return [
            decode(DeliveryEvent, value)
            for topic, _, value in self.taken
            if topic == topics.DELIVERIES_EVENTS.name
        ]

    @property
    def wishes(self) -> list[AddressEvent]:
        """List the wishes that were written."""
        return [
            decode(AddressEvent, value)
            for topic, _, value in self.taken
            if topic == topics.RECIPIENTS_FEEDBACK.name
        ]

    @property
    def orders(self) -> list[AlertCommand]:
        """List the orders that were written."""
        return [
            decode(AlertCommand, value)
            for topic, _, value in self.taken
            if topic == topics.ALERTS_COMMANDS.name
        ]
