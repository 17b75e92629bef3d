"""Each word of Twilio's is understood, and a yes is a yes however it is worded."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson
import pytest

from connectors.sinks.sink import Answer, Later, Refused, Sent
from connectors.sinks.sms.channel import Texts
from schemas.reasons import AddressKind, Reason
from tests.fakes import twilio_api
from tests.fakes.receiver import Act, Receiver, receiving
from tests.outgoing import outgoing, texting

WITHIN_S = 1.0
NUMBER = "+436601234567"
Ask = Callable[[Act], Awaitable[Answer]]


@asynccontextmanager
async def line() -> AsyncIterator[tuple[Receiver, Ask]]:
    """Give a server that speaks as Twilio does, and a way to let it answer one text."""
    async with receiving(always=twilio_api.answer) as server:
        sink = Texts(texting(url=server.url("")), within_s=WITHIN_S)

        async def ask(act: Act) -> Answer:
            server.script.append(act)
            return await sink.deliver(outgoing(channel="sms", address=NUMBER))

        try:
            yield server, ask
        finally:
            await sink.close()


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Give the way alone."""
    async with line() as (_, found):
        yield found


async def test_what_twilio_takes_is_sent_under_its_id(ask: Ask) -> None:
    """Receipts will name the message by this id."""
    assert Sent("SM1") == await ask(twilio_api.yes("SM1"))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"created", b"[]", b"null", b'{"sid": []}', b'{"sid": null}', b'{"sid": "S\\u0000"}',
        b'{"date_created": "Mon, 99 Foo 0000 99:99:99"}', b'{"date_sent": 5}', b"\xff\xfe",
        b"{" * 2000, b"x" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_a_yes_without_readable_words_is_a_yes(ask: Ask, body: bytes) -> None:
    """A text that was created is not created once more because its id cannot be read."""
    assert Sent("") == await ask(Act(201, body=body))


@pytest.mark.parametrize("how", ["slow", "huge"])
async def test_a_yes_whose_words_do_not_end_is_a_yes(ask: Ask, how: str) -> None:
    """The status has said it, and nobody waits for the rest for ever."""
    began = time.monotonic()
    assert Sent("") == await ask(Act(201, how=how))
    assert time.monotonic() - began < WITHIN_S + 2


@pytest.mark.parametrize(
    ("code", "address"),
    [
        (21610, AddressKind.OPTED_OUT),
        (21211, AddressKind.GONE),
        (21217, AddressKind.GONE),
        (21614, AddressKind.GONE),
        (21635, AddressKind.GONE),
        (21408, None),
        (21612, None),
        (21608, None),
        (21606, None),
        (21617, None),
        (30007, None),
    ],
)
async def test_what_is_wrong_with_a_number_is_learnt(
    ask: Ask, code: int, address: AddressKind | None
) -> None:
    """Who replied STOP and what is no mobile number get no more texts; the rest fails alone."""
    why = f"HTTP 400, code {code}"
    for act in (twilio_api.no(400, code), twilio_api.problem(400, code)):
        assert Refused(why, Reason.PROVIDER_REFUSED, address) == await ask(act)


@pytest.mark.parametrize(
    "act",
    [
        Act(401), Act(403), twilio_api.no(401, 20003), twilio_api.no(403, 20006),
        twilio_api.no(404, 20404), twilio_api.no(400, 21609), twilio_api.no(400, 21660),
        twilio_api.no(400, 21701), twilio_api.no(400, 63007), twilio_api.no(400, 10001),
    ],
    ids=lambda act: f"{act.status}-{act.body[:20]!r}",
)  # fmt: skip
async def test_an_account_in_trouble_costs_no_text(ask: Ask, act: Act) -> None:
    """What is ours to mend (token, sender, our address) makes texts wait, and counts as broken."""
    answer = await ask(act)
    assert isinstance(answer, Later)
    assert Reason.PROVIDER_UNAVAILABLE == answer.reason


async def test_a_no_to_one_number_is_not_taken_for_the_accounts(ask: Ask) -> None:
    """Forbidden for one country is no reason to hold everybody's texts back."""
    assert isinstance(await ask(twilio_api.no(403, 21408)), Refused)


@pytest.mark.parametrize(
    "act", [twilio_api.no(429, 20429), twilio_api.no(400, 21611), twilio_api.no(400, 63038)]
)
async def test_a_limit_holds_the_account_back(ask: Ask, act: Act) -> None:
    """Too many texts, in whichever words, are a pace to keep and no trouble."""
    asked = Act(act.status, headers={"Retry-After": "4"}, body=act.body)
    told = [await ask(each) for each in (act, asked)]
    assert [(None, Reason.PROVIDER_LIMITS), (4.0, Reason.PROVIDER_LIMITS)] == [
        (each.after_s, each.reason) for each in told if isinstance(each, Later)
    ]


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_in_trouble_is_not_asked_for_its_reasons(ask: Ask, status: int) -> None:
    """A number is not given up because of what a broken server says of it."""
    assert not isinstance(await ask(twilio_api.no(status, 21610)), Refused)


@pytest.mark.parametrize("code", [None, True, "21610", "x", -1, 10**30, 21610.5, [21610], {}, "²"])
async def test_an_odd_code_is_no_reason_to_fall(ask: Ask, code: object) -> None:
    """A code in a form of its own is read or left, and the status decides."""
    answer = await ask(Act(400, body=orjson.dumps({"code": str(code) if code == 10**30 else code})))
    assert isinstance(answer, Refused)
    assert (AddressKind.OPTED_OUT if code == "21610" else None) == answer.address


async def test_one_connection_carries_many_texts() -> None:
    """A text does not pay for a handshake of its own, also after one that was refused."""
    async with line() as (server, ask):
        for act in (twilio_api.yes("SM1"), twilio_api.no(400, 21211), twilio_api.yes("SM2")):
            await ask(act)
        assert (3, 1) == (len(server.requests), server.connections)
