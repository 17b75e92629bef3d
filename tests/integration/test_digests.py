"""What asks to be told together is told once, whoever dies while it waits."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from schemas import topics as declared
from schemas.deliveries import Delivery
from schemas.records import Intent
from tests.conftest import Stack, remove_topics
from tests.exchange import PLANNING, SCHEDULER, Exchange
from tests.gateway import house
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WINDOW_S = 4
PEOPLE: dict[str, Any] = {
    "recipients": [
        {"id": name, "addresses": {"email": f"{name}@example.org"}} for name in ("ann", "bob")
    ],
    "types": [{"id": "order", "channels": ["email"], "digest_s": WINDOW_S}],
}


@pytest.fixture
def exchange(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Exchange]:
    """Run planning and the scheduler."""
    folder, namespace = tmp_path_factory.mktemp("digests"), f"t{secrets.token_hex(4)}"
    opened = Exchange(
        house(stack, namespace, folder, monkeypatch), folder, names=(PLANNING, SCHEDULER)
    )
    opened.apply(PEOPLE, name="people")
    opened.start()
    yield opened
    opened.close()
    remove_topics(stack.bootstrap_servers, prefix=namespace)


def order(name: str, recipient: str = "ann") -> Intent:
    """Ask that somebody be told of an order, together with others."""
    return Intent(
        id=name, recipient=recipient, subject=f"Order {name}", type="order", digest_key="orders"
    )


def test_a_digest_outlives_those_who_wait_for_it(exchange: Exchange) -> None:
    """Planning and scheduler die while messages wait: each is told once all the same."""
    exchange.put(order("1"), order("2"), order("3"), order("4", "bob"))

    def steps(status: str) -> set[str]:
        return {event.intent_id for event in exchange.events() if event.status == status}

    eventually(lambda: {"1", "2", "3", "4"} <= steps("held"), within_s=20, why="they wait")
    exchange.kill(PLANNING, SCHEDULER)
    exchange.start()
    eventually(lambda: {"1", "2", "3"} <= steps("superseded"), within_s=40, why="they are told")
    eventually(lambda: "4" in steps("queued"), within_s=20, why="the only one goes by itself")

    topic = declared.DELIVERIES["email", "normal"]
    found: list[Delivery] = exchange.read(topic, Delivery)
    told = {each.id: (each.recipient, each.subject) for each in found}
    assert [("ann", "3 notifications"), ("bob", "Order 4")] == sorted(told.values())
    (digest,) = (each for each in found if each.recipient == "ann")
    assert all(f"- Order {number}" in digest.text for number in (1, 2, 3))
