"""One trace leads the whole way, from the request to the call of the provider."""

import secrets
import time

import httpx
import pytest

from tests.audience import (
    holds,
    posted,
)
from tests.exchange import Exchange
from tests.fakes.beside import Beside

pytestmark = pytest.mark.stack


def test_one_trace_leads_from_the_report_to_the_call(
    exchange: Exchange, client: httpx.Client, hooks: Beside
) -> None:
    """What a report leads to bears its trace: changes, intents, deliveries, steps and the call."""
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    told = {"title": "traced to its end", "severity": "warning"}
    client.post("/ingest/webhook", json=told, headers={"traceparent": trace}).raise_for_status()

    def called() -> bool:
        return any(b"traced to its end" in each.body for each in posted(hooks, "tom"))

    holds(exchange, called, why="the endpoint is called")
    (call,) = (each for each in posted(hooks, "tom") if b"traced to its end" in each.body)
    assert trace == call.headers["traceparent"]

    way = {"alerts.raw", "alerts.changes", "intents", "deliveries.webhook", "deliveries.events"}
    holds(exchange, lambda: way <= set(exchange.topics_of(trace)), why="all on the way bears it")


def test_a_trace_outlives_a_hold(exchange: Exchange, client: httpx.Client, hooks: Beside) -> None:
    """What is told later, by a wake of the scheduler, still belongs to who asked for it."""
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    asked = {
        "user_id": "tom",
        "subject": "traced through a hold",
        "type": "order",
        "channels": ["webhook"],
        "send_at": time.time_ns() // 1_000_000 + 1_000,
    }
    client.post("/api/intents", json=asked, headers={"traceparent": trace}).raise_for_status()

    def calls() -> list[str]:
        found = [each for each in posted(hooks, "tom") if b"traced through a hold" in each.body]
        return [each.headers.get("traceparent", "") for each in found]

    holds(exchange, calls, why="the endpoint is called")
    assert [trace] == calls()
