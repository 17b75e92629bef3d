"""Planning on real Kafka: intents go in, and what each channel says comes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from schemas.deliveries import DeliveryEvent
from schemas.topics import Names
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
