"""Settings of text messages, read once at the start; without them the sandbox stands in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from connectors.linking import Linking, secret_of
from connectors.sinks.provider_settings import url_of
from schemas.addresses import WHATSAPP, address_fault
from schemas.errors import ConfigurationError
from schemas.reasons import Channel

TWILIO_URL = "https://api.twilio.com"
_ACCOUNT = re.compile("AC[0-9a-fA-F]{32}")
_KEY = re.compile("SK[0-9a-fA-F]{32}")
_SERVICE = re.compile("MG[0-9a-fA-F]{32}")
# GSM 03.40 leaves a sender that is no number eleven characters; one is a letter.
_WORDS = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")


@dataclass(frozen=True, slots=True)
class Texting:
    """Say by which account of Twilio, and in whose name, text messages are sent."""

    account: str
    """The account that is charged. `TOCSIN_TWILIO_ACCOUNT_SID`."""

    user: str
    """Who asks: the account by its token, or a key of the account. `TOCSIN_TWILIO_API_KEY`."""

    password: str = field(repr=False)
    """What goes with it, or a file with that. `TOCSIN_TWILIO_AUTH_TOKEN` (`_FILE`), with a key
    `TOCSIN_TWILIO_API_SECRET` (`_FILE`)."""

    senders: tuple[str, ...] = ()
    """Numbers, short codes or names that texts come from, at most one for SMS and one for
    WhatsApp. `TOCSIN_TWILIO_FROM`."""

    service: str = ""
    """A messaging service, which chooses a sender where none is named (none).
    `TOCSIN_TWILIO_MESSAGING_SERVICE`."""

    url: str = TWILIO_URL
    """Where the API is (Twilio's; or a region of it, or a server that speaks like it).
    `TOCSIN_TWILIO_URL`."""

    linking: Linking = field(default_factory=Linking)
    """How Twilio sees this server, and what signs the address of receipts (none: no receipts).
    `TOCSIN_PUBLIC_URL`, `TOCSIN_LINK_SECRET` (`_FILE`)."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self | None:
        """Read the environment; None where no credentials are there."""
        account = env.get("TOCSIN_TWILIO_ACCOUNT_SID", "").strip()
        token = secret_of(env, "TOCSIN_TWILIO_AUTH_TOKEN")
        key = env.get("TOCSIN_TWILIO_API_KEY", "").strip()
        key_secret = secret_of(env, "TOCSIN_TWILIO_API_SECRET")
        if not any((account, token, key, key_secret)):
            return None
        _check_credentials(account=account, token=token, key=key, key_secret=key_secret)
        senders = _senders(env.get("TOCSIN_TWILIO_FROM", ""))
        service = env.get("TOCSIN_TWILIO_MESSAGING_SERVICE", "").strip()
        if service and not _SERVICE.fullmatch(service):
            raise ConfigurationError(
                "TOCSIN_TWILIO_MESSAGING_SERVICE is not MG and 32 hexadecimal digits"
            )
        if not senders and not service:
            raise ConfigurationError(
                "neither TOCSIN_TWILIO_FROM nor TOCSIN_TWILIO_MESSAGING_SERVICE is set, "
                "and an account of Twilio is"
            )
        return cls(
            account=account,
            user=key or account,
            password=key_secret if key else token,
            senders=senders,
            service=service,
            url=url_of(env, "TOCSIN_TWILIO_URL", TWILIO_URL),
            linking=Linking.from_env(env),
        )

    def sender(self, address: str) -> str:
        """Give whom a message to this address comes from; empty where nobody is named."""
        wanted = address.startswith(WHATSAPP)
        return next((each for each in self.senders if each.startswith(WHATSAPP) is wanted), "")


def _check_credentials(*, account: str, token: str, key: str, key_secret: str) -> None:
    # Nothing of what was given is told: somebody may have put a secret into the wrong variable.
    if not _ACCOUNT.fullmatch(account):
        raise ConfigurationError("TOCSIN_TWILIO_ACCOUNT_SID is not AC and 32 hexadecimal digits")
    if bool(key) != bool(key_secret):
        raise ConfigurationError(
            "of TOCSIN_TWILIO_API_KEY and TOCSIN_TWILIO_API_SECRET only one is set"
        )
    if key and not _KEY.fullmatch(key):
        raise ConfigurationError("TOCSIN_TWILIO_API_KEY is not SK and 32 hexadecimal digits")
    if not key and not token:
        raise ConfigurationError(
            "neither TOCSIN_TWILIO_AUTH_TOKEN nor TOCSIN_TWILIO_API_KEY is set, "
            "and an account of Twilio is"
        )


def _senders(given: str) -> tuple[str, ...]:
    senders = tuple(part.strip() for part in given.split(",") if part.strip())
    for sender in senders:
        if address_fault(Channel.SMS, sender) and not _WORDS.fullmatch(sender):
            raise ConfigurationError(
                "TOCSIN_TWILIO_FROM is no number as +15551234567, no short code, no name of up to "
                "11 letters and digits, and no number of WhatsApp as whatsapp:+15551234567"
            )
    if len({sender.startswith(WHATSAPP) for sender in senders}) < len(senders):
        raise ConfigurationError(
            "TOCSIN_TWILIO_FROM takes one sender for SMS and one for WhatsApp; "
            "more of them are a messaging service's"
        )
    return senders
