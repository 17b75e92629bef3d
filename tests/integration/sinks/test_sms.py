"""A text reaches Twilio as it was written, by its own library, and nothing in it is a command."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from connectors.sinks.sink import Answer, Later, Refused, Sent, Unknown
from connectors.sinks.sms.channel import Texts
from schemas.reasons import Reason
from tests.fakes import twilio_api
from tests.fakes.receiver import Act, Receiver, receiving
from tests.fakes.twilio_api import KEY, KEY_SECRET, PATH, SERVICE, fields
from tests.outgoing import outgoing, texting

NUMBER = "+436601234567"


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """Give a server that speaks as Twilio does."""
    async with receiving(always=twilio_api.answer) as running:
        yield running


async def sent(server: Receiver, *, settings: dict[str, object], **given: object) -> Answer:
    """Send one text by a sink with these settings."""
    sink = Texts(texting(**({"url": server.url("")} | settings)), within_s=2.0)
    try:
        return await sink.deliver(
            outgoing(**({"channel": "sms", "address": NUMBER, "subject": ""} | given))
        )
    finally:
        await sink.close()


async def form(server: Receiver, **given: object) -> dict[str, str]:
    """Send one text and give what Twilio got of it."""
    assert isinstance(await sent(server, settings={}, **given), Sent)
    return fields(server.requests[-1])


async def test_twilio_gets_what_its_api_asks_for(server: Receiver) -> None:
    """The request is the library's own: path, form and password are as Twilio has them."""
    got = await form(server, text="db-1 has no room left")
    assert {"To": NUMBER, "From": "+15550001111", "Body": "db-1 has no room left"} == {
        name: got[name] for name in ("To", "From", "Body")
    }
    assert set(got) == {"To", "From", "Body", "StatusCallback"}
    request = server.requests[0]
    assert ("POST", PATH) == (request.method, request.path)
    assert "twilio-python/" in request.headers["user-agent"]


async def test_a_key_of_the_account_is_enough(server: Receiver) -> None:
    """Whoever gives Tocsin a key keeps the token of the account to themselves."""
    by_key: dict[str, object] = {"user": KEY, "password": KEY_SECRET}
    assert isinstance(await sent(server, settings=by_key), Sent)
    wrong: dict[str, object] = {"password": "wrong"}
    assert Later("HTTP 401, code 20003") == await sent(server, settings=wrong)


@pytest.mark.parametrize(
    ("address", "senders", "service", "expected"),
    [
        ("12345", ("Tocsin",), "", {"From": "Tocsin"}),
        ("whatsapp:+436601234567", ("1234", "whatsapp:+155500"), "", {"From": "whatsapp:+155500"}),
        ("whatsapp:+436601234567", ("1234",), SERVICE, {"MessagingServiceSid": SERVICE}),
        (NUMBER, (), SERVICE, {"MessagingServiceSid": SERVICE}),
        (NUMBER, ("1234",), SERVICE, {"From": "1234", "MessagingServiceSid": SERVICE}),
    ],
)  # fmt: skip
async def test_each_kind_of_number_is_reached_from_its_sender(
    server: Receiver, address: str, senders: tuple[str, ...], service: str, expected: dict[str, str]
) -> None:
    """Short codes and WhatsApp are addresses as good as any."""
    settings: dict[str, object] = {"senders": senders, "service": service}
    assert isinstance(await sent(server, settings=settings, address=address), Sent)
    got = fields(server.requests[0])
    assert {"To": address, **expected} == {
        name: value for name, value in got.items() if name not in {"Body", "StatusCallback"}
    }


async def test_whom_no_sender_reaches_is_refused(server: Receiver) -> None:
    """A person on WhatsApp gets nothing from a number that is not there; others do."""
    answer = await sent(server, settings={}, address="whatsapp:+436601234567")
    assert isinstance(answer, Refused)
    assert [] == server.requests


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("zwei\nZeilen\tund €", "zwei\nZeilen\tund €"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\0b\x1b[31mc\x7fd\x85e", "ab[31mcde"),
        ("half \ud83d a character", "half  a character"),
        ("whole \U0001f525", "whole \U0001f525"),
        ("a&To=%2B15550009999&From=x+y;z=%00", "a&To=%2B15550009999&From=x+y;z=%00"),
        ("{{ alert }} <script> 'x' \"y\"", "{{ alert }} <script> 'x' \"y\""),
    ],
)
async def test_a_text_is_words_and_nothing_else(server: Receiver, text: str, arrives: str) -> None:
    """Control characters are left away, and no text adds a field to the form."""
    got = await form(server, text=text)
    assert (arrives, NUMBER, "+15550001111") == (got["Body"], got["To"], got["From"])


async def test_what_has_no_words_is_not_sent(server: Receiver) -> None:
    """A subject is better than nothing, and nothing is refused."""
    assert "Disk full" == (await form(server, text="\0\n", subject="Disk full"))["Body"]
    assert Refused("no text", Reason.INVALID) == await sent(server, settings={}, text=" \0")
    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    "address",
    [
        "", "ann@example.org", "06601234567", "+43 660 1234567", "+436601234567\n",
        "+43\x00660123456", "+436601234567,+15550009999", "whatsapp:12345",
        "WhatsApp:+436601234567", "٤٥٦٧", "../x",
    ],
)  # fmt: skip
async def test_what_is_no_number_is_refused(server: Receiver, address: str) -> None:
    """A wrong address fails its own text, and Twilio is not asked."""
    assert Refused("no phone number", Reason.INVALID) == await sent(
        server, settings={}, address=address
    )
    assert [] == server.requests


async def test_nothing_is_taken_from_the_library_s_own_settings(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies about in the environment leads texts to no other account, region or proxy."""
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_EDGE", "TWILIO_REGION"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert isinstance(await sent(server, settings={}), Sent)


async def test_a_server_below_a_path_is_reached() -> None:
    """A server that speaks like Twilio may do so below a path of its own."""
    async with receiving(always=Act(201, body=b'{"sid": "x"}')) as server:
        answer = await sent(server, settings={"url": server.url("/api/laml")})
    assert (Sent("x"), f"/api/laml{PATH}") == (answer, server.requests[0].path)


async def test_texts_go_abreast(server: Receiver) -> None:
    """Silent calls, as many as both lanes may have under way, hold up no other."""
    sink = Texts(texting(url=server.url("")), within_s=1.5)
    server.always = Act(how="hang")
    began = time.monotonic()
    texts = [outgoing(id=f"d-{n}", channel="sms", address=NUMBER) for n in range(64)]
    answers = await asyncio.gather(*(sink.deliver(text) for text in texts))
    assert time.monotonic() - began < 5
    assert [Unknown] * 64 == [type(answer) for answer in answers]
    assert {text.id: 1 for text in texts} == dict(twilio_api.ids(server))
    server.always = twilio_api.answer
    assert isinstance(await sink.deliver(texts[0]), Sent)
    await sink.close()


async def test_who_says_nothing_at_the_door_got_nothing() -> None:
    """Where TLS does not come about, no text has left the house; after it, nobody can say."""
    async with receiving(always=Act(how="hang")) as server:
        for scheme, kind in (("https", Later), ("http", Unknown)):
            url = f"{scheme}://127.0.0.1:{server.port}"
            sink = Texts(texting(url=url), within_s=0.7)
            answer = await sink.deliver(outgoing(channel="sms", address=NUMBER))
            await sink.close()
            assert isinstance(answer, kind)
        assert 1 == len(server.requests)
