"""Read the body of a request for intents, or say what is wrong with it and where: pure."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from connectors.api.intent_models import IntentRequest
from connectors.problems import Problem
from schemas import ids
from schemas.records import Intent

MOST = 500
LISTED = 20  # faults told at once
LIST = "intents"
_FIELDS = tuple(IntentRequest.model_fields)


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what a request asks for; `many` says whether it was written as a list."""

    intents: tuple[IntentRequest, ...]
    many: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Say what is wrong with which field of which intent."""

    index: int
    field: str
    why: str


def asked(body: Any) -> Asked:
    """Read one intent, a list or `{"intents": [...]}`; Problem 422 where any of them is wrong."""
    items, many = _items(body)
    if not 1 <= len(items) <= MOST:
        raise Problem(422, f"{len(items)} intents; a request holds 1 to {MOST}", where=LIST)
    taken: list[IntentRequest] = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        read = _read(index, item)
        if isinstance(read, IntentRequest):
            taken.append(read)
        else:
            faults += read
    if faults:
        raise _refused(faults, many=many)
    return Asked(tuple(taken), many)


def _items(body: Any) -> tuple[Sequence[Any], bool]:
    if isinstance(body, list):
        return body, True
    if not isinstance(body, dict):
        raise Problem(422, "expected an intent, or a list of them", where="body")
    if LIST not in body:
        return [body], False
    others = body.keys() - {LIST}
    if others:
        raise Problem(422, "stands beside `intents`; put it into each of them", where=min(others))
    if not isinstance(body[LIST], list):
        raise Problem(422, "expected a list", where=LIST)
    return body[LIST], True


def _read(index: int, item: Any) -> IntentRequest | list[Fault]:
    if not isinstance(item, dict):
        return [Fault(index, "", "expected an object")]
    faults = [Fault(index, name, _unknown(name)) for name in item if name not in _FIELDS]
    try:
        found = IntentRequest.model_validate(
            {name: value for name, value in item.items() if name in _FIELDS}
        )
    except ValidationError as wrong:
        return faults + [
            Fault(index, _path(each["loc"]), str(each["msg"]).removeprefix("Value error, "))
            for each in wrong.errors(include_url=False, include_context=False, include_input=False)
        ]
    return faults + list(_together(index, found)) or found


def _together(index: int, found: IntentRequest) -> Iterator[Fault]:
    if not (found.user_id or found.recipient):
        yield Fault(index, "recipient", "missing: say who is told, as recipient or user_id")
    elif found.user_id and found.recipient and found.user_id != found.recipient:
        yield Fault(index, "user_id", "is another than recipient; give one of the two")
    if not (found.template or found.subject or found.body):
        yield Fault(index, "template", "missing, and neither subject nor body takes its place")
    if found.send_at and found.expires_at and found.expires_at <= found.send_at:
        yield Fault(index, "expires_at", "is not after send_at")


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, _FIELDS, n=1)
    return f"is not known; did you mean {close[0]}?" if close else "is not known"


def _path(loc: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return path.removeprefix(".")[:200]


def _refused(faults: Sequence[Fault], *, many: bool) -> Problem:
    listed = [
        {
            "index": each.index,
            "field": each.field,
            "where": _where(each, many=many),
            "why": each.why,
        }
        for each in faults[:LISTED]
    ]
    more: dict[str, Any] = {"index": faults[0].index, "field": faults[0].field}
    if len(faults) > 1:
        more |= {"faults": len(faults), "errors": listed}
    return Problem(422, faults[0].why, where=_where(faults[0], many=many), more=more)


def _where(fault: Fault, *, many: bool) -> str:
    if not many:
        return fault.field or "body"
    return f"{LIST}[{fault.index}].{fault.field}".removesuffix(".")


def record(request: IntentRequest, *, tenant: str, seed: str, position: int, now: int) -> Intent:
    """Make the record; whoever makes it again with the same seed gets the same id."""
    recipient = request.recipient or request.user_id
    key = request.idempotency_key
    made = (
        ids.intent_id(tenant, key, recipient, request.template)
        if key
        else ids.posted_intent_id(tenant, seed, position)
    )
    return Intent(
        recipient=recipient,
        template=request.template,
        subject=request.subject,
        body=request.body,
        to=request.to,
        data=request.data,
        channels=request.channels,
        priority=request.priority,
        type=request.type,
        idempotency_key=key,
        send_at=request.send_at,
        expires_at=request.expires_at,
        digest_key=request.digest_key,
        locale=request.locale,
        created_at=now,
        id=made,
        tenant=tenant,
    )
