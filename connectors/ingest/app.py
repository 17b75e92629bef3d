"""The routes of ingest: one address a format, with a key or with a source's own token."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from connectors import problems
from connectors.bodies import read
from connectors.ingest import bodies, doors, refusals, replies, signatures
from connectors.ingest.formats.answers import Nothing, Payload, Refused
from connectors.ingest.formats.catalogue import FORMATS
from connectors.ingest.intake import Hears, Intake, Sends
from connectors.ingest.measured import count
from connectors.ingest.records import finish
from connectors.ingest.replay import SharedUsed, Used
from connectors.ingest.rules import RuleBook
from connectors.problems import Problem
from connectors.rates import Rates
from connectors.settings import Taking
from connectors.stores.credentials import Credential
from connectors.stores.redis import Redis
from schemas import topics
from schemas.errors import Transient
from schemas.topics import Names

log = logging.getLogger("tocsin.ingest")


def wall_ms() -> int:
    """Give the time of day in epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """Hold what ingest needs; `heard` None means that nothing is known of duplicates.

    `rules_loaded` says whether the rules of identity were read; before that nothing is taken.
    """

    names: Names
    producer: Sends
    credentials: doors.Finds
    heard: Hears | None
    rules: RuleBook
    rules_loaded: Callable[[], bool]
    taking: Taking
    rates: Rates
    redis: Redis | None = None
    public_url: str = ""
    now_ms: Callable[[], int] = wall_ms


def routes(gateway: "Gateway") -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["ingest"])
    name = Annotated[str, Path(description=f"One of {', '.join(FORMATS)}.")]

    @router.post("/ingest/{format}", summary="Take alerts, with an API key.")
    async def with_key(format: name, request: Request) -> Response:  # noqa: A002
        return await gateway.answer(format, "", request)

    @router.post("/ingest/{format}/{token}", summary="Take alerts at a source's own address.")
    async def with_token(format: name, token: str, request: Request) -> Response:  # noqa: A002
        return await gateway.answer(format, token, request)

    return router


class Gateway:
    """Answer requests: let in, read, translate, write, tell."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        keep_s = parts.taking.replay_memory_s
        self._used = SharedUsed(
            Used(keep_s=keep_s), redis=parts.redis, names=parts.names, keep_s=keep_s
        )
        self._intake = Intake(
            topic=parts.names.topic(topics.ALERTS_RAW),
            producer=parts.producer,
            heard=parts.heard,
            rules=parts.rules,
        )

    async def answer(self, form: str, token: str, request: Request) -> Response:
        """Give the answer to a request, whatever it is."""
        started = time.perf_counter()
        try:
            response = await self._take(form, token, request)
            outcome = "taken"
        except Problem as wrong:
            response, outcome = wrong.response(), str(wrong.status)
        except Transient as away:
            log.warning("not taken: %s", away)
            response, outcome = problems.unavailable(away).response(), "503"
        except Exception as wrong:  # noqa: BLE001 - our own fault, told without a trace
            response, outcome = problems.unexpected(wrong).response(), "500"
        count(form if form in FORMATS else "unknown", outcome, time.perf_counter() - started)
        return response

    async def _take(self, form: str, token: str, request: Request) -> Response:
        parts = self._parts
        headers = dict(request.headers.items())
        credential = await doors.admit(parts.credentials, headers=headers, path_token=token)
        parts.rates.enter(tenant=credential.tenant, key=credential.id, door="ingest")
        if form not in FORMATS:
            raise Problem(404, f"no such format; there are {', '.join(FORMATS)}", where=form[:40])
        if not parts.rules_loaded():
            raise problems.unavailable(Transient("still starting: the rules are not read yet"))
        raw = await read(
            request.stream(),
            encoding=headers.get("content-encoding", ""),
            declared=headers.get("content-length", ""),
            taking=parts.taking,
        )
        kind = headers.get("content-type", "")
        content = bodies.parse(raw, content_type=kind, taking=parts.taking)
        payload = Payload(parts.now_ms(), data=content.data, form=content.form, headers=headers)
        once = self._verified(form, credential, raw, payload, request)
        if not once:
            return await self._enter(form, credential, payload)
        if not await self._used.claim(once):
            raise problems.unauthorized("this signature was used before")
        try:
            return await self._enter(form, credential, payload)
        except BaseException:
            await self._used.release(once)
            raise

    def _verified(
        self, form: str, credential: Credential, raw: bytes, payload: Payload, request: Request
    ) -> str:
        if not credential.signing_secret:
            return ""
        verdict = signatures.verify(
            form,
            signatures.Signed(
                body=raw,
                headers=payload.headers,
                now=payload.received_at / 1000,
                urls=_addresses(request, self._parts.public_url),
                form=payload.form,
            ),
            secrets=credential.signing_secret,
            tolerance_s=self._parts.taking.signature_tolerance_s,
        )
        if not verdict.verified:
            raise problems.unauthorized("the signature is missing, too old or wrong")
        return verdict.once

    async def _enter(self, form: str, credential: Credential, payload: Payload) -> Response:
        said = FORMATS[form](payload)
        if isinstance(said, Refused):
            raise refusals.refused([said])
        if isinstance(said, Nothing):
            return replies.to_nothing(said)
        alerts = [
            finish(
                alert,
                tenant=credential.tenant,
                source=credential.source,
                received_at=payload.received_at,
            )
            for alert in said.alerts
        ]
        more, tenant, key = len(alerts) - 1, credential.tenant, credential.id
        self._parts.rates.more(more, tenant=tenant, key=key, door="ingest")
        entered = await self._intake.take(
            alerts, traceparent=payload.headers.get("traceparent", "")
        )
        if form == "sms" and "x-twilio-signature" in payload.headers:
            return replies.to_twilio()
        return replies.to_taken(said, entered)


def _addresses(request: Request, public_url: str) -> tuple[str, ...]:
    """Give the addresses that the sender may have called, seen from outside any proxy."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    seen = [f"{public_url}{path}"] if public_url else []
    seen.append(str(request.url))
    return tuple(seen)
