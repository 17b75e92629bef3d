"""The runner brings out every channel by the sink that the settings lead to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from connectors.settings import Settings
from connectors.sinks import catalogue
from connectors.sinks.runner import Runner
from connectors.sinks.settings import Sinking
from schemas import ids, keys, topics
from schemas.codec import encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.reasons import Reason
from schemas.topics import Names
from streams.core.planning.person import NOTHING_KNOWN, address_gone, learn
from tests import topics as kafka
from tests.conftest import Stack
from tests.fakes import fcm, twilio_api
from tests.fakes.receiver import Act, receiving, sendgrid_ids, sendgrid_no, sendgrid_yes
from tests.gateway import House
from tests.inbox import database
from tests.outgoing import SECRET, outgoing
from tests.sink_house import Mail
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack


@asynccontextmanager
async def running(home: House, env: Mapping[str, str], *channels: str) -> AsyncIterator[None]:
    """Run what `python -m connectors.sinks` runs with these settings, until the block ends."""
    settings = Settings.from_env(home.environment)
    async with database(home) as opened:
        parts = catalogue.Parts(settings, opened, env)
        sinks = [catalogue.made(channel, parts) for channel in channels]
        runner = Runner(settings, Sinking(instance_id="one"), sinks)
        task = asyncio.create_task(runner.run())
        try:
            yield
        finally:
            runner.stop()
            await task


@pytest.fixture
def mail(home: House, stack: Stack) -> Mail:
    """Give topics of the test's own."""
    return Mail(stack.bootstrap_servers, Names(home.namespace))


def delivery(name: str, *, channel: str, address: str) -> Delivery:
    """Make a delivery of its own recipient."""
    return outgoing(
        id=ids.delivery_id("default", name, channel, address),
        intent_id=name,
        recipient=name,
        channel=channel,
        address=address,
    )


def put(mail: Mail, delivery: Delivery) -> None:
    """Write it to its topic, as planning does."""
    topic = mail.names.topic(topics.DELIVERIES[delivery.channel, delivery.lane])
    key = keys.key(delivery.tenant, delivery.recipient)
    kafka.produce(mail.servers, topic, [(key, encode(delivery))])


async def became(mail: Mail, delivery: Delivery) -> DeliveryEvent:
    """Wait for what came of a delivery."""

    async def event() -> DeliveryEvent | None:
        return (await asyncio.to_thread(mail.states)).get(delivery.id)

    found = await eventually_async(event, within_s=40, why="the delivery has come to something")
    assert found is not None
    return found


async def test_webhooks_are_posted_until_their_endpoint_is_gone(home: House, mail: Mail) -> None:
    """Delivered, tried again, failed, and then suppressed: the events tell each."""
    env = {
        "TOCSIN_WEBHOOK_SECRET": SECRET,
        "TOCSIN_WEBHOOK_HTTP": "yes",
        "TOCSIN_WEBHOOK_ALLOW": "127.0.0.0/8",
    }
    acts = (Act(200), Act(503, headers={"Retry-After": "90"}), Act(404), Act(410))
    expected = [
        ("delivered", ""),
        ("retrying", "provider_unavailable"),
        ("failed", "provider_refused"),
        ("failed", "endpoint_off"),
        ("suppressed", "endpoint_off"),
        ("failed", "unsafe_address"),
    ]
    async with receiving() as server, running(home, env, "webhook"):
        server.script.extend(acts)
        places = [server.url()] * 5 + ["http://10.0.0.1/hook"]
        events = []
        for number, place in enumerate(places):
            each = delivery(f"w{number}", channel="webhook", address=place)
            put(mail, each)
            events.append(await became(mail, each))
        assert expected == [(event.status, event.reason) for event in events]
        assert {"webhook"} == {event.provider for event in events}
        assert 4 == len(server.requests)
        assert events[1].until - events[1].occurred_at >= 90_000
        assert [] == mail.feedback()  # the endpoint is off, not the address


async def test_mails_are_handed_to_sendgrid(home: House, mail: Mail) -> None:
    """What SendGrid took is sent under its id, what it refused has failed."""
    async with receiving(always=sendgrid_yes("sg-9")) as server:
        env = {
            "TOCSIN_SENDGRID_API_KEY": "SG.key",
            "TOCSIN_SENDGRID_URL": server.url(""),
            "TOCSIN_MAIL_FROM": "alerts@example.org",
        }
        async with running(home, env, "email"):
            taken = delivery("m1", channel="email", address="ann@example.org")
            put(mail, taken)
            event = await became(mail, taken)
            assert ("sent", "sendgrid", "sg-9") == (
                event.status, event.provider, event.provider_id
            )  # fmt: skip
            server.script.append(sendgrid_no(400, "personalizations.0.to"))
            refused = delivery("m2", channel="email", address="bob@example.org")
            put(mail, refused)
            event = await became(mail, refused)
            assert ("failed", Reason.PROVIDER_REFUSED) == (event.status, event.reason)
            assert "bob@example.org" not in event.error
        assert {taken.id: 1, refused.id: 1} == dict(sendgrid_ids(server))


async def test_texts_are_handed_to_twilio(home: House, mail: Mail) -> None:
    """What Twilio took is sent under its id; who replied STOP is known from then on."""
    async with receiving(always=twilio_api.answer) as server:
        env = {
            "TOCSIN_TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT,
            "TOCSIN_TWILIO_AUTH_TOKEN": twilio_api.TOKEN,
            "TOCSIN_TWILIO_FROM": "+15550001111",
            "TOCSIN_TWILIO_URL": server.url(""),
            "TOCSIN_PUBLIC_URL": "https://tocsin.example.org/",
            "TOCSIN_LINK_SECRET": twilio_api.LINK_SECRET,
        }
        async with running(home, env, "sms"):
            taken = delivery("t1", channel="sms", address="+436601234567")
            put(mail, taken)
            event = await became(mail, taken)
            assert ("sent", "twilio", f"SM{'4567':0>32}") == (
                event.status, event.provider, event.provider_id
            )  # fmt: skip
            server.script.append(twilio_api.no(400, 21610))
            refused = delivery("t2", channel="sms", address="+436607654321")
            put(mail, refused)
            event = await became(mail, refused)
            assert ("failed", Reason.PROVIDER_REFUSED) == (event.status, event.reason)
            assert "HTTP 400, code 21610" == event.error
        assert {taken.id: 1, refused.id: 1} == dict(twilio_api.ids(server))
        assert [("t2", "+436607654321", "opted_out")] == [
            (each.recipient, each.address, each.kind) for each in mail.feedback()
        ]


async def test_push_messages_are_handed_to_fcm(home: House, mail: Mail) -> None:
    """What FCM took is sent under its name, and a phone that it no longer knows gets no more."""
    async with receiving(always=fcm.fcm_yes("m-9")) as server, receiving() as google:
        google.always = fcm.token()
        env = {
            "TOCSIN_FCM_CREDENTIALS": fcm.service_account(google),
            "TOCSIN_FCM_URL": server.url(""),
        }
        async with running(home, env, "push"):
            taken = delivery("p1", channel="push", address="phone-1")
            put(mail, taken)
            event = await became(mail, taken)
            assert ("sent", "fcm", "projects/tocsin-test/messages/m-9") == (
                event.status, event.provider, event.provider_id
            )  # fmt: skip
            server.script.append(fcm.fcm_no(404, "NOT_FOUND", "UNREGISTERED"))
            lost = delivery("p2", channel="push", address="phone-2")
            put(mail, lost)
            event = await became(mail, lost)
            assert ("failed", Reason.PROVIDER_REFUSED) == (event.status, event.reason)
        assert {taken.id: 1, lost.id: 1} == dict(fcm.fcm_ids(server))
    (learned,) = mail.feedback()
    known = learn(NOTHING_KNOWN, learned)
    assert [True, False] == [address_gone(known, "push", each) for each in ("phone-2", "phone-1")]
