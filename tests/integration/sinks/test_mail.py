"""A mail arrives as it was written, in the provider's form, and nothing in it becomes a command."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import orjson
import pytest

from connectors.sinks.mail import channel as mail
from connectors.sinks.mail.letter import letter, message
from connectors.sinks.mail.sendgrid import SendGrid
from connectors.sinks.mail.settings import Mailing, Smtp
from connectors.sinks.mail.smtp import Mailer
from connectors.sinks.sink import Later, Refused, Sent
from schemas.errors import ConfigurationError
from schemas.links import Receipt, Unsubscribe, read
from tests.fakes.certificate import server_tls
from tests.fakes.mail_server import MailServer, serving_mail
from tests.fakes.receiver import Act, receiving, sendgrid_yes
from tests.outgoing import LINKING, mailing, outgoing


def receipt(**fields: object) -> Receipt:
    """Name the attempt that a mail was of."""
    given = {"recipient": "ann", "channel": "email", "attempt": 1} | fields
    return Receipt("default", "i-1", "d-1", **given)  # type: ignore[arg-type]


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """Give a mail server."""
    async with serving_mail() as running:
        yield running


def sender(server: MailServer) -> Mailer:
    """Give the sink of that server."""
    return Mailer(mailing(), Smtp("127.0.0.1", server.port, "plain"), within_s=2.0)


async def sent(server: MailServer, **fields: object) -> EmailMessage:
    """Send one mail and give it as a reader shows it."""
    sink = sender(server)
    try:
        assert isinstance(await sink.deliver(outgoing(**fields)), Sent)
    finally:
        await sink.close()
    return server.read(-1)


def part(got: EmailMessage, kind: str) -> str:
    """Give one of the texts of a mail."""
    found = got.get_body((kind,))
    assert found is not None
    return str(found.get_content())


async def test_a_mail_has_text_html_and_what_tells_it_is_ours(server: MailServer) -> None:
    """Readers see both parts, machines see that no person wrote it, and which delivery it is."""
    got = await sent(server, subject="Zu wenig Platz: ä €", text="Grüße\n.\nEnde")
    assert "Zu wenig Platz: ä €" == got["Subject"]
    assert "Grüße\n.\nEnde" == part(got, "plain").replace("\r\n", "\n").rstrip()
    assert "no room left" in part(got, "html")
    assert {
        "From": "Tocsin <alerts@tocsin.test>",
        "To": "ann@example.org",
        "Auto-Submitted": "auto-generated",
        "X-Tocsin-Id": "d-1",
        "Message-ID": "<d-1@tocsin.test>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    } == {
        name: str(got[name])
        for name in (
            "From", "To", "Auto-Submitted", "X-Tocsin-Id", "Message-ID", "List-Unsubscribe-Post"
        )
    }  # fmt: skip
    assert got["Date"]
    assert server.mails[0].isascii()


async def test_the_link_that_unsubscribes_says_from_what(server: MailServer) -> None:
    """One click ends this type of notification by mail for this person."""
    got = await sent(server, recipient="ann-" + "x" * 200, type="newsletter")
    url = str(got["List-Unsubscribe"]).strip("<>")
    assert url.startswith("https://tocsin.example.org/u/")
    wish = Unsubscribe("default", "ann-" + "x" * 200, "newsletter", "email")
    assert wish == read(Unsubscribe, url.rpartition("/")[2], secret="a secret of some length")


async def test_a_mail_names_its_attempt(server: MailServer) -> None:
    """What comes back of a mail says which attempt it was, and only we can have signed that."""
    got = await sent(server, recipient="ann-" + "x" * 200, attempt=2, replay="r1")
    expected = receipt(recipient="ann-" + "x" * 200, attempt=2, replay="r1")
    assert expected == read(Receipt, str(got["X-Tocsin-Ref"]), secret=LINKING.secret)


@pytest.mark.parametrize("kind", ["transactional", "account"])
async def test_what_must_be_known_offers_no_way_out(server: MailServer, kind: str) -> None:
    """Nobody unsubscribes from a receipt or from a warning about their account."""
    assert "List-Unsubscribe" not in await sent(server, type=kind)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\u2028", "\x85", "\x0b"])
async def test_nothing_becomes_a_header(server: MailServer, end: str) -> None:
    """A subject or an id that ends its line adds no header and no recipient."""
    odd = f"hello{end}Bcc: eve@example.org{end}{end}text"
    got = await sent(server, subject=odd, id=odd)
    assert "Bcc" not in got
    assert "hello Bcc: eve@example.org text" == got["Subject"]
    for wrong in (f"ann@example.org{end}", f"a{end}RCPT TO:<eve@example.org>", "a@b.c, d@e.f"):
        assert isinstance(await sender(server).deliver(outgoing(address=wrong)), Refused)


async def test_a_text_ends_no_mail(server: MailServer) -> None:
    """A line of one dot, or a lone line end before it, is text and no end of the mail."""
    smuggled = "a\r\n.\r\nMAIL FROM:<eve@example.org>\n.\r\nb\n.\nc\r.\rd"
    got = await sent(server, text=smuggled)
    assert 1 == len(server.mails)
    assert "MAIL FROM:<eve@example.org>" in part(got, "plain")


async def test_a_mail_is_the_same_in_every_attempt() -> None:
    """Two attempts of a delivery bear one Message-ID, a replay another."""
    ids = [
        letter(outgoing(**fields), mailing()).message_id
        for fields in ({}, {"attempt": 3}, {"replay": "r1"})
    ]
    assert ["<d-1@tocsin.test>", "<d-1@tocsin.test>", "<d-1.r1@tocsin.test>"] == ids
    assert b"\r\n" in message(letter(outgoing(), mailing()), mailing(), now=0.0)


async def test_starttls_and_the_password_are_used(tmp_path: Path) -> None:
    """Mail goes out under TLS to a server that is who it says, and to no other."""
    tls, trusted = server_tls(tmp_path, names=("localhost",))
    async with serving_mail(tls=tls, login=True) as server:
        env = {
            "TOCSIN_MAIL_FROM": "Tocsin <alerts@example.org>",
            "TOCSIN_SMTP_URL": f"smtp+starttls://us%40er:right%3A%20p%40ss%2Fword@localhost:{server.port}",
        }
        trusting = mail.made(env | {"TOCSIN_SMTP_CA_FILE": trusted})
        suspicious = mail.made(env)
        assert trusting is not None
        assert suspicious is not None
        assert isinstance(await trusting.deliver(outgoing()), Sent)
        assert isinstance(await suspicious.deliver(outgoing()), Later)
        assert 1 == len(server.mails)
        for each in (trusting, suspicious):
            await each.close()


async def test_without_starttls_nothing_is_sent(server: MailServer) -> None:
    """A server that offers no TLS gets no mail where TLS was asked for."""
    sink = Mailer(mailing(), Smtp("127.0.0.1", server.port, "starttls"), within_s=2.0)
    assert isinstance(await sink.deliver(outgoing()), Later)
    assert [] == server.mails


async def test_a_connection_carries_many_mails(server: MailServer) -> None:
    """Mails one after the other need one connection, also after a recipient was refused."""
    sink = sender(server)
    await sink.deliver(outgoing())
    server.at_recipient = "550 5.1.1 no such user"
    assert isinstance(await sink.deliver(outgoing()), Refused)
    server.at_recipient = ""
    await sink.deliver(outgoing())
    assert (2, 1) == (len(server.mails), server.connections)
    await sink.close()


async def test_sendgrid_gets_what_its_api_asks_for() -> None:
    """The request names sender, recipient, both texts, our ids and the template."""
    async with receiving(always=sendgrid_yes("sg-77")) as server:
        sink = SendGrid(mailing(sendgrid_url=server.url(""), reply_to="help@tocsin.test"))
        assert Sent("sg-77") == await sink.deliver(outgoing())
        await sink.close()
    got = server.requests[0]
    body = orjson.loads(got.body)
    assert ("POST", "/v3/mail/send", "Bearer SG.key") == (
        got.method, got.path, got.headers["authorization"]
    )  # fmt: skip
    arguments = body["personalizations"][0].pop("custom_args")
    assert [{"to": [{"email": "ann@example.org"}]}] == body["personalizations"]
    assert receipt() == read(Receipt, arguments.pop("tocsin_ref"), secret=LINKING.secret)
    assert {"tocsin_delivery": "d-1", "tocsin_intent": "i-1"} == arguments
    assert {"email": "alerts@tocsin.test", "name": "Tocsin"} == body["from"]
    assert {"email": "help@tocsin.test"} == body["reply_to"]
    assert ["text/plain", "text/html"] == [each["type"] for each in body["content"]]
    assert ["alert"] == body["categories"]
    assert {"Auto-Submitted", "X-Tocsin-Id", "List-Unsubscribe"} <= set(body["headers"])


async def test_sendgrids_own_word_for_a_pause_is_read() -> None:
    """SendGrid says until when its limit holds, as a moment and not as Retry-After."""
    async with receiving() as server:
        server.script.append(Act(429, headers={"X-RateLimit-Reset": "1060"}))
        sink = SendGrid(mailing(sendgrid_url=server.url("")), now=lambda: 1000.0)
        answer = await sink.deliver(outgoing())
        await sink.close()
    assert 60.0 == (answer.after_s if isinstance(answer, Later) else None)


@pytest.mark.parametrize(
    "env",
    [
        {"TOCSIN_SENDGRID_API_KEY": "x"},
        {"TOCSIN_SMTP_URL": "http://user:hidden@host"},
        {"TOCSIN_SMTP_URL": "smtp://user:hidden@:x"},
        {"TOCSIN_SMTP_URL": "smtps://h", "TOCSIN_MAIL_FROM": "a@b.example\r\nBcc: x@y.example"},
        {"TOCSIN_SMTP_URL": "smtps://h", "TOCSIN_LINK_SECRET": "short"},
        {"TOCSIN_SENDGRID_API_KEY_FILE": "/no/such/file"},
    ],
)
def test_settings_that_cannot_be_used_are_named(env: dict[str, str]) -> None:
    """The start ends with the name of the variable, and without what is secret in it."""
    wanted = {"TOCSIN_MAIL_FROM": "a@b.example"} if "TOCSIN_SMTP_URL" in env else {}
    with pytest.raises(ConfigurationError, match="TOCSIN_") as told:
        Mailing.from_env(wanted | env)
    assert "hidden" not in str(told.value)


def test_without_credentials_there_is_no_provider() -> None:
    """The sandbox stands in where no setting leads to a provider."""
    assert mail.made({"TOCSIN_MAIL_FROM": "a@b.example"}) is None
