"""SMTP: hand mails to a mail server, over connections that are used again."""

import asyncio
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import aiosmtplib

from connectors.sinks.mail.letter import letter, message
from connectors.sinks.mail.settings import Mailing, Smtp
from connectors.sinks.sink import ACCOUNT, Answer, Later, OneAccount, Refused, Sent, Unknown
from schemas.deliveries import Delivery
from schemas.errors import ConfigurationError, Invalid
from schemas.reasons import AddressKind, Channel, Reason

CONNECT_S = 5.0
IDLE_S = 20.0
MAILS_PER_CONNECTION = 100
_NO_SUCH_ADDRESS = frozenset({550, 551, 553})
_POLICY = re.compile(r"\b5\.7\.\d+\b")  # RFC 3463: who may send, not who is there
_MAILBOX_FULL = 552  # RFC 5321, 4.5.3.1.10: to a recipient it means what 452 does


@dataclass(slots=True)
class _Kept:
    client: aiosmtplib.SMTP
    idle_since: float = 0.0
    mails: int = 0


class Mailer(OneAccount):
    """Send mails by one mail server; what it took is `sent`, as no receipt comes."""

    channel = Channel.EMAIL.value
    provider = "smtp"
    limits = replace(ACCOUNT, in_flight=8)  # a server takes few connections from one sender

    def __init__(
        self,
        mailing: Mailing,
        server: Smtp,
        *,
        within_s: float = 29.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._mailing = mailing
        self._server = server
        self._within_s = within_s
        self._now = now
        self._tls = _trusting(server.ca_file)
        self._idle: list[_Kept] = []

    def endpoint(self, delivery: Delivery) -> str:
        """Name the one server."""
        del delivery
        return self._server.host

    async def deliver(self, delivery: Delivery) -> Answer:
        """Hand one mail over."""
        try:
            mail = letter(delivery, self._mailing)
            written = message(mail, self._mailing, now=self._now())
        except (Invalid, ValueError) as wrong:
            return Refused(str(wrong) if isinstance(wrong, Invalid) else "no mail", Reason.INVALID)
        ends_at = asyncio.get_running_loop().time() + self._within_s
        kept: _Kept | None = None
        try:
            async with asyncio.timeout_at(ends_at):
                kept = await self._addressed(mail.to)
        except TimeoutError:
            return Later(f"not ready for a mail within {self._within_s:g} s")
        except aiosmtplib.SMTPRecipientRefused as refused:
            return _of_recipient(refused.code, refused.message)
        except aiosmtplib.SMTPResponseException as refused:
            return _before(refused)
        except (aiosmtplib.SMTPException, OSError) as away:
            return Later(f"not connected: {type(away).__name__}")
        return await self._handed(kept, written, ends_at)

    async def close(self) -> None:
        """Take leave of the server."""
        for kept in self._idle:
            kept.client.close()
        self._idle.clear()

    async def _handed(self, kept: _Kept, written: bytes, ends_at: float) -> Answer:
        answer: Answer
        try:
            async with asyncio.timeout_at(ends_at):
                told = await kept.client.data(written)
            answer = Sent(told.message.partition("\n")[0][:200])
        except aiosmtplib.SMTPResponseException as refused:
            why = f"SMTP {refused.code} after the text"
            answer = Later(why) if refused.code < 500 else Refused(why)
        except (TimeoutError, aiosmtplib.SMTPException, OSError) as lost:
            kept.client.close()
            return Unknown(f"no answer to the text: {type(lost).__name__}")
        except BaseException:
            kept.client.close()
            raise
        self._keep(kept)
        return answer

    async def _addressed(self, to: str) -> _Kept:
        """Say from whom and to whom; nothing is sent by it, so a dead connection costs nothing."""
        while kept := self._fresh():
            try:
                return await self._begun(kept, to)
            except (aiosmtplib.SMTPServerDisconnected, OSError):
                continue
        return await self._begun(_Kept(await self._connected()), to)

    async def _begun(self, kept: _Kept, to: str) -> _Kept:
        client = kept.client
        try:
            await client.mail(self._mailing.sender)
            await client.rcpt(to)
        except aiosmtplib.SMTPRecipientRefused:
            try:
                await client.rset()
                self._keep(kept)
            except (aiosmtplib.SMTPException, OSError):
                client.close()
            raise
        except BaseException:
            client.close()
            raise
        return kept

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls if server.security != "plain" else None,
            timeout=self._within_s,
        )
        try:
            await client.connect(timeout=min(CONNECT_S, self._within_s))
        except BaseException:
            client.close()
            raise
        return client

    def _fresh(self) -> _Kept | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            kept = self._idle.pop()
            if kept.client.is_connected and now - kept.idle_since < IDLE_S:
                return kept
            kept.client.close()
        return None

    def _keep(self, kept: _Kept) -> None:
        kept.mails += 1
        if kept.client.is_connected and kept.mails < MAILS_PER_CONNECTION:
            kept.idle_since = asyncio.get_running_loop().time()
            self._idle.append(kept)
        else:
            kept.client.close()


def _of_recipient(code: int, told: str) -> Answer:
    why = f"SMTP {code} to the recipient"
    if code < 500 or code == _MAILBOX_FULL:
        return Later(why)
    bounced = code in _NO_SUCH_ADDRESS and not _POLICY.search(told)
    return Refused(why, address=AddressKind.BOUNCED if bounced else None)


def _before(refused: aiosmtplib.SMTPResponseException) -> Answer:
    """Judge a no before the recipient: of the greeting, TLS, login, or to us as sender."""
    # The account's trouble and not this mail's, so even a 5xx waits until somebody looks.
    return Later(f"SMTP {refused.code} before the recipient: {type(refused).__name__}")


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as wrong:
        raise ConfigurationError("TOCSIN_SMTP_CA_FILE holds no authority") from wrong
