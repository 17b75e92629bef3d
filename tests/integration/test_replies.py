"""Who answers a text message acknowledges, opts out or opts in, and is answered."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from schemas import topics
from schemas.codec import decode
from schemas.notification import Recipient
from schemas.records import AlertCommand
from schemas.topics import Names, Topic
from tests import topics as kafka
from tests.builders import NOON
from tests.callbacks import PUBLIC_URL, SECRET, TWILIO_TOKEN, twilio_post
from tests.deliveries import delivery_event
from tests.gateway import House, serving
from tests.inbox import Rows, change

pytestmark = pytest.mark.stack
INBOUND = "/callbacks/twilio/inbound"
ANN, BEN = "+436601234567", "+436607654321"


@pytest.fixture
def url(home: House) -> Iterator[str]:
    """Run the server with callbacks alone."""
    environment = dict(home.environment) | {
        "TOCSIN_PUBLIC_URL": PUBLIC_URL,
        "TOCSIN_LINK_SECRET": SECRET,
        "TOCSIN_TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
    }
    with serving(environment, arguments=("--callbacks-only",)) as running:
        yield running


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of that server."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as opened:
        yield opened


def person(name: str, *numbers: str, tenant: str = "default") -> Recipient:
    """Build a recipient with these numbers."""
    return Recipient(id=name, addresses={"sms": list(numbers)}, tenant=tenant)


def texted(name: str, *, status: str = "sent", at: int = 0, **fields: Any) -> Any:
    """Build the step of a text about the alert of that name, to Ann unless said otherwise."""
    given: dict[str, Any] = {
        "channel": "sms",
        "address": ANN,
        "alert_id": f"alert-{name}",
        "provider": "twilio",
    }
    return delivery_event(name, status, at=at, **(given | fields))


async def reply(client: httpx.AsyncClient, words: str, *, sender: str = ANN, **form: str) -> str:
    """Answer a text, and give the words that come back."""
    given = {"MessageSid": "SM1", "From": sender, "To": "+15005550006", "Body": words} | form
    body, headers = twilio_post(INBOUND, given)
    answer = await client.post(INBOUND, content=body, headers=headers)
    assert 200 == answer.status_code, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    tree = ET.fromstring(answer.text)
    assert "Response" == tree.tag
    return "".join(tree.itertext())


def lying(home: House, topic: Topic) -> list[Any]:
    """Read what lies in a topic."""
    servers = home.environment["KAFKA_BOOTSTRAP_SERVERS"]
    messages = kafka.read_all(servers, [Names(home.namespace).topic(topic)])
    return [decode(topic.record, message.value() or b"") for message in messages]


def orders(home: House) -> list[AlertCommand]:
    """Give what was ordered of alerts."""
    return lying(home, topics.ALERTS_COMMANDS)


async def test_ack_takes_the_last_open_alert(
    home: House, client: httpx.AsyncClient, rows: Rows
) -> None:
    """ACK is about what this number was told last and is still open, however it is typed."""
    await rows(
        person("ann", ANN),
        *(change(name) for name in ("old", "new", "over", "mailed", "failed", "bens")),
        change("over", 2, kind="resolved", status="resolved"),
        texted("old", at=1),
        texted("new", at=2, status="delivered"),
        texted("over", at=3),
        texted("mailed", at=4, channel="email", address="ann@example.org"),
        texted("failed", at=5, status="failed"),
        texted("bens", at=6, recipient="ben", address=BEN),
    )
    assert "Acknowledged: Disk full on new" == await reply(client, " ack! ")
    assert "Acknowledged: Disk full on new" == await reply(client, "ACK")  # asked again by Twilio
    found = orders(home)
    assert {("ack", "alert-new", "print-new", "ann", "default")} == {
        (each.kind, each.alert_id, each.fingerprint, each.actor, each.tenant) for each in found
    }
    assert 1 == len({each.id for each in found})


async def test_what_is_acknowledged_is_not_ordered_again(
    home: House, client: httpx.AsyncClient, rows: Rows
) -> None:
    """A second ACK says how it stands, and does not reach for an older alert."""
    await rows(
        person("ann", ANN),
        change("old"),
        change("new"),
        change("new", 2, kind="acknowledged", acknowledged=True, actor="ben"),
        texted("old", at=1),
        texted("new", at=2),
    )
    assert "Already acknowledged: Disk full on new" == await reply(client, "1")
    assert [] == orders(home)


async def test_tenants_stay_apart(home: House, client: httpx.AsyncClient, rows: Rows) -> None:
    """A number in two tenants acknowledges in the one that told it last, under its name there."""
    other = {"tenant": "other", "recipient": "a.smith"}
    await rows(
        person("ann", ANN),
        person("a.smith", "+15005550001", ANN, tenant="other"),
        change("disk"),
        change("disk", tenant="other", title="<b>Theirs</b> & \u202e\x07more " + "x" * 200),
        change("lone", tenant="other"),
        texted("disk", at=1),
        texted("disk", at=2, **other),
        # Told in a tenant in which nobody has the number any more: nobody may answer for it.
        texted("lone", at=3, tenant="gone", recipient="ann"),
    )
    words = await reply(client, "ok")
    assert words.startswith("Acknowledged: <b>Theirs</b> & more xxx")
    assert len(words) < 110
    assert [("other", "a.smith")] == [(each.tenant, each.actor) for each in orders(home)]


async def test_nothing_open_is_said(home: House, client: httpx.AsyncClient, rows: Rows) -> None:
    """Who acknowledges what is over hears that there is nothing."""
    await rows(person("ann", ANN), change("a"), texted("a", recipient="ben", address=BEN))
    assert "nothing open" in await reply(client, "ACK")
    assert [] == orders(home)


async def test_stop_and_start_are_wishes_of_the_number(
    home: House, client: httpx.AsyncClient, rows: Rows
) -> None:
    """Opting out and in counts for everybody who has the number, and Twilio says the words."""
    await rows(
        person("ann", ANN), person("a.smith", ANN, tenant="other"), person("ben", BEN), change("a")
    )
    assert "" == await reply(client, "Stop.", MessageSid="SM1", OptOutType="STOP")
    assert "" == await reply(client, "unstop", MessageSid="SM2")
    found = lying(home, topics.RECIPIENTS_FEEDBACK)
    assert {
        ("default", "ann", "opted_out"), ("other", "a.smith", "opted_out"),
        ("default", "ann", "opted_in"), ("other", "a.smith", "opted_in"),
    } == {(each.tenant, each.recipient, each.kind) for each in found}  # fmt: skip
    assert {("sms", ANN, "")} == {(each.channel, each.address, each.type) for each in found}
    assert all(each.occurred_at > NOON for each in found)


async def test_strangers_and_other_words_are_not_answered(
    home: House, client: httpx.AsyncClient, rows: Rows
) -> None:
    """Nobody learns from an answer whether a number is known, or gets one for a chat."""
    await rows(person("ann", ANN), change("a"), texted("a"))
    for sender in (BEN, "whatsapp:" + ANN, "", "\0", "x" * 5000, "'; DROP TABLE recipients; --"):
        for words in ("ACK", "STOP", "HELP"):
            assert "" == await reply(client, words, sender=sender)
    for words in ("", "thanks", "please stop", "\0", "ACK " * 5000):
        assert "" == await reply(client, words)
    assert "ACK" in await reply(client, "help")
    assert "" == await reply(client, "HELP", OptOutType="HELP")
    assert ([], []) == (orders(home), lying(home, topics.RECIPIENTS_FEEDBACK))
