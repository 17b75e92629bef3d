"""The route of mails that came back, posted by a mail server's pipe or a provider's parser."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import orjson
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from connectors.callbacks import bounces
from connectors.callbacks.measured import count
from connectors.callbacks.receipts import Receipts
from connectors.callbacks.told import Outcome, Told
from connectors.problems import Problem, unauthorized
from connectors.settings import Settings
from connectors.stores.credentials import Credentials, Scope, presented
from schemas.limits import KIB, MIB

PROVIDER = "mail"
MAIL_BYTES = 30 * MIB  # DESIGN 9
KEPT_BYTES = 256 * KIB  # report and head of the returned mail stand in front; the rest is let go
_FIELD = "email"  # in which SendGrid's inbound parse puts the raw message


class Mails:
    """Take mails from who has a key of the scope `receipts`."""

    def __init__(
        self,
        settings: Settings,
        *,
        credentials: Credentials,
        receipts: Receipts,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._receipts = receipts
        self._now = now

    def add_to(self, router: APIRouter) -> None:
        """Add the route."""
        router.add_api_route(
            "/callbacks/mail", self.take, methods=["POST"], summary="Take a mail that came back."
        )

    async def take(self, request: Request) -> Response:
        """Say what became of it: 200 for whatever is a mail, so that no pipe answers its sender."""
        await self._admit(request)
        raw = await _mail(request)
        # In a thread: some mails are made to be hard to read.
        read = await asyncio.to_thread(
            bounces.told,
            raw,
            secret=self._settings.linking.secret,
            now=int(self._now() * 1000),
        )
        outcomes: Counter[Outcome] = Counter()
        if isinstance(read, Told):
            outcomes = await self._receipts.take([read])
        else:
            outcomes[read] += 1
        count(PROVIDER, outcomes)
        return Response(
            orjson.dumps({"outcome": str(next(iter(outcomes)))}), media_type="application/json"
        )

    async def _admit(self, request: Request) -> None:
        for token in presented(request.headers.get("authorization", "")):
            credential = await self._credentials.find(token)
            if credential is None:
                continue
            if not credential.allows(Scope.RECEIPTS):
                raise Problem(403, f"this key lacks the scope {Scope.RECEIPTS}")
            return
        count(PROVIDER, {Outcome.REFUSED: 1})
        raise unauthorized()


async def _mail(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise Problem(415, "send the mail plain")
    chunks = _limited(request.stream())
    if kind == "multipart/form-data":
        return await _from_form(request, chunks)
    kept = bytearray()
    async for chunk in chunks:
        kept += chunk[: max(0, KEPT_BYTES - len(kept))]
    if not kept.strip():
        raise Problem(400, "there is no mail in the body")
    return bytes(kept)


async def _from_form(request: Request, chunks: AsyncGenerator[bytes, None]) -> bytes:
    parser = MultiPartParser(
        request.headers, chunks, max_files=100, max_fields=100, max_part_size=MAIL_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as wrong:
        raise Problem(400, "the form cannot be read") from wrong
    try:
        given = form.get(_FIELD)
        if isinstance(given, UploadFile):
            return await given.read(KEPT_BYTES)
    finally:
        await form.close()
    if not given:
        raise Problem(
            400, "the form has no field `email`: let the parser post the raw message", where=_FIELD
        )
    return given.encode("utf-8", "replace")[:KEPT_BYTES]


async def _limited(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAIL_BYTES:
            raise Problem(413, f"a mail holds at most {MAIL_BYTES} bytes")
        yield chunk
