"""Load planning with people and their intents, hurt it, and hold what it says against a model."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import keys
from schemas import topics as agreed
from schemas.codec import decode, encode
from schemas.deliveries import Delivery, DeliveryEvent, Scheduled
from schemas.notification import Preference, Recipient, Template
from schemas.records import DeadLetter, Decision, Intent, Record
from schemas.topics import TOPICS, Names, Topic
from tests import topics
from tests.faults.scene import PARTITIONS, Scene

PEOPLE = 40
SMS_A_DAY = 5
WORDS = Template(
    id="note", version="v1", parts={"*.subject": "{{ title }}", "*.text": "{{ title }}: {{ body }}"}
)


def person(number: int) -> Recipient:
    """Describe one of the people: everybody has a mail address and a telephone."""
    return Recipient(
        id=f"p{number}",
        name=f"Person {number}",
        addresses={"email": [f"p{number}@example.org"], "sms": [f"+4930{number:06d}"]},
    )


def note(recipient: str, **fields: Any) -> Intent:
    """Build an intent by the template `note`."""
    given: dict[str, Any] = {
        "template": "note",
        "data": {"title": "Hello", "body": "World"},
        "type": "news",
    }
    return Intent(recipient=recipient, **(given | fields))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what planning made of the load: each number but the last two must be 0."""

    unplanned: int  # intents without an outcome on a channel that they ask for
    contradicted: int  # deliveries with two outcomes
    over_limit: int  # text messages beyond the limit
    withheld: int  # text messages refused although a slot was free
    undelivered: int  # queued in the events without a Delivery, or a Delivery without an event
    intents: int
    repeated: int  # events said once more under the same id


class PostOffice(Scene):
    """Run planning workers on topics of their own."""

    process = "planning"
    module = ("streams", "planning")

    def __init__(self, servers: str, names: Names, folder: Path) -> None:
        super().__init__(servers, names, folder)
        topics.create(
            servers,
            plain=[names.topic(t) for t in TOPICS if t.retention_days is not None],
            compacted=[
                *(names.topic(t) for t in TOPICS if t.retention_days is None),
                names.changelog("planning", "plans"),
            ],
            partitions=PARTITIONS,
        )

    def sources(self) -> Sequence[str]:
        """Name both topics of intents."""
        return [self.names.topic(agreed.INTENTS), self.names.topic(agreed.INTENTS_URGENT)]

    def put(self, topic: Topic, *records: Record, key: bytes | None = None) -> None:
        """Write records under the key that their kind has."""
        topics.produce(
            self.servers,
            self.names.topic(topic),
            ((key or _key(record), encode(record)) for record in records),
        )

    def furnish(self, people: Iterable[Recipient] = (), *others: Preference | Template) -> None:
        """Make people, preferences and templates known; the template `note` always is."""
        self.put(agreed.CONTROL_TEMPLATES, WORDS, *(o for o in others if isinstance(o, Template)))
        self.put(agreed.CONTROL_RECIPIENTS, *people)
        wishes = [other for other in others if isinstance(other, Preference)]
        self.put(agreed.CONTROL_PREFERENCES, *wishes)

    def send(self, count: int, *, seed: int = 1) -> None:
        """Send notes to random people by mail and text message, in both lanes."""
        chance = random.Random(seed)
        lanes: dict[Topic, list[Intent]] = defaultdict(list)
        for number in range(count):
            urgent = chance.random() < 0.3
            intent = note(
                f"p{chance.randrange(PEOPLE)}",
                channels=["email", "sms"],
                priority=2 if urgent else 1,
                id=f"{seed}-{number}",
            )
            lanes[agreed.INTENTS_URGENT if urgent else agreed.INTENTS].append(intent)
        for topic, intents in lanes.items():
            self.put(topic, *intents)

    def all_of(self, *which: Topic) -> list[Any]:
        """Give every record of these topics, decoded; order holds within a key."""
        by_name = {self.names.topic(topic): topic.record for topic in which}
        return [
            decode(by_name[str(message.topic())], message.value() or b"")
            for message in topics.read_all(self.servers, list(by_name))
        ]

    def deliveries(self) -> list[Delivery]:
        """Give every Delivery that was put out, on every channel and lane."""
        return self.all_of(*agreed.DELIVERIES.values())

    def events(self) -> list[DeliveryEvent]:
        """Give every step that was said."""
        return self.all_of(agreed.DELIVERIES_EVENTS)

    def scheduled(self) -> list[Scheduled]:
        """Give every wake that was asked for."""
        return self.all_of(agreed.SCHEDULED)

    def decisions(self) -> list[Decision]:
        """Give every Decision."""
        return self.all_of(agreed.DECISIONS)

    def letters(self) -> list[DeadLetter]:
        """Give every dead letter."""
        return self.all_of(agreed.DEAD_LETTERS)

    def judge(self) -> Verdict:
        """Compare what was said with what had to be said of every intent sent."""
        intents = {
            intent.id: intent for intent in self.all_of(agreed.INTENTS, agreed.INTENTS_URGENT)
        }
        outcomes: dict[tuple[str, str], set[str]] = defaultdict(set)
        events = self.events()
        for event in events:
            outcomes[event.intent_id, event.channel].add(event.status)
        asked = {(i.id, channel) for i in intents.values() for channel in i.channels or ()}
        wanted = Counter(i.recipient for i in intents.values())
        texted = Counter(
            intents[intent_id].recipient
            for (intent_id, channel), said in outcomes.items()
            if channel == "sms" and "queued" in said
        )
        queued = {event.delivery_id for event in events if event.status == "queued"}
        delivered = {delivery.id for delivery in self.deliveries()}
        return Verdict(
            unplanned=len(asked - outcomes.keys()),
            contradicted=sum(len(said) > 1 for said in outcomes.values()),
            over_limit=sum(max(0, count - SMS_A_DAY) for count in texted.values()),
            withheld=sum(
                min(count, SMS_A_DAY) - min(texted[who], SMS_A_DAY) for who, count in wanted.items()
            ),
            undelivered=len(queued ^ delivered),
            intents=len(intents),
            repeated=len(events) - len({event.id for event in events}),
        )


def _key(record: Record) -> bytes:
    subject = record.recipient if isinstance(record, Intent) else getattr(record, "id", "")
    return keys.key(getattr(record, "tenant", "default"), subject)
