"""Killed in mid-load, follow-up asks for every fallback that is due, and nobody is told twice."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import keys
from schemas import topics as declared
from schemas.codec import decode
from schemas.records import Intent
from tests import topics
from tests.conftest import Stack
from tests.exchange import FOLLOW_UP, PLANNING, SCHEDULER, Exchange
from tests.faults.scene import wait_s
from tests.gateway import house
from tests.processes import Process
from tests.provider import Call, Provider
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WAIT_S = 8  # longer than a push takes under this load, so that none is late that arrived
WAVES = 9
COUNT = 60
PEOPLE = 50
LIFE_MS = 300_000
KINDS = ("fine", "no", "away")


def answer(call: Call) -> str:
    """Let every text message through, and of pushes every third."""
    if call.channel == "sms":
        return "sent"
    return {"no": "refused", "away": "later 1"}.get(call.text.partition("-")[0], "sent")


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Give the provider of pushes and text messages."""
    with Provider(answer) as opened:
        yield opened


@pytest.fixture
def exchange(
    stack: Stack,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: Provider,
) -> Iterator[Exchange]:
    """Run planning, scheduler, follow-up and the sinks."""
    home = house(stack, namespace, tmp_path, monkeypatch)
    exchange = Exchange(
        home,
        tmp_path,
        names=(PLANNING, SCHEDULER, FOLLOW_UP),
        settings={"TOCSIN_FALLBACK_S": str(WAIT_S)},
    )
    exchange.apply({"types": [{"id": "page", "channels": ["push"]}]}, name="types")
    sinks = Process(
        ["tests.provider", "push", "sms"],
        env={
            **home.environment,
            "TOCSIN_TEST_PROVIDER": provider.address,
            "TOCSIN_RETRY_URGENT_S": ",".join(["2"] * 20),
        },
        log=tmp_path / "sinks.log",
    )
    exchange.start()
    with sinks:
        yield exchange
    exchange.close()


def page(exchange: Exchange, wave: int) -> list[str]:
    """Page people, a third of them each way."""
    now = time.time_ns() // 1_000_000
    intents = []
    for number in range(COUNT):
        name = f"{KINDS[number % 3]}-{wave}-{number}"
        who = number % PEOPLE
        intent = Intent(
            id=name,
            recipient=f"p{who}",
            to={"push": f"token{who}", "sms": f"+4930{who}"},
            body=name,
            template="",
            type="page",
            priority=3,
            created_at=now,
            expires_at=now + LIFE_MS,
        )
        intents.append(intent)
    exchange.put(*intents)
    return [intent.id for intent in intents]


def wishes(exchange: Exchange) -> Counter[str]:
    """Count how often another channel was asked for, by intent."""
    found = topics.read_all(exchange.servers, [exchange.names.topic(declared.INTENTS_URGENT)])
    records = [decode(Intent, each.value() or b"") for each in found]
    return Counter(each.id for each in records if each.kind == "fallback")


def told_by_sms(provider: Provider) -> Counter[str]:
    """Count the text messages by what they say, copies that are marked as such left out."""
    calls = [call for call in list(provider.calls) if call.channel == "sms"]
    return Counter(call.text for call in calls if not call.maybe_repeat)


def test_killed_under_load(exchange: Exchange, provider: Provider) -> None:
    """Three kills of follow-up and one of planning lose no fallback, and double none."""
    names: list[str] = []
    for wave in range(WAVES):
        names += page(exchange, wave)
        wait_s(1)
        if wave % 3 == 2:
            exchange.kill(FOLLOW_UP, *([PLANNING] if wave == 5 else []))
            exchange.start()
    due = {name for name in names if not name.startswith("fine")}

    def all_told() -> bool:
        exchange.revive()
        return due <= set(told_by_sms(provider))

    try:
        eventually(all_told, within_s=90, why="everybody is told by text message")
    except AssertionError as error:
        missing = sorted(due - set(told_by_sms(provider)))
        raise AssertionError(f"{error}: {missing[:9]}\n{exchange.tails()}") from error
    # Who was told is told no more, whatever is asked for once again after a crash.
    group = exchange.names.group(FOLLOW_UP)
    lag = topics.lag_of(exchange.servers, group)
    source = exchange.names.topic(declared.DELIVERIES_EVENTS)
    eventually(lambda: lag([source]) == 0, within_s=60, why="all events are heard")
    asked, told = wishes(exchange), told_by_sms(provider)
    queued = Counter(
        event.fallback_of
        for event in exchange.events()
        if event.status == "queued" and event.fallback_of
    )
    print(f"{len(names)} intents, {len(due)} due, {asked.total()} wishes, {told.total()} told")
    assert set() == due ^ told.keys()
    assert {1} == set(told.values())
    assert set() == due ^ queued.keys()
    assert {keys.key("default", name) for name in due} == {
        keys.key("default", name) for name in asked
    }
