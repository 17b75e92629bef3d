"""The route by which programs ask that people be told something."""

import time
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response

from connectors.api import intent_bodies
from connectors.api.accepting import Accepting
from connectors.api.door import Door
from connectors.api.intent_bodies import Asked
from connectors.api.intent_models import INTENT, Accepted, AcceptedMany, IntentRequest
from connectors.api.models import PROBLEM
from connectors.api.once import HEADER, KEY_CHARS, REPLAYED, Once, Run, checked_key
from connectors.bodies import from_json, read
from connectors.parts import Parts
from connectors.stores.credentials import Credential, Scope
from schemas.checks import without_nul
from schemas.records import Intent

_ONE = IntentRequest.model_json_schema()
_LIST = {"type": "array", "items": _ONE, "minItems": 1, "maxItems": intent_bodies.MOST}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        _ONE,
                        _LIST,
                        {
                            "type": "object",
                            "properties": {"intents": _LIST},
                            "required": ["intents"],
                            "additionalProperties": False,
                        },
                    ]
                },
                "examples": {
                    "one": {"summary": "One intent", "value": INTENT},
                    "many": {
                        "summary": "Several",
                        "value": {
                            "intents": [
                                INTENT,
                                {
                                    "recipient": "bernd@example.org",
                                    "subject": "Your invoice",
                                    "body": "It is attached to your account.",
                                    "channels": ["email"],
                                    "priority": "high",
                                    "type": "transactional",
                                    "expires_at": "2026-03-02T08:00:00Z",
                                },
                            ]
                        },
                    },
                },
            }
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Accepted | AcceptedMany,
        "description": "Kafka has them all; one is told on its own, a list as a list.",
        "headers": {
            REPLAYED: {
                "description": "true where this is the answer that the key had before.",
                "schema": {"type": "string"},
            }
        },
    },
    400: {"description": "The body is no JSON.", **PROBLEM},
    409: {"description": "The first request with this key is still worked on.", **PROBLEM},
    413: {"description": "The body is too large.", **PROBLEM},
    429: {
        "description": "The key or its tenant sends too much; come again after `Retry-After`.",
        **PROBLEM,
    },
}


def add_posting(router: APIRouter, parts: Parts) -> None:
    """Add the route that needs the scope `intents`."""
    Sender = Annotated[Credential, Depends(Door(parts.credentials, Scope.INTENTS))]  # noqa: N806 - a type
    Key = Annotated[  # noqa: N806 - a type
        str | None,
        Header(
            alias=HEADER,
            description=f"Up to {KEY_CHARS} characters, kept for 24 hours: the same request under"
            " the same key is carried out once and answered alike.",
        ),
    ]
    accepting = Accepting(
        database=parts.database, producer=parts.producer, names=parts.settings.names
    )
    once = Once(parts.database)
    url = parts.settings.serving.public_url

    @router.post(
        "/intents",
        tags=["intents"],
        summary="Ask that people be told something",
        status_code=202,
        response_class=Response,
        responses=_RESPONSES,
        openapi_extra=_BODY,
    )
    async def post_intents(who: Sender, request: Request, idempotency_key: Key = None) -> Response:
        """Take one intent, or up to 500 of which either all are taken or none is."""
        parts.rates.enter(tenant=who.tenant, key=who.id, door="intents")
        body = await _body(request, parts)
        asked = intent_bodies.asked(body)
        more = len(asked.intents) - 1
        parts.rates.more(more, tenant=who.tenant, key=who.id, door="intents")
        key = checked_key(idempotency_key)
        run: Run | None = None
        if key:
            digest = sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()
            begun = await once.begin(who.tenant, key, digest)
            if isinstance(begun, bytes):
                return _answer(begun, {REPLAYED: "true"})
            run = begun
        intents = _records(asked, who.tenant, seed=run.seed if run else str(uuid4()))
        try:
            await accepting.write(intents, traceparent=request.headers.get("traceparent", ""))
        except BaseException:
            if run is not None:
                await once.let_go(run)
            raise
        said = _said(intents, url, many=asked.many)
        await accepting.note(intents, run=run, said=said)
        return _answer(said, {})


async def _body(request: Request, parts: Parts) -> Any:
    raw = await read(
        request.stream(),
        encoding=request.headers.get("content-encoding", ""),
        declared=request.headers.get("content-length", ""),
        taking=parts.settings.taking,
    )
    body = from_json(raw)
    return without_nul(body) if b"\\u0000" in raw else body


def _records(asked: Asked, tenant: str, *, seed: str) -> list[Intent]:
    now = time.time_ns() // 1_000_000
    return [
        intent_bodies.record(each, tenant=tenant, seed=seed, position=position, now=now)
        for position, each in enumerate(asked.intents)
    ]


def _said(intents: list[Intent], url: str, *, many: bool) -> bytes:
    told = [
        Accepted(
            id=intent.id, recipient=intent.recipient, status_url=f"{url}/api/intents/{intent.id}"
        )
        for intent in intents
    ]
    if not many:
        return told[0].model_dump_json().encode()
    return AcceptedMany(accepted=len(told), intents=told).model_dump_json().encode()


def _answer(said: bytes, headers: dict[str, str]) -> Response:
    return Response(said, status_code=202, headers=headers, media_type="application/json")
