"""People: what is known of the recipients whose partitions are ours, as of this moment."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from msgspec import Struct

from schemas import topics
from schemas.cluster import Cluster
from schemas.codec import decode
from schemas.deliveries import AddressEvent
from schemas.errors import Permanent
from schemas.notification import Preference, Recipient
from schemas.records import Record
from schemas.topics import Names
from streams.core.planning.person import NOTHING_KNOWN, Feedback, Person, learn
from streams.kafka.followed import Followed

REMEMBERED = 50_000  # persons kept as values; the others are made from their records when asked for

log = structlog.get_logger(__name__)
R = TypeVar("R", bound=Record)


class _Known(Struct):
    """Hold the records of one partition by key."""

    recipients: dict[bytes, bytes]
    preferences: dict[bytes, bytes]
    feedback: dict[bytes, Feedback]


class People:
    """Know every recipient of the partitions that are ours."""

    def __init__(self, cluster: Cluster, names: Names, *, stay_alive: Callable[[], None]) -> None:
        self._recipients = names.topic(topics.CONTROL_RECIPIENTS)
        self._preferences = names.topic(topics.CONTROL_PREFERENCES)
        self._feedback = names.topic(topics.RECIPIENTS_FEEDBACK)
        self._partitions: dict[int, _Known] = {}
        self._persons: dict[bytes, Person] = {}
        self._followed = Followed(
            cluster,
            (self._recipients, self._preferences, self._feedback),
            on_record=self._learn,
            stay_alive=stay_alive,
        )

    def load(self, partition: int) -> None:
        """Learn of everybody in this partition, and follow what changes."""
        if partition not in self._partitions:
            self._partitions[partition] = _Known({}, {}, {})
            self._followed.load(partition)

    def catch_up(self) -> None:
        """Learn what changed since the last batch."""
        self._followed.catch_up()

    def let_go(self) -> None:
        """Forget everybody: the partitions are not ours any more."""
        self._partitions.clear()
        self._persons.clear()
        self._followed.let_go()

    def person(self, partition: int, key: bytes) -> Person:
        """Give what is known of the recipient under this key, be it nothing."""
        person = self._persons.get(key)
        if person is None:
            if len(self._persons) >= REMEMBERED:
                self._persons.clear()
            person = self._persons[key] = self._made(partition, key)
        return person

    def _made(self, partition: int, key: bytes) -> Person:
        known = self._partitions.get(partition)
        if known is None:
            return Person()
        return Person(
            _read(Recipient, known.recipients.get(key), key),
            _read(Preference, known.preferences.get(key), key),
            known.feedback.get(key, NOTHING_KNOWN),
        )

    def _learn(self, partition: int, topic: str, key: bytes, value: bytes | None) -> None:
        known = self._partitions.get(partition)
        if known is None:
            return
        self._persons.pop(key, None)
        if topic == self._feedback:
            event = _read(AddressEvent, value, key)
            if event is not None:
                known.feedback[key] = learn(known.feedback.get(key, NOTHING_KNOWN), event)
            return
        held = known.recipients if topic == self._recipients else known.preferences
        if value is None:
            held.pop(key, None)
        else:
            # Read when it is asked for: a partition holds many whom nobody tells anything.
            held[key] = value


def _read(kind: type[R], value: bytes | None, key: bytes) -> R | None:
    if value is None:
        return None
    try:
        return decode(kind, value)
    except Permanent as error:
        log.warning("record left out", kind=kind.__name__, key=str(key), why=str(error))
        return None
