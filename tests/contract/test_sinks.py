"""Whatever a provider does, its sink answers from the closed set, and never too sure."""

import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.sinks.mail.sendgrid import SendGrid
from connectors.sinks.mail.settings import Smtp
from connectors.sinks.mail.smtp import Mailer
from connectors.sinks.sink import Answer, Later, Refused, Sent, Sink, Unknown, Withheld
from connectors.sinks.sms.channel import Texts
from connectors.sinks.webhook.channel import Webhook
from connectors.stores.endpoints import Endpoints
from schemas.deliveries import Delivery
from schemas.reasons import AddressKind, Channel, Reason
from tests.conftest import Stack
from tests.fakes import twilio_api
from tests.fakes.mail_server import MailServer, serving_mail
from tests.fakes.receiver import Act, Receiver, receiving, sendgrid_ids, sendgrid_no, sendgrid_yes
from tests.outgoing import calling, mailing, outgoing, tables, texting

pytestmark = pytest.mark.stack

WITHIN_S = 1.0  # a sink's patience here: what hangs costs a test no more


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a sink that speaks HTTP, its provider, and what it brings out."""

    sink: Sink
    server: Receiver
    delivery: Delivery

    async def answer(self, act: Act) -> Answer:
        """Deliver once to a provider that does this."""
        self.server.script.append(act)
        return await self.sink.deliver(self.delivery)


@asynccontextmanager
async def webhook_line(stack: Stack, namespace: str) -> AsyncIterator[Line]:
    """Give a webhook sink and an endpoint."""
    async with receiving() as server, tables(stack, namespace) as database:
        endpoints = Endpoints(database, clock=time.monotonic)
        sink = Webhook(calling(), endpoints, within_s=WITHIN_S)
        delivery = outgoing(channel="webhook", address=server.url())
        try:
            yield Line(sink, server, delivery)
        finally:
            await sink.close()


@asynccontextmanager
async def sendgrid_line(stack: Stack, namespace: str) -> AsyncIterator[Line]:
    """Give a mail sink and a server that speaks as SendGrid does."""
    async with receiving(always=sendgrid_yes()) as server:
        sink = SendGrid(mailing(sendgrid_url=server.url("")), within_s=WITHIN_S)
        try:
            yield Line(sink, server, outgoing())
        finally:
            await sink.close()


@asynccontextmanager
async def twilio_line(stack: Stack, namespace: str) -> AsyncIterator[Line]:
    """Give a sink of texts and a server that speaks as Twilio does."""
    async with receiving(always=twilio_api.answer) as server:
        sink = Texts(texting(url=server.url("")), within_s=WITHIN_S)
        try:
            yield Line(sink, server, outgoing(channel="sms", address="+436601234567"))
        finally:
            await sink.close()


LINES = {"webhook": webhook_line, "sendgrid": sendgrid_line, "twilio": twilio_line}
# How the id of a delivery reaches each provider.
IDS: dict[str, Callable[[Receiver], Counter[str]]] = {
    "webhook": Receiver.calls,
    "sendgrid": sendgrid_ids,
    "twilio": twilio_api.ids,
}


@pytest.fixture(params=LINES)
async def line(request: pytest.FixtureRequest, stack: Stack, namespace: str) -> AsyncIterator[Line]:
    """Give each sink that speaks HTTP in turn."""
    async with LINES[request.param](stack, namespace) as made:
        yield made


async def test_a_yes_is_sent(line: Line) -> None:
    """Any 2xx means that the provider took it."""
    for status in (200, 201, 202, 204):
        assert isinstance(await line.answer(Act(status, body=b"")), Sent)
    assert isinstance(await line.answer(Act(how="interim")), Sent)


@pytest.mark.parametrize("status", [400, 402, 404, 405, 406, 409, 413, 415, 422, 451, 499])
async def test_what_the_provider_will_never_take_is_refused(line: Line, status: int) -> None:
    """A 4xx that no time can mend is final."""
    answer = await line.answer(Act(status))
    assert isinstance(answer, Refused)
    assert f"HTTP {status}" == answer.why[:8]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(line: Line, status: int) -> None:
    """Nobody is called but the address that was checked."""
    answer = await line.answer(Act(status, headers={"Location": line.server.url("/other")}))
    assert isinstance(answer, Refused)
    assert 1 == len(line.server.requests)


@pytest.mark.parametrize("status", [408, 500, 501, 503, 507, 520])
async def test_a_definite_no_is_tried_later(line: Line, status: int) -> None:
    """The provider says that it did not do it: another attempt is no second message."""
    answer = await line.answer(Act(status, headers={"Retry-After": "7"}))
    assert Later(f"HTTP {status}", 7.0) == answer


@pytest.mark.parametrize("status", [425, 429])
async def test_a_limit_is_heeded(line: Line, status: int) -> None:
    """Retry-After counts in seconds and as a date, and none is an answer too."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    answers = [
        await line.answer(Act(status, headers=headers))
        for headers in ({"Retry-After": "3"}, {"Retry-After": soon}, {"Retry-After": "soon"}, {})
    ]
    pauses = [answer.after_s if isinstance(answer, Later) else -1.0 for answer in answers]
    assert [Reason.PROVIDER_LIMITS] * 4 == [
        answer.reason for answer in answers if isinstance(answer, Later)
    ]
    assert (3.0, None, None) == (pauses[0], pauses[2], pauses[3])
    assert pauses[1] is not None
    assert 20 < pauses[1] <= 30


@pytest.mark.parametrize(
    "act",
    [
        Act(502), Act(504), Act(how="hang"), Act(how="reset"), Act(how="drop"),
        Act(how="garbage"), Act(how="long_head"),
    ],
    ids=lambda act: f"{act.how}-{act.status}",
)  # fmt: skip
async def test_what_may_have_arrived_is_unknown(line: Line, act: Act) -> None:
    """Where the request had left and no clear word came back, nobody claims to know."""
    began = time.monotonic()
    assert isinstance(await line.answer(act), Unknown)
    assert time.monotonic() - began < WITHIN_S + 2
    assert isinstance(await line.answer(Act(202, body=b"")), Sent)  # and the next goes out


async def test_a_provider_that_is_not_there_is_tried_later(line: Line) -> None:
    """A refused connection is a definite no."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    away = f"http://127.0.0.1:{port}"
    delivery = outgoing(channel="webhook", address=f"{away}/hook")
    sinks: dict[str, tuple[Sink, Delivery]] = {
        "webhook": (line.sink, delivery),
        "sendgrid": (SendGrid(mailing(sendgrid_url=away), within_s=WITHIN_S), line.delivery),
        "twilio": (Texts(texting(url=away), within_s=WITHIN_S), line.delivery),
    }
    sink, delivery = sinks[line.sink.provider]
    assert isinstance(await sink.deliver(delivery), Later)


async def test_the_same_id_goes_along_with_every_attempt(line: Line) -> None:
    """A receiver can tell a second call from a second message."""
    await line.answer(Act(503))
    await line.sink.deliver(replace_attempt(line.delivery, 2))
    assert {"d-1": 2} == dict(IDS[line.sink.provider](line.server))


async def test_no_answer_tells_secrets(line: Line) -> None:
    """What goes into events and logs holds neither address nor text nor key."""
    secrets = ("example.org", "no room", "SG.key", "whsec", "4366012", twilio_api.TOKEN)
    said = (sendgrid_no(400, "from.email"), twilio_api.no(400, 21211), twilio_api.problem(400, 1))
    for act in (Act(400), Act(503), Act(401), Act(how="drop"), *said):
        told = repr(await line.answer(act))
        assert not [word for word in secrets if word in told]


def replace_attempt(delivery: Delivery, attempt: int) -> Delivery:
    """Give the delivery as it is tried again."""
    fields = {name: getattr(delivery, name) for name in delivery.__struct_fields__}
    return Delivery(**(fields | {"attempt": attempt}))


Ask = Callable[[], Awaitable[Answer]]


@asynccontextmanager
async def mail_line() -> AsyncIterator[tuple[MailServer, Ask]]:
    """Give a mail server and a way to send one mail by it."""
    async with serving_mail() as server:
        place = Smtp("127.0.0.1", server.port, "plain")
        sink = Mailer(mailing(), place, within_s=WITHIN_S)
        try:
            yield server, lambda: sink.deliver(outgoing())
        finally:
            await sink.close()


@pytest.mark.parametrize(
    ("step", "said", "kind", "address"),
    [
        ("at_text", "", Sent, None),
        ("at_mail", "451 4.3.0 busy", Later, None),
        ("at_mail", "530 5.7.0 who are you", Later, None),
        ("at_recipient", "450 4.2.0 greylisted", Later, None),
        ("at_recipient", "421 4.3.2 closing", Later, None),
        ("at_recipient", "552 5.2.2 mailbox full", Later, None),
        ("at_recipient", "550 5.1.1 no such user", Refused, AddressKind.BOUNCED),
        ("at_recipient", "551 not local", Refused, AddressKind.BOUNCED),
        ("at_recipient", "553 5.1.3 no such name", Refused, AddressKind.BOUNCED),
        ("at_recipient", "550 5.7.1 relaying denied", Refused, None),
        ("at_recipient", "554 5.5.0 no", Refused, None),
        ("at_recipient", "drop", Later, None),
        ("at_recipient", "hang", Later, None),
        ("at_text", "452 4.3.1 no room", Later, None),
        ("at_text", "550 5.7.1 looks like spam", Refused, None),
        ("at_text", "554 5.6.0 no", Refused, None),
        ("at_text", "drop", Unknown, None),
        ("at_text", "hang", Unknown, None),
    ],
)
async def test_each_word_of_a_mail_server_is_understood(
    step: str, said: str, kind: type[Answer], address: AddressKind | None
) -> None:
    """4xx is later, 5xx is final, an unknown recipient bounced, and silence after the text tells
    nothing.
    """
    async with mail_line() as (server, ask):
        setattr(server, step, said)
        answer = await ask()
        assert kind is type(answer)
        assert address == (answer.address if isinstance(answer, Refused) else None)
        setattr(server, step, "")
        assert isinstance(await ask(), Sent)


async def test_every_sink_names_itself_and_its_endpoint(line: Line) -> None:
    """Events and metrics know each sink, and any address at all has an endpoint."""
    assert line.sink.channel in set(Channel)
    for address in ("", "nonsense", "http://[", "\0", "https://x.example:99999/"):
        odd = outgoing(address=address)
        assert isinstance(line.sink.endpoint(odd), str)
        assert line.sink.abreast(odd) >= 1


async def test_odd_addresses_are_refused_and_never_raise(line: Line) -> None:
    """An address that cannot be used fails its own delivery and nothing else."""
    for address in ("", "nonsense", "http://[", "a\r\nBcc: b@c.d", "alice@example.org)b@c.d"):
        answer = await line.sink.deliver(outgoing(channel=line.sink.channel, address=address))
        assert isinstance(answer, Refused)
    assert [] == line.server.requests


async def test_an_endpoint_that_is_gone_is_called_once(stack: Stack, namespace: str) -> None:
    """After 410 the endpoint is off, and what comes for it is withheld."""
    async with webhook_line(stack, namespace) as line:
        gone = await line.answer(Act(410))
        assert isinstance(gone, Refused)
        assert (Reason.ENDPOINT_OFF, None) == (gone.reason, gone.address)
        assert isinstance(await line.sink.deliver(line.delivery), Withheld)
        assert 1 == len(line.server.requests)


async def test_an_account_in_trouble_costs_no_mail(stack: Stack, namespace: str) -> None:
    """A key that SendGrid does not take is ours to mend, so mails wait for it."""
    async with sendgrid_line(stack, namespace) as line:
        for status in (401, 403):
            assert isinstance(await line.answer(sendgrid_no(status)), Later)
        refused = await line.answer(sendgrid_no(400, "from.email"))
        assert Refused("HTTP 400: from.email") == refused
