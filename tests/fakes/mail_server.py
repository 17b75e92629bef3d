"""A mail server that answers as it is told to, and remembers every mail."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class MailServer:
    """Say what is answered at each step (empty: yes), and keep what came.

    The answer `drop` breaks the connection off, `hang` says nothing.
    """

    port: int = 0
    at_mail: str = ""
    at_recipient: str = ""
    at_text: str = ""
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0
    logins: list[str] = field(default_factory=list)

    def read(self, number: int = 0) -> EmailMessage:
        """Give a mail as a reader shows it."""
        found = message_from_bytes(self.mails[number], policy=default)
        assert isinstance(found, EmailMessage)
        return found

    async def handle_EHLO(  # noqa: N802 - the library's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Greet."""
        if not session.host_name:
            self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        mail_options: list[str],
    ) -> str:
        """Take a sender."""
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return await _said(self.at_mail, server) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        """Take a recipient."""
        said = await _said(self.at_recipient, server)
        if not said:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(rcpt_options)
        return said or "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail; also one whose answer is then kept back."""
        content = envelope.content
        assert isinstance(content, bytes)
        if not self.at_text or self.at_text in {"drop", "hang"}:
            self.mails.append(content)
        return await _said(self.at_text, server) or "250 2.0.0 queued as 4711"

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Let in whoever knows the password."""
        assert isinstance(data, LoginPassword)
        self.logins.append(mechanism)
        return AuthResult(success=data.password == b"right: p@ss/word")


async def _said(answer: str, server: SMTP) -> str:
    if answer == "drop":
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()
    if answer == "hang":
        await asyncio.Event().wait()
    return answer


@asynccontextmanager
async def serving_mail(
    *, tls: ssl.SSLContext | None = None, login: bool = False
) -> AsyncIterator[MailServer]:
    """Run a server on a free port of the loopback; STARTTLS where it has a certificate."""
    mails = MailServer()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            mails,
            hostname="mail.test",
            tls_context=tls,
            require_starttls=False,
            authenticator=mails.login if login else None,
            auth_required=login,
            auth_require_tls=False,
            loop=loop,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    mails.port = server.sockets[0].getsockname()[1]
    try:
        yield mails
    finally:
        server.close()
