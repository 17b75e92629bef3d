"""Deliveries for tests of the sinks: put on Kafka, and their events read back."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from schemas import ids, keys, topics
from schemas.codec import decode, encode
from schemas.deliveries import AddressEvent, Delivery, DeliveryEvent, Scheduled
from schemas.records import DeadLetter, Decision, Record
from schemas.topics import Names, Topic
from tests import topics as kafka

R = TypeVar("R", bound=Record)
CHANNEL = "webhook"
HOUR_MS = 3_600_000


def delivery(number: int, *, recipient: str = "", **fields: object) -> Delivery:
    """Make one delivery, valid for an hour."""
    who = recipient or f"r{number}"
    now = time.time_ns() // 1_000_000
    intent = f"intent-{number}"
    given = {
        "id": ids.delivery_id("default", intent, CHANNEL, who),
        "intent_id": intent,
        "recipient": who,
        "channel": CHANNEL,
        "address": f"{who}.example.org",
        "text": str(number),
        "created_at": now,
        "expires_at": now + HOUR_MS,
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Mail:
    """Write deliveries and read what came of them, in one namespace."""

    servers: str
    names: Names

    def put(self, deliveries: Iterable[Delivery]) -> None:
        """Write deliveries to the topics of their lanes, as planning would."""
        for lane in ("normal", "urgent"):
            kafka.produce(
                self.servers,
                self.names.topic(topics.DELIVERIES[CHANNEL, lane]),
                [
                    (keys.key(each.tenant, each.recipient), encode(each))
                    for each in deliveries
                    if each.lane == lane
                ],
            )

    def raw(self, value: bytes) -> None:
        """Write bytes as a delivery."""
        topic = self.names.topic(topics.DELIVERIES[CHANNEL, "normal"])
        kafka.produce(self.servers, topic, [(b"default:x", value)])

    def events(self) -> list[DeliveryEvent]:
        """Give every event so far, in the order of each intent."""
        return self._read(topics.DELIVERIES_EVENTS, DeliveryEvent)

    def states(self) -> dict[str, DeliveryEvent]:
        """Give the last event of each delivery."""
        return {event.delivery_id: event for event in self.events()}

    def scheduled(self) -> list[Scheduled]:
        """Give what was asked of the scheduler."""
        return self._read(topics.SCHEDULED, Scheduled)

    def dead_letters(self) -> list[DeadLetter]:
        """Give what could not be taken."""
        return self._read(topics.DEAD_LETTERS, DeadLetter)

    def decisions(self) -> list[Decision]:
        """Give what was dropped."""
        return self._read(topics.DECISIONS, Decision)

    def feedback(self) -> list[AddressEvent]:
        """Give what became known of addresses."""
        return self._read(topics.RECIPIENTS_FEEDBACK, AddressEvent)

    def fire(self, items: Sequence[Scheduled]) -> None:
        """Let scheduled deliveries come back at once."""
        self.put([decode(Delivery, item.value) for item in items])

    def _read(self, topic: Topic, kind: type[R]) -> list[R]:
        messages = kafka.read_all(self.servers, [self.names.topic(topic)])
        return [decode(kind, message.value() or b"") for message in messages]
