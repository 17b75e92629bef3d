"""With SendGrid and a mail server, one of the two sends each mail, and the answer says which."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import pytest

from connectors.sinks.mail import channel as mail
from connectors.sinks.sink import Answer, Later, Refused, Sent, Sink, Unknown
from schemas.errors import ConfigurationError
from tests.fakes.mail_server import MailServer, serving_mail
from tests.fakes.receiver import Act, Receiver, receiving, sendgrid_ids, sendgrid_no, sendgrid_yes
from tests.outgoing import outgoing

NOBODY = Act(how="nobody")  # stands for a port that refuses


@dataclass(frozen=True, slots=True)
class Both:
    """Hold the sink of both providers, and the two."""

    sink: Sink
    sendgrid: Receiver
    server: MailServer

    @property
    def taken(self) -> tuple[int, int]:
        """Count the mails that came to each."""
        return sendgrid_ids(self.sendgrid).total(), len(self.server.mails)


@asynccontextmanager
async def both(act: Act) -> AsyncIterator[Both]:
    """Give a house that sends mail by both, its SendGrid doing this."""
    async with receiving(always=act) as sendgrid, serving_mail() as server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            refusing = f"http://127.0.0.1:{probe.getsockname()[1]}"
        sink = mail.made(
            {
                "TOCSIN_MAIL_FROM": "alerts@example.org",
                "TOCSIN_SENDGRID_API_KEY": "SG.key",
                "TOCSIN_SENDGRID_URL": refusing if act is NOBODY else sendgrid.url(""),
                "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
                "TOCSIN_SINK_CALL_S": "3",
            }
        )
        assert sink is not None
        try:
            yield Both(sink, sendgrid, server)
        finally:
            await sink.close()


@pytest.mark.parametrize(
    "no",
    [NOBODY, Act(429), Act(503), Act(500), Act(408), sendgrid_no(401), sendgrid_no(403)],
    ids=lambda act: f"{act.how}-{act.status}",
)
async def test_a_definite_no_is_made_good_by_the_mail_server(no: Act) -> None:
    """Refused, limited, out of order or with an account in trouble: the mail goes out at once."""
    async with both(no) as house:
        answer = await house.sink.deliver(outgoing())
        assert isinstance(answer, Sent)
        assert ("smtp", 1) == (answer.provider, house.taken[1])


@pytest.mark.parametrize(
    ("act", "kind"),
    [(sendgrid_yes(), Sent), (Act(how="drop"), Unknown), (Act(504), Unknown), (Act(400), Refused)],
    ids=["yes", "lost", "gateway", "refused"],
)
async def test_what_sendgrid_took_or_may_have_taken_is_not_sent_again(
    act: Act, kind: type[Answer]
) -> None:
    """Neither a yes nor a final no nor silence is answered by a second mail."""
    async with both(act) as house:
        answer = await house.sink.deliver(outgoing())
        assert kind is type(answer)
        assert ("sendgrid", (1, 0)) == (answer.provider, house.taken)


async def test_the_attempt_after_silence_goes_to_the_mail_server() -> None:
    """It is marked as perhaps a second mail, and the silent one is not asked again."""
    async with both(Act(how="hang")) as house:
        assert isinstance(await house.sink.deliver(outgoing()), Unknown)
        again = msgspec.structs.replace(outgoing(), attempt=2, maybe_repeat=True)
        answer = await house.sink.deliver(again)
        assert ("smtp", (1, 1)) == (answer.provider, house.taken)


async def test_where_both_say_no_it_waits() -> None:
    """Both are named, and neither address nor text nor key is told."""
    async with both(Act(503, headers={"Retry-After": "7"})) as house:
        house.server.at_recipient = "450 4.2.0 greylisted ann@example.org"
        answer = await house.sink.deliver(outgoing())
        assert isinstance(answer, Later)
        assert "sendgrid: HTTP 503; smtp: SMTP 450 to the recipient" == answer.why


async def test_an_address_that_is_none_is_refused_once() -> None:
    """What no provider could send goes to none."""
    async with both(sendgrid_yes()) as house:
        assert isinstance(await house.sink.deliver(outgoing(address="nobody")), Refused)
        assert (0, 0) == house.taken


def test_one_provider_alone_needs_no_failover() -> None:
    """The sink of one provider is that provider's."""
    known = {"TOCSIN_MAIL_FROM": "a@example.org"}
    alone = [
        mail.made(known | {"TOCSIN_SENDGRID_API_KEY": "SG.key"}),
        mail.made(known | {"TOCSIN_SMTP_URL": "smtp://localhost:1"}),
        mail.made({}),
    ]
    assert ["SendGrid", "Mailer", "NoneType"] == [type(sink).__name__ for sink in alone]
    with pytest.raises(ConfigurationError, match="TOCSIN_MAIL_FROM"):
        mail.made({"TOCSIN_SENDGRID_API_KEY": "SG.key", "TOCSIN_SMTP_URL": "smtp://localhost:1"})
