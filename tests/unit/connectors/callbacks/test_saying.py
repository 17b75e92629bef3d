"""What is said lands where it belongs, and nobody is told so before it does."""

import asyncio
from dataclasses import replace

import pytest

from connectors.callbacks.saying import Publisher, Said, acknowledged, learned, step
from connectors.kafka import Placed
from schemas.errors import KafkaUnavailable
from schemas.reasons import AddressKind
from schemas.topics import Names
from tests.builders import NOON
from tests.callbacks import receipt


class Paper:
    """Stand where Kafka does, and keep what is written until it is confirmed or lost."""

    def __init__(self, room: int = 9) -> None:
        self.room = room
        self.written: list[tuple[str, bytes]] = []
        self.open: list[asyncio.Future[Placed]] = []

    def submit(self, topic: str, *, key: bytes, value: bytes | None) -> asyncio.Future[Placed]:
        """Take a record while there is room."""
        assert value
        if not self.room:
            raise KafkaUnavailable("full", retry_after_s=1)
        self.room -= 1
        self.written.append((topic, key))
        self.open.append(asyncio.get_running_loop().create_future())
        return self.open[-1]


STEP = step(receipt(), "delivered", occurred_at=NOON, mark="e1")
SAID: list[Said] = [
    STEP,
    learned(
        tenant="default",
        recipient="ann",
        channel="email",
        kind=AddressKind.BOUNCED,
        occurred_at=NOON,
        mark="e1",
        address="ann@example.org",
    ),
    acknowledged(
        tenant="default", fingerprint="f1", alert_id="a1", actor="ann", issued_at=NOON, mark="e1"
    ),
]


async def _asked(publishing: "asyncio.Task[None]") -> None:
    """Let it come as far as it can without an answer."""
    await asyncio.wait({publishing}, timeout=0.01)


async def test_each_goes_to_its_topic_under_its_key() -> None:
    """Steps lie with their intent, addresses with their recipient, orders with their alert."""
    paper = Paper()
    publishing = asyncio.create_task(Publisher(paper, Names("ns")).publish(SAID))
    await _asked(publishing)
    assert [
        ("ns.deliveries.events", b"default:intent-a"),
        ("ns.recipients.feedback", b"default:ann"),
        ("ns.alerts.commands", b"default:f1"),
    ] == paper.written
    for each in paper.open[:2]:
        each.set_result((0, 0))
    await _asked(publishing)
    assert not publishing.done()
    paper.open[2].set_result((0, 0))
    await publishing


async def test_a_receipt_of_a_fallback_lies_with_what_it_stands_in_for() -> None:
    """Whoever follows a matter hears what became of it on every channel, in order."""
    of = replace(receipt(), fallback_of="first")
    said = step(of, "delivered", occurred_at=NOON, mark="e1")
    paper = Paper()
    publishing = asyncio.create_task(Publisher(paper, Names("ns")).publish([said]))
    await _asked(publishing)
    publishing.cancel()
    assert ("first", [("ns.deliveries.events", b"default:first")]) == (
        said.fallback_of,
        paper.written,
    )


@pytest.mark.parametrize("room", [0, 1, 3])
async def test_what_is_not_kept_is_told(room: int) -> None:
    """Where Kafka has not all of it, whoever told it is to tell it again."""
    paper = Paper(room)
    publishing = asyncio.create_task(Publisher(paper, Names()).publish(SAID))
    await _asked(publishing)
    for each in paper.open:
        each.set_exception(KafkaUnavailable("away", retry_after_s=1))
    with pytest.raises(KafkaUnavailable):
        await publishing


def test_ids_tell_apart_what_is_not_the_same() -> None:
    """Another attempt, status, replay or event of the provider is another step; nothing else is."""
    same = step(receipt(), "delivered", occurred_at=NOON + 1, mark="e1", error="later")
    others = [
        step(receipt(attempt=2), "delivered", occurred_at=NOON, mark="e1"),
        step(receipt(replay="r1"), "delivered", occurred_at=NOON, mark="e1"),
        step(receipt(tenant="other"), "delivered", occurred_at=NOON, mark="e1"),
        step(receipt(), "failed", occurred_at=NOON, mark="e1"),
        step(receipt(), "delivered", occurred_at=NOON, mark="e2"),
    ]
    assert same.id == STEP.id
    assert 6 == len({STEP.id, *(each.id for each in others)})
