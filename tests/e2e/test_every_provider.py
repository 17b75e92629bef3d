"""One alert goes out by every provider, is reported back, escalates and is taken in hand."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.audience import holds, report, told
from tests.conftest import Stack
from tests.every_provider import Providers, people, providing
from tests.exchange import Exchange
from tests.gateway import house

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

ONCE = {"email": 1, "sms": 1, "push": 1, "slack": 1, "webhook": 1}
TWICE = dict.fromkeys(ONCE, 2)


@pytest.fixture
def providers() -> Iterator[Providers]:
    """Run every provider."""
    with providing() as made:
        yield made


@pytest.fixture
def exchange(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, providers: Providers
) -> Iterator[Exchange]:
    """Run every process, led to these providers."""
    home = house(stack, f"t{secrets.token_hex(4)}", tmp_path, monkeypatch)
    exchange = Exchange(home, tmp_path, settings=providers.settings)
    exchange.apply(people(providers.hooks.receiver.url("/eve")), name="people")
    exchange.start()
    yield exchange
    exchange.close()


def _statuses(client: httpx.Client, alert: str) -> dict[str, str]:
    return {
        each["channel"]: each["status"]
        for each in told(client, alert)
        if each["recipient"] == "eve"
    }


def test_an_alert_goes_out_comes_back_escalates_and_is_taken_in_hand(
    exchange: Exchange, providers: Providers
) -> None:
    """Texted, pushed, mailed, posted and called; received, passed on, acknowledged by a reply."""
    with exchange.client() as client:
        alert = report(client, "The shop is down", priority="critical")["fingerprint"]
        holds(exchange, lambda: providers.calls() == ONCE, why="every provider is called once")

        providers.report(client)
        delivered = {
            "email": "delivered",
            "sms": "delivered",
            "push": "sent",
            "slack": "delivered",
            "webhook": "delivered",
        }
        holds(
            exchange, lambda: _statuses(client, alert) == delivered, why="receipts are in the log"
        )

        holds(exchange, lambda: providers.texts_to("max"), why="Max is told as Eve does not answer")
        # Nobody answers within the moment in which the log learns that the text went out.
        holds(
            exchange,
            lambda: "Acknowledged: The shop is down" in providers.reply(client, "max", "ack"),
            why="Max takes it in hand by a reply",
        )

        def taken() -> bool:
            entry = client.get(f"/api/notifications/{alert}").json()
            return (entry["acknowledged"], entry["acknowledged_by"]) == (True, "max")

        holds(exchange, taken, why="the inbox shows that Max has it")

        report(client, "The shop is down", status="resolved")
        holds(exchange, lambda: len(providers.texts_to("max")) == 2, why="Max hears of the end")
        holds(exchange, lambda: providers.calls() == TWICE, why="Eve hears of the end everywhere")
        (message,) = providers.workspace.roots
        assert message.versions
        assert 1 == len(providers.workspace.replies)
