"""Addresses: whether what somebody gave can be an address on a channel."""

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from schemas.reasons import Channel

WHATSAPP = "whatsapp:"  # before the number of one who is reached there and not by SMS
# E.164, or a short code.
_PHONE = re.compile(rf"(?:{WHATSAPP})?\+[1-9]\d{{6,14}}|\d{{3,8}}", re.ASCII)
_SLACK = re.compile(r"[CDGUW][A-Z0-9]{5,20}|#[a-z0-9._-]{1,80}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PUSH_CHARS = 4096
_URL_CHARS = 2048


def address_fault(channel: str, address: str) -> str:
    """Say what is wrong with an address on a channel; empty where nothing is."""
    match channel:
        case Channel.EMAIL:
            return _mail_fault(address)
        case Channel.SMS:
            fine = _PHONE.fullmatch(address)
            return "" if fine else f"{address[:40]!r} is no phone number: say '+436601234567'"
        case Channel.WEBHOOK:
            return _url_fault(address)
        case Channel.SLACK:
            return "" if _SLACK.fullmatch(address) else _url_fault(address)
        case _:
            fine_token = 1 <= len(address) <= _PUSH_CHARS and not any(map(str.isspace, address))
            return "" if fine_token else "a push token has no blanks, and 4096 characters at most"


def _mail_fault(address: str) -> str:
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as wrong:
        return f"{address[:80]!r} is no e-mail address: {wrong}"
    return ""


def _url_fault(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return f"{address[:80]!r} is no URL"
    if len(address) > _URL_CHARS:
        return f"a URL has {_URL_CHARS} characters at most"
    if any(character.isspace() or not character.isprintable() for character in address):
        return "a URL has no blanks"
    if not host or parts.username is not None:
        return "a URL names a host, and no user or password"
    # Plain HTTP goes nowhere but to this machine itself, where a developer said so.
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return f"{address[:80]!r} must begin with https://"
    return ""
