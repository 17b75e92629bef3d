"""What somebody who sends intents says, and what is answered."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from connectors.api.examples import example
from connectors.api.shapes import parse_moment
from schemas.addresses import address_fault
from schemas.checks import LATEST_MS
from schemas.limits import FIELD_BYTES
from schemas.reasons import Priority
from schemas.wishes import ANY, CHANNELS, TYPE, locale_fault

KEY_CHARS = 255
NAME_CHARS = 200
RECIPIENT_CHARS = 512
SUBJECT_CHARS = 1000
# A smaller number is a moment of 1973 or before, and was meant in seconds.
LEAST_MS = 100_000_000_000

_PRIORITIES = {each.name.lower(): int(each) for each in Priority}


def _priority(given: Any) -> int:
    if isinstance(given, str) and given.lower() in _PRIORITIES:
        return _PRIORITIES[given.lower()]
    if isinstance(given, int) and not isinstance(given, bool) and given in _PRIORITIES.values():
        return given
    raise ValueError(f"{_short(given)} is none of {', '.join(_PRIORITIES)}, nor 0 to 3")


def _moment(given: Any) -> int:
    if given is None or (given == 0 and not isinstance(given, bool)):
        return 0
    if isinstance(given, str):
        return _within(parse_moment(given))
    if isinstance(given, int) and not isinstance(given, bool):
        return _within(given)
    raise ValueError("give epoch milliseconds, or ISO 8601 as 2026-03-01T08:00:00Z")


def _within(ms: int) -> int:
    if ms < LEAST_MS:
        raise ValueError("long past: epoch milliseconds are meant, not seconds")
    if ms > LATEST_MS:
        raise ValueError("after the year 9999")
    return ms


def _channels(given: list[str]) -> list[str]:
    for channel in given:
        if channel not in CHANNELS:
            raise ValueError(f"{_short(channel)} is none of {', '.join(CHANNELS)}")
    return list(dict.fromkeys(given))


def _to(given: dict[str, str]) -> dict[str, str]:
    _channels(list(given))
    for channel, address in given.items():
        if why := address_fault(channel, address):
            raise ValueError(f"{channel}: {why}")
    return given


def _type(given: str) -> str:
    if given == ANY or not TYPE.fullmatch(given):
        raise ValueError(f"{_short(given)} is no name of a type: letters, digits, . _ and -")
    return given


def _locale(given: str) -> str:
    if why := locale_fault(given):
        raise ValueError(why)
    return given


def _bytes_at_most(measure: Callable[[Any], bytes]) -> Callable[[Any], Any]:
    def check(given: Any) -> Any:
        size = len(measure(given))
        if size > FIELD_BYTES:
            raise ValueError(f"{size} bytes are more than {FIELD_BYTES}")
        return given

    return check


def _not_blank(given: str) -> str:
    if given and not given.strip():
        raise ValueError("is blank")
    return given


def _short(given: Any) -> str:
    return repr(given)[:60]


_PRIORITY_SCHEMA = {
    "anyOf": [
        {"type": "string", "enum": list(_PRIORITIES)},
        {"type": "integer", "minimum": 0, "maximum": 3},
    ],
    "default": "normal",
}
_MOMENT_SCHEMA = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}, {"type": "null"}],
    "default": None,
    "description": "ISO 8601 with a zone, or epoch milliseconds.",
}
_CHANNELS_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": "string", "enum": list(CHANNELS)}, "minItems": 1},
        {"type": "null"},
    ],
    "default": None,
    "description": "By which channels; null leaves it to type and preferences.",
}

Who = Annotated[str, Field(max_length=RECIPIENT_CHARS), AfterValidator(_not_blank)]
Moment = Annotated[int, BeforeValidator(_moment), WithJsonSchema(_MOMENT_SCHEMA)]
Key = Annotated[str, Field(max_length=KEY_CHARS)]
Chosen = Annotated[list[str], Field(min_length=1), AfterValidator(_channels)]

INTENT: dict[str, Any] = {
    "user_id": "ann@example.org",
    "template": "order-shipped",
    "data": {"order": "4711", "items": 3},
    "type": "order",
    "priority": "normal",
    "idempotency_key": "order-4711-shipped",
}

_ACCEPTED: dict[str, Any] = {
    "id": "4d1c6c1e-52d2-5f5e-9f59-0d7f1f4f2a10",
    "status": "accepted",
    "recipient": "ann@example.org",
    "status_url": "/api/intents/4d1c6c1e-52d2-5f5e-9f59-0d7f1f4f2a10",
}


class IntentRequest(BaseModel):
    """Ask that one recipient be told something; `template`, or `subject` and `body`, say what."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [INTENT]})

    user_id: Who = Field(default="", description="Who is told; the same as `recipient`.")
    recipient: Who = Field(default="", description="Who is told; give this or `user_id`.")
    template: Annotated[str, Field(max_length=NAME_CHARS), AfterValidator(_not_blank)] = ""
    subject: Annotated[str, Field(max_length=SUBJECT_CHARS)] = ""
    body: Annotated[str, AfterValidator(_bytes_at_most(str.encode))] = ""
    data: Annotated[dict[str, Any], AfterValidator(_bytes_at_most(orjson.dumps))] = Field(
        default={}, description=f"What the template may say; {FIELD_BYTES} bytes as JSON at most."
    )
    channels: Annotated[Chosen | None, WithJsonSchema(_CHANNELS_SCHEMA)] = None
    to: Annotated[dict[str, str], AfterValidator(_to)] = Field(
        default={},
        description="Addresses by channel, for who has no record or shall be told elsewhere.",
    )
    priority: Annotated[int, BeforeValidator(_priority), WithJsonSchema(_PRIORITY_SCHEMA)] = (
        Priority.NORMAL
    )
    type: Annotated[str, AfterValidator(_type)] = "alert"
    idempotency_key: Key = Field(
        default="", description="Two intents with the same key, recipient and template are one."
    )
    send_at: Moment = 0
    expires_at: Moment = 0
    digest_key: Key = ""
    locale: Annotated[str, AfterValidator(_locale)] = ""


class Accepted(BaseModel):
    """The intent lies in Kafka; `status_url` says what becomes of it."""

    model_config = example(_ACCEPTED)

    id: str
    status: Literal["accepted"] = "accepted"
    recipient: str
    status_url: str


class AcceptedMany(BaseModel):
    """All intents of the request lie in Kafka, told in the order of the request."""

    model_config = example({"accepted": 1, "intents": [_ACCEPTED]})

    accepted: int
    intents: list[Accepted]
