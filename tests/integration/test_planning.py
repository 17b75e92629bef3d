"""Planning on real Kafka: intents go in, and what each channel says comes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from schemas.codec import decode
from schemas.deliveries import AddressEvent, DeliveryEvent
from schemas.headers import REKEYED_FROM
from schemas.keys import key
from schemas.notification import Preference, Template
from schemas.records import Intent
from schemas.topics import Names
from streams.clock import monotonic_s, now_ms
from tests import topics as kafka
from tests.conftest import Stack
from tests.faults.post_office import PostOffice, note, person
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def office(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[PostOffice]:
    """Give a post office whose workers end with the test."""
    office = PostOffice(stack.bootstrap_servers, Names(namespace), tmp_path)
    yield office
    office.close()


def _open(office: PostOffice) -> None:
    office.wait_until_ready(office.worker("one"))


def _events(office: PostOffice, intent_id: str, *, at_least: int = 1) -> list[DeliveryEvent]:
    def enough() -> list[DeliveryEvent]:
        found = [event for event in office.events() if event.intent_id == intent_id]
        return found if len(found) >= at_least else []

    return eventually(enough, within_s=20, why=f"{at_least} events of {intent_id}")


def test_an_intent_becomes_a_delivery(office: PostOffice) -> None:
    """What a person is to be told lies in the channel's topic, and the event says so."""
    office.furnish([person(1)])
    office.put(topics.INTENTS, note("p1", id="i1", channels=["email"]))
    _open(office)

    (event,) = _events(office, "i1")
    (delivery,) = office.deliveries()
    assert ("email", "queued", "p1@example.org") == (event.channel, event.status, event.address)
    assert ("Hello", "Hello: World", "v1") == (
        delivery.subject,
        delivery.text,
        delivery.template_version,
    )
    assert event.delivery_id == delivery.id
    office.settle(within_s=20)


def test_a_preference_counts_within_a_second(office: PostOffice) -> None:
    """Who turns a channel off is not told on it a second later; who opts in again is."""
    office.furnish([person(1)])
    _open(office)
    office.put(topics.INTENTS, note("p1", id="before", channels=["email"]))
    assert ["queued"] == [event.status for event in _events(office, "before")]

    office.put(topics.CONTROL_PREFERENCES, Preference(id="p1", enabled={"*/email": False}))
    _follows(office, "preference", "suppressed")
    office.put(topics.CONTROL_PREFERENCES, Preference(id="p1"))
    _follows(office, "none", "queued")
    out = AddressEvent(recipient="p1", channel="email", kind="opted_out", occurred_at=now_ms())
    office.put(topics.RECIPIENTS_FEEDBACK, out, key=key("default", "p1"))
    _follows(office, "opt-out", "suppressed")


def _follows(office: PostOffice, name: str, status: str) -> None:
    """Send intents until one has this outcome; the one sent after a second must have it."""
    began = monotonic_s()
    number = 0
    while True:
        asked_s = monotonic_s() - began
        office.put(topics.INTENTS, note("p1", id=f"{name}-{number}", channels=["email"]))
        (event,) = _events(office, f"{name}-{number}")
        if event.status == status:
            return
        assert asked_s < 1, f"{name} does not count after {asked_s:.1f} s"
        number += 1


def test_words_count_as_soon_as_they_are_written(office: PostOffice) -> None:
    """A template that is written while planning runs is used, without a restart."""
    office.furnish([person(1)])
    _open(office)
    office.put(topics.CONTROL_TEMPLATES, Template(id="late", parts={"*.text": "late words"}))

    def told() -> bool:
        office.put(topics.INTENTS, note("p1", template="late", channels=["sms"]))
        return any(one.text == "late words" for one in office.deliveries())

    eventually(told, within_s=10, why="the template is used")


def test_an_unknown_recipient_waits_once(office: PostOffice) -> None:
    """The first look asks for a wake in five seconds; the wake finds the person, or ends it."""
    office.furnish()
    _open(office)
    office.put(topics.INTENTS, note("p1", id="a"), note("p2", id="b"))
    _events(office, "a")
    _events(office, "b")
    wakes = {item.id: item for item in office.scheduled()}
    assert {"plan:a", "plan:b"} == wakes.keys()
    office.put(topics.CONTROL_RECIPIENTS, person(1))
    eventually(
        lambda: now_ms() > max(item.due_at for item in wakes.values()),
        within_s=10,
        why="the wakes are due",
    )
    for item in wakes.values():
        kafka.produce(office.servers, office.names.topic(topics.INTENTS), [(item.key, item.value)])

    said = [event.status for event in _events(office, "a", at_least=4)]
    assert ["held", "superseded", "queued", "queued"] == said
    assert ["held", "failed"] == [event.status for event in _events(office, "b", at_least=2)]


def test_a_foreign_key_is_mended_once(office: PostOffice) -> None:
    """An intent under any key is planned under its recipient's, by its first place's id."""
    office.furnish([person(1)])
    wrong = note("p1", channels=["email"])
    office.put(topics.INTENTS, wrong, key=b"whatever")
    _open(office)

    def planned() -> list[DeliveryEvent]:
        return office.events()

    (event,) = eventually(planned, within_s=20, why="it is planned")
    intents = kafka.read_all(office.servers, [office.names.topic(topics.INTENTS)])
    assert 2 == len(intents)
    (mended,) = (message for message in intents if message.headers())
    assert [REKEYED_FROM] == [header[0] for header in mended.headers() or ()]
    assert key("default", "p1") == mended.key()
    assert decode(Intent, mended.value() or b"").id == event.intent_id


def test_what_cannot_be_planned_is_buried(office: PostOffice) -> None:
    """Records that are no intents, and words that fail, lie in the dead letters with the reason."""
    bad = Template(id="bad", parts={"*.text": "{{ missing }}"})
    office.furnish([person(1)], bad)
    topic = office.names.topic(topics.INTENTS)
    kafka.produce(office.servers, topic, [(b"k", b"junk"), (b"k", b'{"recipient": "p1"}')])
    office.put(topics.INTENTS, note("p1", id="i1", template="bad", channels=["email", "sms"]))
    _open(office)
    office.settle(within_s=40)

    letters = office.letters()
    assert ["invalid", "template_failed", "undecodable"] == sorted(one.reason for one in letters)
    (failed,) = (one for one in letters if one.reason == "template_failed")
    assert "missing" in failed.error
    assert "i1" == decode(Intent, failed.value).id
    assert ["failed", "failed"] == [event.status for event in office.events()]
