"""What providers report reaches the delivery log, through the real server, Kafka and views."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors.sinks.outcome import step
from schemas import topics
from schemas.codec import decode
from schemas.deliveries import AddressEvent, Delivery, DeliveryEvent
from schemas.reasons import DeliveryStatus
from schemas.topics import Names, Topic
from tests import topics as kafka
from tests.callbacks import (
    PUBLIC_URL,
    SECRET,
    SENDGRID_EVENTS,
    TWILIO_TOKEN,
    SendGridSigner,
    dsn,
    receipt,
    reference,
    returned_mail,
    sendgrid_event,
    twilio_post,
)
from tests.conftest import Stack
from tests.gateway import House, serving
from tests.inbox import publish, rows
from tests.processes import Process
from tests.waiting import eventually, eventually_async

pytestmark = pytest.mark.stack
SIGNER = SendGridSigner()
LOG = "SELECT id, status FROM notification_log ORDER BY id"


@pytest.fixture
def url(home: House) -> Iterator[str]:
    """Run the server with callbacks alone."""
    environment = dict(home.environment) | {
        "TOCSIN_PUBLIC_URL": PUBLIC_URL,
        "TOCSIN_LINK_SECRET": SECRET,
        "TOCSIN_SENDGRID_VERIFICATION_KEY": SIGNER.public,
        "TOCSIN_TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
    }
    with serving(environment, arguments=("--callbacks-only",)) as running:
        yield running


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of that server."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as opened:
        yield opened


@pytest.fixture
def views(home: House, tmp_path: Path) -> Iterator[Process]:
    """Run the views."""
    process = Process(["connectors.views"], env=home.environment, log=tmp_path / "views.log")
    yield process.start()
    process.kill()
    print(process.tail())


async def tell(client: httpx.AsyncClient, *events: Any) -> dict[str, int]:
    """Post events as SendGrid does, and give what they came to."""
    body, headers = SIGNER.post(events, at=time.time())
    answer = await client.post(SENDGRID_EVENTS, content=body, headers=headers)
    assert 200 == answer.status_code, answer.text
    found: dict[str, int] = answer.json()
    return found


async def text_status(client: httpx.AsyncClient, status: str, ref: str, **form: str) -> int:
    """Post the status of a text message as Twilio does, and give the answer's."""
    path = f"/callbacks/twilio/status/{ref}"
    given = {"MessageSid": "SM1", "MessageStatus": status, "To": "+436601234567"}
    body, headers = twilio_post(path, given | form)
    return (await client.post(path, content=body, headers=headers)).status_code


def lying(home: House, topic: Topic) -> list[Any]:
    """Read what lies in a topic."""
    servers = home.environment["KAFKA_BOOTSTRAP_SERVERS"]
    messages = kafka.read_all(servers, [Names(home.namespace).topic(topic)])
    return [decode(topic.record, message.value() or b"") for message in messages]


def said(home: House) -> list[DeliveryEvent]:
    """Give the steps that were said of deliveries."""
    return lying(home, topics.DELIVERIES_EVENTS)


def learned(home: House) -> list[AddressEvent]:
    """Give what was said of addresses."""
    return lying(home, topics.RECIPIENTS_FEEDBACK)


def _own_steps(name: str) -> list[DeliveryEvent]:
    now = time.time_ns() // 1_000_000
    mail = Delivery(
        id=f"delivery-{name}",
        intent_id=f"intent-{name}",
        recipient="ann",
        channel="email",
        address="ann@example.org",
        subject=f"about {name}",
        created_at=now - 60_000,
    )
    queued = step(msgspec.structs.replace(mail, attempt=0), DeliveryStatus.QUEUED, now=now - 60_000)
    return [queued, step(mail, DeliveryStatus.SENT, now=now - 50_000, provider="sendgrid")]


_LIVES = {
    "a": (("processed", "delivered", "open", "click"), "delivered"),
    "b": (("processed", "deferred", "delivered", "bounce"), "failed"),
    "c": (("dropped",), "failed"),
    "d": (("processed", "deferred"), "sent"),
    "e": (("open", "spamreport", "delivered", "unsubscribe"), "delivered"),
}


async def test_any_order_ends_in_the_same_log(
    home: House, client: httpx.AsyncClient, views: Process
) -> None:
    """Lives told in shuffled pieces, each piece several times, end as they would in order."""
    seed = random.Random(7)
    expected, pieces = [], []
    for turn in range(4):
        for life, (names, status) in _LIVES.items():
            name = f"{life}{turn}"
            of = receipt(delivery=f"delivery-{name}", intent=f"intent-{name}")
            expected.append({"id": f"delivery-{name}", "status": status})
            events = [
                sendgrid_event(each, at=place, of=of, timestamp=int(time.time()) - 40 + place)
                for place, each in enumerate(names)
            ]
            pieces += [("told", event) for event in events for _ in range(seed.randint(1, 4))]
            pieces += [("said", own) for own in _own_steps(name)]
    seed.shuffle(pieces)
    for first in range(0, len(pieces), 40):
        part = pieces[first : first + 40]
        publish(home, [piece for kind, piece in part if kind == "said"])
        await tell(client, *(piece for kind, piece in part if kind == "told"))

    def ended() -> bool:
        return rows(home, LOG) == sorted(expected, key=lambda row: row["id"])

    await asyncio.to_thread(eventually, ended, within_s=30, why="the log shows every life")
    found = rows(home, "SELECT opened_at, clicked_at, subject, address FROM notification_log")
    assert all(row["subject"].startswith("about ") and row["address"] for row in found)
    assert 8 == sum(row["opened_at"] is not None for row in found)
    assert 4 == sum(row["clicked_at"] is not None for row in found)
    kinds = {(event.kind, event.id) for event in learned(home)}
    assert {"bounced": 4, "complained": 4, "opted_out": 4} == {
        kind: sum(each == kind for each, _ in kinds) for kind, _ in kinds
    }


async def test_texts_come_in_any_order(
    home: House, client: httpx.AsyncClient, views: Process
) -> None:
    """Twilio's callbacks are not in order; `sent` after `delivered` takes nothing back."""
    lives = {
        "a": (["delivered", "sent", "queued", "delivered"], "delivered"),
        "b": (["undelivered", "sent"], "failed"),
        "c": (["delivered", "failed", "sent"], "failed"),
        "d": (["queued", "sending", "sent"], "sent"),
    }
    for name, (statuses, _) in lives.items():
        ref = reference(delivery=f"delivery-{name}", intent=f"intent-{name}", channel="sms")
        for each in statuses:
            code = {"ErrorCode": "30005"} if each in {"undelivered", "failed"} else {}
            assert 204 == await text_status(client, each, ref, MessageSid=f"SM{name}", **code)
    expected = [{"id": f"delivery-{name}", "status": status} for name, (_, status) in lives.items()]
    await asyncio.to_thread(
        eventually, lambda: rows(home, LOG) == expected, within_s=30, why="the log shows them"
    )
    assert {("gone", "+436601234567", "sms")} == {
        (event.kind, event.address, event.channel) for event in learned(home)
    }


async def test_what_nobody_vouches_for_changes_nothing(
    home: House, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Forged, foreign and broken requests are refused or passed over, and no error of ours."""
    good, signed = SIGNER.post([sendgrid_event("bounce")], at=time.time())
    _, stranger = SendGridSigner().post([sendgrid_event("bounce")], at=time.time())
    _, old = SIGNER.post([sendgrid_event("bounce")], at=time.time() - 27 * 3600)
    for body, headers in ((good, {}), (good + b" ", signed), (good, stranger), (good, old)):
        assert (
            401 == (await client.post(SENDGRID_EVENTS, content=body, headers=headers)).status_code
        )
    for junk in (b"nonsense", b"{}", b"7", b"[" * 1000):
        headers = SIGNER.headers(junk, at=time.time())
        assert (
            400 == (await client.post(SENDGRID_EVENTS, content=junk, headers=headers)).status_code
        )
    assert {"foreign": 2, "invalid": 3} == await tell(
        client, {}, sendgrid_event("bounce", tocsin_ref="x"), 7, None, "x"
    )

    form = {"MessageStatus": "failed", "MessageSid": "SM1", "Body": "STOP", "From": "+436601234567"}
    for path in (
        f"/callbacks/twilio/status/{reference(channel='sms')}",
        "/callbacks/twilio/inbound",
    ):
        body, headers = twilio_post(path, form)
        _, forged = twilio_post(path, form, token="another")
        for content, given in ((body, {}), (body + b"&a=b", headers), (body, forged)):
            assert 401 == (await client.post(path, content=content, headers=given)).status_code
    assert 404 == await text_status(client, "failed", "nonsense")
    assert 404 == await text_status(client, "failed", sendgrid_event("open")["tocsin_ref"][:-1])

    ingest = home.make_key(tmp_path, name="another", scope="ingest")
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {ingest}"}, 403)):
        answer = await client.post("/callbacks/mail", content=dsn(), headers=headers)
        assert status == answer.status_code
    assert ([], []) == (said(home), learned(home))
    counted = (await client.get("/metrics")).text
    assert 'tocsin_callbacks_total{outcome="foreign",provider="sendgrid"} 2.0' in counted
    assert 'tocsin_callbacks_total{outcome="refused",provider="sendgrid"} 4.0' in counted


async def test_bounces_come_by_pipe_and_by_form(
    home: House, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A mail server's pipe and SendGrid's parser both bring bounces, with a key for that alone."""
    key = home.make_key(tmp_path, name="bounces", scope="receipts")
    bearer = {"Authorization": f"Bearer {key}"}

    async def post(**how: Any) -> dict[str, str]:
        answer = await client.post("/callbacks/mail", **how)
        assert 200 == answer.status_code, answer.text
        found: dict[str, str] = answer.json()
        return found

    assert {"outcome": "said"} == await post(content=dsn(), headers=bearer)
    raw = {"email": dsn(mail=returned_mail(**{"X-Tocsin-Ref": reference(delivery="delivery-b")}))}
    basic = ("bounces", key)
    assert {"outcome": "said"} == await post(data={"to": "x", "n": "1"}, files=raw, auth=basic)
    field = {"email": (None, dsn())}
    assert {"outcome": "said"} == await post(files=field, auth=basic)
    large = dsn() + b"x" * (4 << 20)
    assert {"outcome": "said"} == await post(content=large, headers=bearer)
    assert {"outcome": "ignored"} == await post(content=dsn(action="delayed"), headers=bearer)
    assert {"outcome": "foreign"} == await post(content=b"Subject: hello\n\nhi", headers=bearer)
    for wrong in ({"content": b""}, {"files": {"mail": b"x"}}, {"content": b"--x"}):
        form = {"Content-Type": "multipart/form-data"} if wrong == {"content": b"--x"} else {}
        answer = await client.post("/callbacks/mail", headers=bearer | form, **wrong)
        assert 400 == answer.status_code
    too_much = b"x" * (31 << 20)
    assert (
        413 == (await client.post("/callbacks/mail", content=too_much, headers=bearer)).status_code
    )

    events = said(home)
    assert {"failed"} == {event.status for event in events}
    assert {"sent"} == {event.corrects for event in events}
    assert 2 == len({event.id for event in events})
    assert {("bounced", "ann@example.org")} == {(e.kind, e.address) for e in learned(home)}


async def test_without_valkey_receipts_are_taken(
    home: House, client: httpx.AsyncClient, stack: Stack
) -> None:
    """A receipt is worth more than the claim that it might have settled."""
    stack.valkey.stop()
    assert {"said": 2} == await tell(client, sendgrid_event("processed"), sendgrid_event("bounce"))
    assert {"sent", "failed"} == {event.status for event in said(home)}


async def test_without_kafka_a_provider_comes_again(
    home: House, client: httpx.AsyncClient, stack: Stack
) -> None:
    """Nothing is taken that is not kept: the provider is told to come again, and then it is."""
    stack.kafka.stop()
    body, headers = SIGNER.post([sendgrid_event("delivered")], at=time.time())
    answer = await client.post(SENDGRID_EVENTS, content=body, headers=headers)
    assert 503 == answer.status_code
    stack.kafka.start()

    async def taken() -> bool:
        again = await client.post(SENDGRID_EVENTS, content=body, headers=headers)
        return again.status_code == 200

    await eventually_async(taken, within_s=30, why="Kafka is back")
    assert {"delivered"} == {event.status for event in said(home)}
