"""The whole way of a page that does not arrive: another channel tells it, once, and says why."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from schemas.codec import decode, encode
from schemas.records import DeadLetter, Intent
from schemas.topics import DEAD_LETTERS, INTENTS_URGENT
from tests import topics
from tests.conftest import Stack, remove_topics
from tests.exchange import FOLLOW_UP, GATEWAY, PLANNING, SCHEDULER, VIEWS, Exchange
from tests.gateway import house
from tests.processes import Process
from tests.provider import Call, Provider
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WAIT_S = 5  # well over what a busy machine takes to say that a push was sent
LIFE_MS = 60_000
TYPES = {"types": [{"id": "page", "channels": ["push"], "fallback": ["push", "sms", "email"]}]}
ADDRESSES = {"push": "token", "sms": "+49301", "email": "ann@example.org"}


class Providers:
    """Be the providers of all channels: each answers by the words that a text begins with."""

    def __init__(self) -> None:
        self.up: set[str] = set()
        self.server = Provider(self._answer)

    def _answer(self, call: Call) -> str:
        if call.channel in self.up:
            return "sent"
        plan = dict(part.split("=") for part in call.text.split() if "=" in part)
        return {"no": "refused", "away": "later 0.2"}.get(plan.get(call.channel, ""), "sent")

    def calls(self, name: str) -> list[str]:
        """List the channels on which a text was brought, answered by what it may be."""
        return [call.channel for call in self.server.calls if call.text.startswith(f"{name} ")]


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    """Give the providers."""
    opened = Providers()
    with opened.server:
        yield opened


@pytest.fixture(scope="module")
def running(
    running_stack: Stack, tmp_path_factory: pytest.TempPathFactory, providers: Providers
) -> Iterator[Exchange]:
    """Start every process but triage once; tests part by their intents."""
    folder, namespace = tmp_path_factory.mktemp("fallback"), f"t{secrets.token_hex(4)}"
    with pytest.MonkeyPatch.context() as patch:
        home = house(running_stack, namespace, folder, patch)
        exchange = Exchange(
            home,
            folder,
            names=(GATEWAY, PLANNING, SCHEDULER, FOLLOW_UP, VIEWS),
            settings={"TOCSIN_FALLBACK_S": str(WAIT_S)},
        )
        exchange.apply(TYPES, name="types")
        sinks = Process(
            ["tests.provider", "push", "sms", "email"],
            env={
                **home.environment,
                "TOCSIN_TEST_PROVIDER": providers.server.address,
                "TOCSIN_RETRY_URGENT_S": ",".join(["0.3"] * 20),
            },
            log=folder / "sinks.log",
        )
        exchange.start()
        with sinks:
            yield exchange
        exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def exchange(stack: Stack, running: Exchange) -> Exchange:
    """Give the running processes."""
    del stack
    running.start()
    return running


def paged(exchange: Exchange, words: str, **fields: Any) -> str:
    """Page somebody; the words name the intent and say what providers do with it."""
    name, now = words.partition(" ")[0], time.time_ns() // 1_000_000
    given: dict[str, Any] = {
        "id": name,
        "recipient": "ann",
        "to": ADDRESSES,
        "template": "",
        "body": f"{words} .",
        "type": "page",
        "priority": 2,
        "created_at": now,
        "expires_at": now + LIFE_MS,
    }
    exchange.put(Intent(**(given | fields)))
    return name


def ends(exchange: Exchange, name: str) -> dict[str, str]:
    """Say how each channel of an intent stands by its last event, fallbacks too."""
    return {
        event.channel: event.status
        for event in exchange.events()
        if name in {event.intent_id, event.fallback_of}
    }


def until(exchange: Exchange, name: str, wanted: dict[str, str]) -> None:
    """Wait until the channels stand like this."""
    try:
        eventually(lambda: ends(exchange, name) == wanted, within_s=30, why=f"{wanted}")
    except AssertionError as error:
        raise AssertionError(f"{error}: {ends(exchange, name)}\n{exchange.tails()}") from error


def explained(client: httpx.Client, name: str) -> list[str]:
    """List the sentences that say what became of an intent."""
    answer = client.get(f"/api/intents/{name}/explain")
    return [step["said"] for step in answer.json()["steps"]] if answer.is_success else []


def test_a_push_that_does_not_arrive_is_told_by_text_message(
    exchange: Exchange, providers: Providers
) -> None:
    """After the wait the text message goes out, and the push that was still tried is superseded."""
    name = paged(exchange, "late push=away")
    until(exchange, name, {"push": "superseded", "sms": "sent"})
    assert 1 == providers.calls(name).count("sms")
    with exchange.client() as client:
        why = f"sent by sms because push did not arrive within {WAIT_S} s"
        eventually(lambda: why in explained(client, name), within_s=20, why="it is explained")
        state = client.get(f"/api/intents/{name}").json()
        assert {"push", "sms"} == {channel["channel"] for channel in state["channels"]}
        listed = client.get("/api/deliveries", params={"intent": name}).json()["items"]
        assert {"push", "sms"} == {each["channel"] for each in listed}


def test_one_that_is_refused_does_not_wait(exchange: Exchange, providers: Providers) -> None:
    """Where all failed the next channel is told at once, and the chain goes on to its end."""
    name = paged(exchange, "refused push=no sms=no")
    until(exchange, name, {"push": "failed", "sms": "failed", "email": "sent"})
    assert ["push", "sms", "email"] == providers.calls(name)


def test_one_that_arrives_is_the_only_one(exchange: Exchange, providers: Providers) -> None:
    """Nobody hears twice what arrived, nor what may wait."""
    fine = paged(exchange, "fine")
    patient = paged(exchange, "patient push=no", priority=1)
    until(exchange, fine, {"push": "sent"})
    until(exchange, patient, {"push": "failed"})
    # Whatever else those two led to would be told before this one is.
    last = paged(exchange, "last push=no")
    until(exchange, last, {"push": "failed", "sms": "sent"})
    assert {"push": "sent"} == ends(exchange, fine)
    assert {"push": "failed"} == ends(exchange, patient)
    assert ["push"] == providers.calls(fine)


def test_one_that_arrives_late_keeps_the_others_back(
    exchange: Exchange, providers: Providers
) -> None:
    """While neither arrives both are tried; the first that does ends the other."""
    name = paged(exchange, "both push=away sms=away email=away")
    eventually(lambda: "sms" in providers.calls(name), within_s=30, why="both are tried")
    providers.up.add("push")
    try:
        eventually(
            lambda: (
                ends(exchange, name).get("push") == "sent"
                and ends(exchange, name).get("sms") == "superseded"
            ),
            within_s=30,
            why="the text message is superseded",
        )
    finally:
        providers.up.clear()


def test_nobody_else_can_be_told(exchange: Exchange) -> None:
    """Where the chain is at its end, a Decision says so, once."""
    name = paged(exchange, "alone push=no sms=no", to={"push": "token", "sms": "+49301"})
    until(exchange, name, {"push": "failed", "sms": "failed"})

    def said() -> list[str]:
        return [each.reason for each in exchange.decisions() if each.subject_id == name]

    eventually(lambda: said() == ["no_fallback"], within_s=30, why="it is said that there is none")


def test_a_wish_that_is_none_is_buried(exchange: Exchange) -> None:
    """It goes to the dead letters and stops nobody."""
    bad = Intent(recipient="ann", kind="fallback", id="x", data={"number": -1}, priority=2)
    wishes = exchange.names.topic(INTENTS_URGENT)
    topics.produce(exchange.servers, wishes, [(b"default:ann", encode(bad))])

    def buried() -> set[tuple[str, str]]:
        found = topics.read_all(exchange.servers, [exchange.names.topic(DEAD_LETTERS)])
        letters = [decode(DeadLetter, each.value() or b"") for each in found]
        return {(each.stage, each.reason) for each in letters}

    eventually(lambda: ("planning", "invalid") in buried(), within_s=30, why="it is buried")
    until(exchange, paged(exchange, "after push=no"), {"push": "failed", "sms": "sent"})
