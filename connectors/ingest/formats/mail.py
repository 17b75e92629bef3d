"""A mail as JSON: subject and body, as a mail gateway or a script posts it."""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.ingest.formats import reading
from connectors.ingest.formats.answers import Answer, Nothing, Payload, Refused, Taken
from schemas.reasons import Reason
from schemas.records import RawAlert

SOURCE = "email"
# Answers and forwards, as mail programs in English, German, French, Spanish, Nordic, Dutch and
# Italian mark them, also with a count: "Re[2]:".
PREFIX = re.compile(
    r"^\s*(?:(?:re|aw|sv|antw|res|fwd?|wg|tr|vs|doorst|i|rv|enc)(?:\[\d{1,3}\])?\s*:\s*)+",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"<([^<>\s]{3,320})>\s*$")
OUR_MARK = "x-tocsin-id"


def translate(payload: Payload) -> Answer:
    """Take a mail as one alert under its subject, without the marks of answers and forwards."""
    data = payload.data
    if payload.form is not None:
        data = {name: values[0] for name, values in payload.form.items() if values}
    if not isinstance(data, dict):
        return Refused("a mail is a JSON object with subject and body")
    if any(name.strip().lower() == OUR_MARK for name in _header_names(data.get("headers"))):
        return Nothing(Reason.OWN_MESSAGE)
    title = PREFIX.sub("", reading.one_line(reading.first(data, ("subject", "Subject"))))
    body = reading.first(data, ("body", "text", "plain", "Body"))
    if not title:
        title, body = reading.head_and_rest(body)
    if not title:
        return Refused("neither subject nor body says anything", "subject")
    sender = _address(reading.first(data, ("from", "From", "sender")))
    return Taken(
        (
            RawAlert(
                source=SOURCE,
                title=title,
                body=body,
                labels={"from": sender} if sender else {},
                occurred_at=_date(data.get("date")),
                id=reading.first(data, ("message_id", "message-id", "Message-ID")),
            ),
        )
    )


def _header_names(headers: Any) -> Iterator[str]:
    """Give the names of headers written as an object, a list of pairs, or one text."""
    if isinstance(headers, dict):
        yield from (reading.text(name) for name in headers)
    elif isinstance(headers, str):
        yield from (line.partition(":")[0] for line in headers.splitlines())
    elif isinstance(headers, list):
        for each in headers:
            if isinstance(each, list) and each:
                yield reading.text(each[0])
            elif isinstance(each, dict):
                yield reading.text(each.get("name"))
            elif isinstance(each, str):
                yield each.partition(":")[0]


def _address(sender: str) -> str:
    found = ADDRESS.search(sender)
    return (found.group(1) if found else reading.one_line(sender)).lower()


def _date(value: Any) -> int:
    found = reading.moment(value)
    if found or not isinstance(value, str) or len(value) > 100:
        return found
    try:
        return reading.moment(parsedate_to_datetime(value).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0
