"""Speak as providers do when they report: their events, their forms, and their signatures."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from schemas import links
from schemas.links import Receipt
from tests.builders import NOON

SECRET = "a secret of some length"
TWILIO_TOKEN = "12345"
PUBLIC_URL = "https://tocsin.example.org"
SENDGRID_EVENTS = "/callbacks/sendgrid/events"


def receipt(**fields: Any) -> Receipt:
    """Name the first attempt of the mail `delivery-a`."""
    given: dict[str, Any] = {
        "tenant": "default",
        "intent": "intent-a",
        "delivery": "delivery-a",
        "recipient": "ann",
        "channel": "email",
        "attempt": 1,
    }
    return Receipt(**(given | fields))


def reference(**fields: Any) -> str:
    """Sign the name of an attempt as our sinks do."""
    return links.token(receipt(**fields), secret=SECRET)


def sendgrid_event(name: str, *, at: int = 0, of: Receipt | None = None, **fields: Any) -> Any:
    """Build one of SendGrid's events, `at` seconds after noon."""
    return {
        "email": "ann@example.org",
        "event": name,
        "sg_event_id": f"{name}-{at}",
        "sg_message_id": "m1.filter0425p1mdw1.13037.57168B4A1D.0",
        "timestamp": NOON // 1000 + at,
        "tocsin_ref": links.token(of or receipt(), secret=SECRET),
    } | fields


@dataclass(frozen=True, slots=True)
class SendGridSigner:
    """Sign as SendGrid does, with a key of its own."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public(self) -> str:
        """Give the key that its signatures are checked with."""
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def headers(self, body: bytes, *, at: float) -> dict[str, str]:
        """Sign a body at this moment, in epoch seconds."""
        signed = self.key.sign(str(int(at)).encode() + body, ec.ECDSA(SHA256()))
        return {
            "x-twilio-email-event-webhook-signature": base64.b64encode(signed).decode(),
            "x-twilio-email-event-webhook-timestamp": str(int(at)),
        }

    def post(self, events: Sequence[Any], *, at: float) -> tuple[bytes, dict[str, str]]:
        """Give body and headers of a batch."""
        body = orjson.dumps(events) + b"\r\n"
        return body, self.headers(body, at=at)


def twilio_post(
    path: str, form: Mapping[str, str], *, token: str = TWILIO_TOKEN
) -> tuple[bytes, dict[str, str]]:
    """Give body and headers of a form that Twilio posts to a path of ours."""
    signature = RequestValidator(token).compute_signature(f"{PUBLIC_URL}{path}", dict(form))
    return urlencode(form).encode(), {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": signature,
    }


def returned_mail(**headers: str) -> EmailMessage:
    """Build the mail that came back, as we sent it."""
    mail = EmailMessage(policy=default.clone(max_line_length=990))
    given = {"From": "alerts@tocsin.test", "To": "Ann <ann@example.org>", "Subject": "Disk full"}
    for name, value in (given | {"X-Tocsin-Ref": reference()} | headers).items():
        if value:
            mail[name] = value
    mail.set_content("db-1 has no room left")
    return mail


def dsn(
    *, action: str = "failed", status: str = "5.1.1", mail: EmailMessage | None = None, **more: str
) -> bytes:
    """Write a report of RFC 3464 on one recipient, with the head of the returned mail."""
    block = {
        "Final-Recipient": "rfc822; ann@example.org",
        "Action": action,
        "Status": status,
    } | {name.replace("_", "-"): value for name, value in more.items()}
    lines = "".join(f"{name}: {value}\n" for name, value in block.items() if value)
    head = (mail or returned_mail()).as_string().partition("\n\n")[0]
    return (
        "From: MAILER-DAEMON@mx.example.org\nTo: bounces@tocsin.test\nMessage-ID: <b1@mx>\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"{lines}\n--b\nContent-Type: text/rfc822-headers\n\n{head}\n\n--b--\n"
    ).encode()
