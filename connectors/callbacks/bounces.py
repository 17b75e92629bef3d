"""Bounces: what a mail that came back tells of the one that it speaks of. Pure.

Anybody can write a bounce, so only the signed reference in the head of the returned mail says
which delivery it is about; ids and addresses beside it are taken for nothing by themselves.
"""

import logging
import re
from collections.abc import Iterator
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses
from typing import TypeAlias

from email_validator import EmailNotValidError, validate_email
from flufl.bounce import all_failures

from connectors.callbacks.mail_status import speaks_of_address
from connectors.callbacks.told import Outcome, Told
from schemas import links
from schemas.links import Receipt
from schemas.reasons import AddressKind, DeliveryStatus, Reason

REFERENCE = "X-Tocsin-Ref"
DEPTH, PARTS = 50, 200  # SAFETY 23
_TEXT_CHARS = 200_000  # of a bounce without a form of its own; what matters stands in front
_HEAD_CHARS = 100_000
_WORD_CHARS = 20_000  # a reference, and what may have been put around it
_GUESSED_BYTES = 64 * 1024  # of a mail that is looked through line by line for many forms

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REFERENCE_LINE = re.compile(
    rf"^[> \t]*{REFERENCE}:\s*([A-Za-z0-9_-]{{40,8192}})\s*$", re.IGNORECASE | re.MULTILINE
)
_TO_LINE = re.compile(r"^[> \t]*To:[ \t]*(.{3,400})$", re.IGNORECASE | re.MULTILINE)

# A part in a part needs a boundary of its own, and each costs the parser time on every line.
_BOUNDARY = re.compile(rb"boundary[\s*0-9]*=", re.IGNORECASE)

_Mail: TypeAlias = "Message[str, str]"

# It logs every step, and errors with what stands in the mail.
logging.getLogger("flufl.bounce").disabled = True


def told(raw: bytes, *, secret: str, now: int) -> Told | Outcome:
    """Read a mail that came to us; an Outcome where it says nothing of a delivery of ours.

    Only what failed for good is told: a delayed mail may still arrive.
    """
    try:
        return _told(raw, secret=secret, now=now)
    except Exception:  # noqa: BLE001 - hostile mails break the libraries in a dozen ways
        return Outcome.INVALID


def _told(raw: bytes, *, secret: str, now: int) -> Told | Outcome:
    if len(_BOUNDARY.findall(raw)) > DEPTH:
        return Outcome.INVALID
    parts = _parts(message_from_bytes(raw, policy=compat32))
    if parts is None:
        return Outcome.INVALID
    reference, to = _returned(parts)
    of = links.read(Receipt, reference, secret=secret)
    if of is None:
        return Outcome.FOREIGN
    status = _failed(raw, parts)
    if status is None:
        return Outcome.IGNORED
    return Told(
        of=of,
        occurred_at=now,  # a Date is whatever its writer likes
        mark="bounce",  # one attempt comes back for good but once, however many say so
        status=str(DeliveryStatus.FAILED),
        reason=str(Reason.BOUNCED),
        error=f"bounced {status}".strip(),
        kind=AddressKind.BOUNCED if speaks_of_address(status) else None,
        address=to or _reported(parts),
    )


def _parts(mail: _Mail) -> list[_Mail] | None:
    """List a mail's parts, itself first; None where there are too many, or too deep within."""
    found: list[_Mail] = []
    level = [mail]
    for _ in range(DEPTH):
        found += level
        if len(found) > PARTS:
            return None
        level = [
            part
            for each in level
            if each.is_multipart()
            for part in each.get_payload()
            if isinstance(part, Message)
        ]
        if not level:
            return found
    return None


def _returned(parts: list[_Mail]) -> tuple[str, str]:
    """Give the reference in the mail that came back, and whom that mail was to."""
    for part in parts[1:]:
        for head in _heads(part):
            reference = _value(head, REFERENCE)
            if reference:
                return _unfolded(reference), _address(str(head.get("To") or ""))
    # No form of its own: the returned mail stands in the text.
    for text in map(_text, parts):
        found = _REFERENCE_LINE.search(text)
        if found:
            to = _TO_LINE.search(text)
            return found[1], _address(to[1] if to else "")
    return "", ""


def _heads(part: _Mail) -> Iterator[_Mail]:
    if part.get(REFERENCE):
        yield part
    if part.get_content_type() == "text/rfc822-headers":
        yield message_from_string(_text(part)[:_HEAD_CHARS], policy=compat32)


def _failed(raw: bytes, parts: list[_Mail]) -> str | None:
    """Give the status of what failed for good (empty: none is told); None where nothing did."""
    blocks = list(_blocks(parts))
    if not blocks:
        return _guessed(raw[:_GUESSED_BYTES])
    failed = [b for b in blocks if _value(b, "Action").lower().startswith(("fail", "error"))]
    if not failed:
        return None
    return next(filter(None, map(_status, failed)), "")


def _guessed(raw: bytes) -> str | None:
    """Give the same of a bounce without a report, by the forms that mail servers had before it."""
    mail = message_from_bytes(raw, policy=compat32)
    if not getaddresses([_value(mail, "From")]):
        del mail["From"]
        mail["From"] = "MAILER-DAEMON@bounce.invalid"  # without a sender not every form is tried
    _, permanent = all_failures(mail)
    if not permanent:
        return None
    text = raw.decode("latin-1")
    hard = sorted({code for code in _STATUS.findall(text) if code.startswith("5.")})
    return next((code for code in hard if code.startswith("5.7.")), hard[0] if hard else "")


def _blocks(parts: list[_Mail]) -> Iterator[_Mail]:
    """Give what a report says of each recipient (RFC 3464, section 2.3)."""
    for part in parts:
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.get_payload():
                if isinstance(block, Message) and block.get("Action"):
                    yield block


def _status(block: _Mail) -> str:
    # Some write a comment behind it, or only the general 5.0.0 and the true one into the words.
    told = _STATUS.search(_value(block, "Status"))
    status = told[1] if told else ""
    if status in {"", "5.0.0"}:
        finer = _STATUS.search(_value(block, "Diagnostic-Code"))
        status = finer[1] if finer else status
    return status


def _reported(parts: list[_Mail]) -> str:
    for block in _blocks(parts):
        for name in ("Original-Recipient", "Final-Recipient"):
            kind, _, given = _value(block, name).partition(";")
            if kind.strip().lower() == "rfc822" and (address := _address(given)):
                return address
    return ""


def _value(block: _Mail, name: str) -> str:
    return str(block.get(name) or "").strip()


def _unfolded(text: str) -> str:
    """Take out what servers on the way do to a long word: folds, and encodings of it."""
    if len(text) > _WORD_CHARS:
        return ""
    return "".join(str(make_header(decode_header(text))).split())


def _address(given: str) -> str:
    """Give the one plain address in what was given, or nothing."""
    inner = re.fullmatch(r"[^<>]*<([^<>]+)>\s*", given)
    try:
        found = validate_email(
            (inner[1] if inner else given).strip(), check_deliverability=False, allow_smtputf8=False
        )
    except EmailNotValidError:
        return ""
    return found.ascii_email or ""


def _text(part: _Mail) -> str:
    if part.is_multipart() or not part.get_content_type().startswith("text/"):
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return payload[: 4 * _TEXT_CHARS].decode("utf-8", "replace")[:_TEXT_CHARS]
