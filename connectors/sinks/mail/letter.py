"""Letter: what a delivery is as a mail, whoever carries it. Pure.

Nothing that a template or a person wrote becomes a line of the head: control characters are
taken out of the subject, and an address is only what a strict reader lets pass.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from connectors.sinks.mail.settings import CLICKS, OPENS, Mailing
from connectors.sinks.mail.tracking import tracked
from connectors.sinks.references import reference
from schemas import links
from schemas.deliveries import Delivery
from schemas.errors import Invalid
from schemas.links import Clicked, Opened, Unsubscribe
from schemas.reasons import Channel

# Who asked for it, or must know it, is not asked whether they want it, nor watched reading it.
WITHOUT_UNSUBSCRIBE = WITHOUT_TRACKING = frozenset({"transactional", "account"})
SUBJECT_CHARS = 900  # RFC 5322 ends a line at 998
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNSAFE_ID = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Letter:
    """Hold a mail before it is put into a provider's form."""

    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    message_id: str


def letter(delivery: Delivery, mailing: Mailing) -> Letter:
    """Make the mail of a delivery; Invalid where its address is none.

    The same delivery has the same Message-ID in every attempt, and another in a replay.
    """
    mark = _UNSAFE_ID.sub("-", f"{delivery.id}.{delivery.replay}".rstrip("."))
    headers = [("Auto-Submitted", "auto-generated"), ("X-Tocsin-Id", _one_line(delivery.id))]
    if mailing.linking.secret:
        headers.append(("X-Tocsin-Ref", reference(delivery, mailing.linking)))
    if delivery.type not in WITHOUT_UNSUBSCRIBE and mailing.linking.usable:
        wish = Unsubscribe(
            tenant=delivery.tenant,
            recipient=delivery.recipient,
            type=delivery.type,
            channel=Channel.EMAIL.value,
        )
        url = links.url(mailing.linking.public_url, wish, secret=mailing.linking.secret)
        headers.append(("List-Unsubscribe", f"<{url}>"))
        if url.startswith("https://"):  # RFC 8058, section 3.1
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return Letter(
        to=_address(delivery.address),
        subject=_one_line(delivery.subject)[:SUBJECT_CHARS] or "(no subject)",
        text=delivery.text.replace("\0", ""),
        html=_html(delivery, mailing),
        headers=tuple(headers),
        message_id=f"<{mark}@{mailing.sender.rpartition('@')[2]}>",
    )


def _html(delivery: Delivery, mailing: Mailing) -> str:
    html = delivery.html.replace("\0", "")
    wanted = mailing.tracking
    if not html or not wanted or delivery.type in WITHOUT_TRACKING:
        return html
    linking = mailing.linking
    place = (
        delivery.tenant,
        delivery.intent_id,
        delivery.id,
        delivery.recipient,
        delivery.channel,
        delivery.attempt,
        delivery.replay,
    )

    def clicked(url: str) -> str:
        ours = links.url(linking.public_url, Clicked(*place, url), secret=linking.secret)
        # What could not be read again would lead nowhere: such an address stays as it is.
        return ours if len(ours.rpartition("/")[2]) <= links.LONGEST else ""

    return tracked(
        html,
        public_url=linking.public_url,
        clicked=clicked if CLICKS in wanted else None,
        picture=(
            links.url(linking.public_url, Opened(*place), secret=linking.secret)
            if OPENS in wanted
            else ""
        ),
    )


def message(letter: Letter, mailing: Mailing, *, now: float) -> bytes:
    """Write the mail as it goes over SMTP, in ASCII; `now` in epoch seconds is its Date."""
    mail = EmailMessage(policy=_Policy(utf8=False, cte_type="7bit"))
    mail["From"] = Address(mailing.sender_name, addr_spec=mailing.sender)
    mail["To"] = Address(addr_spec=letter.to)
    if mailing.reply_to:
        mail["Reply-To"] = Address(addr_spec=mailing.reply_to)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = letter.message_id
    for name, value in letter.headers:
        mail[name] = value
    mail.set_content(_text(letter.text), cte="quoted-printable")
    if letter.html:
        mail.add_alternative(_text(letter.html), subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half a character cannot be written


def _one_line(text: str) -> str:
    return " ".join(_CONTROLS.sub(" ", text).split())


def _address(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise Invalid("no mail address") from None
    if not found.ascii_email:
        raise Invalid("no mail address in ASCII")
    return found.ascii_email


class _Policy(EmailPolicy):
    """Write addresses of pages on one line: folded, they would be encoded word by word."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**({"linesep": SMTP.linesep} | given))

    def fold(self, name: str, value: str) -> str:
        if name in _WHOLE:
            return f"{name}: {value}{self.linesep}"
        written: str = super().fold(name, value)
        return written

    def fold_binary(self, name: str, value: str) -> bytes:
        if name in _WHOLE:
            return self.fold(name, value).encode("ascii", "replace")
        written: bytes = super().fold_binary(name, value)
        return written


_WHOLE = frozenset({"List-Unsubscribe", "Message-ID", "X-Tocsin-Id", "X-Tocsin-Ref"})
