"""Settings of mail, read once at the start; without a provider the sandbox stands in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Self
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from connectors.linking import Linking, secret_of
from connectors.sinks.provider_settings import listed, url_of
from schemas.errors import ConfigurationError

SENDGRID_URL = "https://api.sendgrid.com"
OPENS, CLICKS = "opens", "clicks"  # what can be learned of who reads a mail


@dataclass(frozen=True, slots=True)
class Smtp:
    """Say how to reach a mail server; `security` is starttls, tls or plain."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Mailing:
    """Say by whom and in whose name mails are sent."""

    sender: str = ""
    """Address that mails come from. `TOCSIN_MAIL_FROM`, as `Tocsin <alerts@example.org>`."""

    sender_name: str = ""

    reply_to: str = ""
    """Address that answers go to (the sender's). `TOCSIN_MAIL_REPLY_TO`."""

    sendgrid_key: str = field(default="", repr=False)
    """Key of SendGrid's API, or a file with it. `TOCSIN_SENDGRID_API_KEY` (`_FILE`)."""

    sendgrid_url: str = SENDGRID_URL
    """Where that API is (SendGrid's; or a server that speaks like it). `TOCSIN_SENDGRID_URL`."""

    smtp: Smtp | None = None
    """A mail server, as `smtp+starttls://user:password@host:587`, `smtps://` or `smtp://`.
    `TOCSIN_SMTP_URL` (`_FILE`), `TOCSIN_SMTP_CA_FILE`."""

    linking: Linking = field(default_factory=Linking)
    """What signs the address by which people unsubscribe, and the reference that receipts carry
    back (none: neither). `TOCSIN_PUBLIC_URL`, `TOCSIN_LINK_SECRET` (`_FILE`)."""

    tracking: frozenset[str] = frozenset()
    """What is learned of who reads a mail: opens, clicks (neither). `TOCSIN_TRACKING`."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self | None:
        """Read the environment; None where no provider is named."""
        key, smtp = secret_of(env, "TOCSIN_SENDGRID_API_KEY"), secret_of(env, "TOCSIN_SMTP_URL")
        if not key and not smtp:
            return None
        name, sender = _mailbox(env, "TOCSIN_MAIL_FROM")
        if not sender:
            raise ConfigurationError("TOCSIN_MAIL_FROM is not set, and a provider of mail is")
        return cls(
            sender=sender,
            sender_name=name,
            reply_to=_mailbox(env, "TOCSIN_MAIL_REPLY_TO")[1],
            sendgrid_key=key,
            sendgrid_url=url_of(env, "TOCSIN_SENDGRID_URL", SENDGRID_URL),
            smtp=_smtp(smtp, env.get("TOCSIN_SMTP_CA_FILE", "")) if smtp else None,
            linking=Linking.from_env(env),
            tracking=_tracking(env),
        )


def _tracking(env: Mapping[str, str]) -> frozenset[str]:
    wanted = frozenset(listed(env, "TOCSIN_TRACKING"))
    if wanted - {OPENS, CLICKS}:
        raise ConfigurationError("TOCSIN_TRACKING takes opens and clicks, with a comma between")
    if wanted and not Linking.from_env(env).usable:
        raise ConfigurationError(
            "TOCSIN_TRACKING needs TOCSIN_PUBLIC_URL and TOCSIN_LINK_SECRET for its addresses"
        )
    return wanted


def _mailbox(env: Mapping[str, str], name: str) -> tuple[str, str]:
    given = env.get(name, "").strip()
    if not given:
        return "", ""
    # An operator's own setting: no stranger writes here, and what comes out is validated.
    shown, address = parseaddr(given)
    try:
        if any(ord(letter) < 32 for letter in given):
            raise EmailNotValidError("a control character")
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as wrong:
        raise ConfigurationError(f"{name} is no mail address: {wrong}") from wrong
    return shown, checked.ascii_email or address


_SMTP = {"smtp+starttls": ("starttls", 587), "smtps": ("tls", 465), "smtp": ("plain", 25)}


def _smtp(url: str, ca_file: str) -> Smtp:
    # Nothing of the text is told where it is wrong: there is a password in it.
    try:
        parts = urlsplit(url)
        security, port = _SMTP[parts.scheme]
        if not parts.hostname:
            raise ValueError
        return Smtp(
            host=parts.hostname,
            port=parts.port or port,
            security=security,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            ca_file=ca_file,
        )
    except (KeyError, ValueError):
        raise ConfigurationError(
            "TOCSIN_SMTP_URL is not smtp+starttls://, smtps:// or smtp:// with a host"
        ) from None
