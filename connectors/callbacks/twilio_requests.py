"""Twilio's requests: who signed them, and what their fields say. Pure."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from connectors.problems import Problem

SIGNATURE = "x-twilio-signature"
FORM = "application/x-www-form-urlencoded"

Fields: TypeAlias = ImmutableMultiDict[str, str]


def fields(body: bytes, *, content_type: str, most: int) -> Fields | str:
    """Give the form's fields, or the body as text where it is no form; Problem 400."""
    text = body.decode("utf-8", "replace")
    if content_type.partition(";")[0].strip().lower() != FORM:
        return text
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=most)
    except ValueError as wrong:
        raise Problem(400, f"a form holds at most {most} fields") from wrong
    return ImmutableMultiDict(pairs)


def verified(
    given: Fields | str, signature: str, *, urls: Sequence[str], tokens: Sequence[str]
) -> bool:
    """Say whether Twilio signed this with one of the tokens, calling one of the addresses."""
    return any(
        _is_signed(given, signature, url, token)
        for token in tokens
        for each in urls
        for url in _as_written(each)
    )


def _is_signed(given: Fields | str, signature: str, url: str, token: str) -> bool:
    if isinstance(given, str) and "bodySHA256=" not in url.partition("?")[2]:
        return False  # nothing binds the body to the signature
    try:
        return bool(RequestValidator(token).validate(url, given, signature))
    except Exception:  # noqa: BLE001 - whatever a forged request breaks, it is not verified
        return False


def _as_written(url: str) -> Iterator[str]:
    """Give the ways in which Twilio may have written an address: it escapes quotes, we may not."""
    yield url
    escaped = url.replace("'", "%27")
    if escaped != url:
        yield escaped
