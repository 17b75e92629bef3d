"""Where a provider's answer was lost, its receipt spares the second message."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from schemas.codec import decode
from schemas.deliveries import Delivery, Scheduled
from schemas.topics import Names
from tests.callbacks import PUBLIC_URL, SECRET, SENDGRID_EVENTS, SendGridSigner, sendgrid_event
from tests.conftest import Stack
from tests.fakes.receiver import Act, Request, receiving, sendgrid_yes
from tests.gateway import House, serving
from tests.integration.sinks.test_providers import became, delivery, put, running
from tests.sink_house import Mail
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack
SIGNER = SendGridSigner()


@pytest.fixture
def mail(home: House, stack: Stack) -> Mail:
    """Give topics of the test's own."""
    return Mail(stack.bootstrap_servers, Names(home.namespace))


@pytest.fixture
async def client(home: House) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server that takes callbacks."""
    environment = dict(home.environment) | {
        "TOCSIN_PUBLIC_URL": PUBLIC_URL,
        "TOCSIN_LINK_SECRET": SECRET,
        "TOCSIN_SENDGRID_VERIFICATION_KEY": SIGNER.public,
    }
    with serving(environment, arguments=("--callbacks-only",)) as url:
        async with httpx.AsyncClient(base_url=url, timeout=10) as opened:
            yield opened


def settings(url: str) -> dict[str, str]:
    """Give what leads the sink to a server that speaks as SendGrid does."""
    return {
        "TOCSIN_SENDGRID_API_KEY": "SG.key",
        "TOCSIN_SENDGRID_URL": url,
        "TOCSIN_MAIL_FROM": "alerts@example.org",
        "TOCSIN_PUBLIC_URL": PUBLIC_URL,
        "TOCSIN_LINK_SECRET": SECRET,
    }


def event(name: str, request: Request) -> Any:
    """Build the event that SendGrid posts about a mail that it was handed."""
    arguments = orjson.loads(request.body)["personalizations"][0]["custom_args"]
    return sendgrid_event(name) | arguments | {"timestamp": int(time.time())}


async def tell(client: httpx.AsyncClient, *events: Any) -> dict[str, int]:
    """Post events as SendGrid does."""
    body, headers = SIGNER.post(events, at=time.time())
    answer = await client.post(SENDGRID_EVENTS, content=body, headers=headers)
    assert 200 == answer.status_code, answer.text
    found: dict[str, int] = answer.json()
    return found


async def scheduled(mail: Mail, one: Delivery) -> Scheduled:
    """Wait for the next attempt to be scheduled."""

    async def item() -> Scheduled | None:
        found = await asyncio.to_thread(mail.scheduled)
        return next((each for each in found if one.id in each.id), None)

    found = await eventually_async(item, within_s=40, why="the next attempt is scheduled")
    assert found is not None
    return found


@pytest.mark.parametrize(("told", "status"), [("processed", "sent"), ("delivered", "delivered")])
async def test_what_arrived_is_not_sent_again(
    home: House, mail: Mail, client: httpx.AsyncClient, told: str, status: str
) -> None:
    """The answer is lost, a receipt shows that SendGrid has it, and no second mail is sent."""
    one = delivery("m1", channel="email", address="ann@example.org")
    after = delivery("m2", channel="email", address="ben@example.org")
    async with receiving(always=sendgrid_yes()) as server:
        server.script.append(Act(how="drop"))
        async with running(home, settings(server.url("")), "email"):
            put(mail, one)
            assert "unknown_answer" == (await became(mail, one)).reason
            item = await scheduled(mail, one)

            assert {"said": 1} == await tell(client, event(told, server.requests[0]))
            put(mail, decode(Delivery, item.value))
            put(mail, after)
            await became(mail, after)

            async def twice() -> bool:
                events = await asyncio.to_thread(mail.events)
                return 2 <= sum(e.delivery_id == one.id and e.status == status for e in events)

            await eventually_async(twice, within_s=40, why="the sink says it again")
        assert 2 == len(server.requests)  # one for each mail
    assert ["retrying", status, status] == [
        each.status for each in mail.events() if each.delivery_id == one.id
    ]


async def test_what_is_not_known_to_have_arrived_is_sent_again(
    home: House, mail: Mail, client: httpx.AsyncClient
) -> None:
    """Without a receipt the next attempt goes out, and a late no of the first fails nothing."""
    one = delivery("m1", channel="email", address="ann@example.org")
    async with receiving(always=sendgrid_yes()) as server:
        server.script.append(Act(how="drop"))
        async with running(home, settings(server.url("")), "email"):
            put(mail, one)
            await became(mail, one)
            put(mail, decode(Delivery, (await scheduled(mail, one)).value))

            async def sent() -> bool:
                return "sent" == (await asyncio.to_thread(mail.states))[one.id].status

            await eventually_async(sent, within_s=40, why="the second attempt is sent")
            assert {"overtaken": 1} == await tell(client, event("bounce", server.requests[0]))
            assert {"known": 1} == await tell(client, event("processed", server.requests[1]))
            assert {"said": 1} == await tell(client, event("bounce", server.requests[1]))
        assert 2 == len(server.requests)
    assert ["retrying", "sent", "failed"] == [each.status for each in mail.events()]
    assert ["sent"] == [each.corrects for each in mail.events() if each.status == "failed"]
