"""Whoever posts intents is answered when Kafka has them, and a repeated request is one request."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Message

from connectors.api.once import CRASHED_S, Once, Run
from connectors.stores.postgres import connect, fetch_all
from schemas import ids, keys
from schemas.codec import decode
from schemas.records import Intent
from schemas.topics import INTENTS, INTENTS_URGENT, Names
from tests import topics
from tests.gateway import House, free_port
from tests.inbox import client_of, database, get, rows
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WELCOME = {"recipient": "ann", "template": "welcome", "data": {"name": "Ann"}}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def key(home: House, tmp_path: Path) -> str:
    """Give a key that may send intents and ask what became of them."""
    return home.make_key(tmp_path, name="shop", scope="intents,read")


@pytest.fixture
async def shop(home: House, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client whose key may send intents."""
    async with client_of(home, key) as client:
        yield client


async def _post(
    client: httpx.AsyncClient, body: Any, *, key: str = "", **headers: str
) -> httpx.Response:
    if key:
        headers["Idempotency-Key"] = key
    return await client.post("/api/intents", json=body, headers=headers)


def _written(home: House) -> list[tuple[str, Intent, Message]]:
    """Give the lane, the record and the message of every intent on Kafka."""
    names, servers = Names(home.namespace), home.environment["KAFKA_BOOTSTRAP_SERVERS"]
    lanes = {names.topic(INTENTS): "normal", names.topic(INTENTS_URGENT): "urgent"}
    # A broker that has just made a topic may not know yet who leads it.
    found = eventually(
        lambda: (topics.read_all(servers, list(lanes)),), within_s=20, why="both lanes can be read"
    )[0]
    return [
        (lanes[str(message.topic())], decode(Intent, message.value() or b""), message)
        for message in found
    ]


async def test_an_accepted_intent_is_on_kafka_and_known(
    home: House, shop: httpx.AsyncClient
) -> None:
    """The answer leads to what becomes of it, and Kafka has it as it was said."""
    asked = {
        "user_id": "ann",
        "template": "order-shipped",
        "data": {"order": "4711"},
        "channels": ["sms", "email"],
        "to": {"sms": "+436601234567"},
        "type": "order",
        "expires_at": "2999-01-01T00:00:00Z",
        "digest_key": "orders",
        "locale": "de-AT",
    }
    answer = await _post(shop, asked, traceparent=TRACE)
    said = answer.json()
    assert (202, "accepted", "ann") == (answer.status_code, said["status"], said["recipient"])

    state = await get(shop, said["status_url"].removeprefix("/api"))
    assert ("accepted", "ann", "order-shipped", ["sms", "email"]) == (
        state["status"],
        state["recipient"],
        state["template"],
        state["requested_channels"],
    )
    [(lane, intent, message)] = _written(home)
    assert ("normal", said["id"], {"order": "4711"}) == (lane, intent.id, intent.data)
    assert keys.key("default", "ann") == message.key()
    assert ("traceparent", TRACE.encode()) in (message.headers() or [])


async def test_each_intent_takes_the_lane_of_its_priority(
    home: House, shop: httpx.AsyncClient
) -> None:
    """High and critical ones travel in the urgent lane, in the order of the request."""
    words = ("low", "normal", "high", "critical")
    asked = [WELCOME | {"priority": word, "idempotency_key": word} for word in words]
    answer = await _post(shop, {"intents": asked})
    assert [ids.intent_id("default", word, "ann", "welcome") for word in words] == [
        each["id"] for each in answer.json()["intents"]
    ]
    assert {("normal", 0), ("normal", 1), ("urgent", 2), ("urgent", 3)} == {
        (lane, intent.priority) for lane, intent, _ in _written(home)
    }


async def test_five_hundred_are_taken_at_once(home: House, shop: httpx.AsyncClient) -> None:
    """The largest request is one answer, and everything in it is on Kafka."""
    answer = await _post(shop, [WELCOME] * 500)
    assert (202, 500) == (answer.status_code, answer.json()["accepted"])
    assert 500 == len({intent.id for _, intent, _ in _written(home)})


async def test_nothing_of_a_request_is_taken_where_one_is_wrong(
    home: House, shop: httpx.AsyncClient
) -> None:
    """The answer names the wrong one, and none of the others is sent."""
    answer = await _post(shop, [WELCOME, WELCOME | {"priority": "soon"}], key="k")
    assert (422, "intents[1].priority", "application/problem+json") == (
        answer.status_code,
        answer.json()["where"],
        answer.headers["content-type"],
    )
    assert [] == _written(home)
    assert 202 == (await _post(shop, WELCOME, key="k")).status_code


@pytest.mark.parametrize("scope", ["read", "ingest", "write"])
async def test_another_scope_is_not_enough(home: House, tmp_path: Path, scope: str) -> None:
    """A key that may do something else may not tell people things."""
    other = home.make_key(tmp_path, name="other", scope=scope)
    async with client_of(home, other) as client:
        assert 403 == (await _post(client, WELCOME)).status_code
        assert 401 == (await _post(client, WELCOME, Authorization="Bearer toc_x")).status_code


async def test_a_body_keeps_to_its_limits(shop: httpx.AsyncClient) -> None:
    """Too large, no JSON and nested too deep are told apart; packed bodies are unpacked."""
    large = await shop.post("/api/intents", content=b" " * (1 << 20) + b"{}")
    assert 413 == large.status_code
    assert 400 == (await shop.post("/api/intents", content=b"{")).status_code
    deep = b'{"recipient":"a","template":"b","data":{"x":' + b"[" * 90 + b"]" * 90 + b"}}"
    assert 400 == (await shop.post("/api/intents", content=deep)).status_code
    packed = gzip.compress(json.dumps(WELCOME | {"data": {"nul": "a\0b"}}).encode())
    headers = {"Content-Encoding": "gzip"}
    answer = await shop.post("/api/intents", content=packed, headers=headers)
    assert 202 == answer.status_code


async def test_the_same_request_is_carried_out_once(home: House, shop: httpx.AsyncClient) -> None:
    """Under the same key, the same words in any order of fields get the answer they had."""
    first = await _post(shop, [WELCOME, WELCOME], key="k")
    turned = [dict(reversed(WELCOME.items())), WELCOME]
    again = await _post(shop, turned, key="k")
    assert "Idempotency-Replayed" not in first.headers
    assert (202, "true", first.content) == (
        again.status_code,
        again.headers["Idempotency-Replayed"],
        again.content,
    )
    assert 2 == len(_written(home))


async def test_another_request_under_the_same_key_is_refused(shop: httpx.AsyncClient) -> None:
    """A slip of the sender never looks like a success."""
    await _post(shop, WELCOME, key="k")
    answer = await _post(shop, WELCOME | {"template": "goodbye"}, key="k")
    assert (422, "header.Idempotency-Key") == (answer.status_code, answer.json()["where"])


@pytest.mark.parametrize("given", ["", "x" * 256, "tab\there"])
async def test_a_key_that_cannot_be_kept_is_refused(shop: httpx.AsyncClient, given: str) -> None:
    """A key is short and can be printed."""
    headers = {"Idempotency-Key": given}
    answer = await shop.post("/api/intents", json=WELCOME, headers=headers)
    assert (422, "header.Idempotency-Key") == (answer.status_code, answer.json()["where"])


async def test_tenants_have_keys_of_their_own(
    home: House, shop: httpx.AsyncClient, tmp_path: Path
) -> None:
    """What one tenant used is free for another."""
    await _post(shop, WELCOME, key="k")
    other = home.make_key(tmp_path, "--tenant", "other", name="other", scope="intents")
    async with client_of(home, other) as client:
        answer = await _post(client, WELCOME | {"template": "hello"}, key="k")
    assert (202, None) == (answer.status_code, answer.headers.get("Idempotency-Replayed"))


async def test_several_at_once_are_one(home: House, shop: httpx.AsyncClient) -> None:
    """Of the same request sent five times at once, one is carried out."""
    answers = await asyncio.gather(*(_post(shop, WELCOME, key="k") for _ in range(5)))
    carried_out = [
        each
        for each in answers
        if each.status_code == 202 and "Idempotency-Replayed" not in each.headers
    ]
    assert 1 == len(carried_out)
    assert {202, 409} >= {each.status_code for each in answers}
    assert all("Retry-After" in each.headers for each in answers if each.status_code == 409)
    assert 1 == len(_written(home))


async def _begun(home: House, shop: httpx.AsyncClient, *, ago_s: float) -> Run:
    """Leave a request as a process does that dies after it has begun."""
    async with database(home) as opened:
        await _post(shop, WELCOME, key="k")
        digest = bytes(rows(home, "SELECT request_hash AS h FROM idempotency")[0]["h"])
        _change(home, "DELETE FROM idempotency RETURNING key")
        run = await Once(opened).begin("default", "k", digest)
    assert isinstance(run, Run)
    _change(
        home,
        f"UPDATE idempotency SET begun_at = now() - interval '{ago_s} seconds' RETURNING key",
    )
    return run


def _change(home: House, statement: str) -> None:
    url = home.environment["DATABASE_URL"]
    with connect(url=url, schema=Names(home.namespace).database_schema()) as connection:
        assert fetch_all(connection, statement)


async def test_a_request_that_is_worked_on_is_not_begun_again(
    home: House, shop: httpx.AsyncClient
) -> None:
    """Who repeats too early is asked to wait."""
    await _begun(home, shop, ago_s=CRASHED_S - 20)
    answer = await _post(shop, WELCOME, key="k")
    assert (409, "5") == (answer.status_code, answer.headers["Retry-After"])


async def test_a_request_whose_process_died_is_taken_over(
    home: House, shop: httpx.AsyncClient
) -> None:
    """After a minute the repeated request is carried out, under the ids of the first."""
    run = await _begun(home, shop, ago_s=CRASHED_S + 1)
    answer = await _post(shop, WELCOME, key="k")
    assert (202, ids.posted_intent_id("default", run.seed, 0)) == (
        answer.status_code,
        answer.json()["id"],
    )
    again = await _post(shop, WELCOME, key="k")
    assert (answer.content, "true") == (again.content, again.headers["Idempotency-Replayed"])


async def test_a_key_is_kept_for_a_day(home: House, shop: httpx.AsyncClient) -> None:
    """After it the key is free, and makes other ids."""
    first = await _post(shop, WELCOME, key="k")
    _change(home, "UPDATE idempotency SET expires_at = now() RETURNING key")
    later = await _post(shop, WELCOME | {"template": "other"}, key="k")
    assert 202 == later.status_code
    assert first.json()["id"] != later.json()["id"]


async def test_what_kafka_did_not_take_can_be_repeated_at_once(
    home: House, shop: httpx.AsyncClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka away is a 503 that says when to come again, and the key is free for the same."""
    with monkeypatch.context() as patch:
        lost = House(
            {**home.environment, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"},
            home.namespace,
            home.key,
        )
        patch.setenv("TOCSIN_PRODUCER_GIVE_UP_S", "0.3")
        async with client_of(lost, key) as client:
            answer = await _post(client, WELCOME, key="k")
    assert 503 == answer.status_code
    assert "Retry-After" in answer.headers
    assert 202 == (await _post(shop, WELCOME, key="k")).status_code
    assert 422 == (await _post(shop, WELCOME | {"type": "order"}, key="k")).status_code
