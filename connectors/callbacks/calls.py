"""The routes that providers call, each let in by its signature over what we read."""

from collections.abc import Callable

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from connectors import bodies
from connectors.callbacks import sendgrid, texts, twilio_requests
from connectors.callbacks.measured import count
from connectors.callbacks.receipts import Receipts
from connectors.callbacks.replies import Replies
from connectors.callbacks.told import Outcome, Told
from connectors.callbacks.twilio_requests import Fields
from connectors.problems import Problem
from connectors.settings import Settings
from schemas import links
from schemas.links import Receipt

_NOT_SIGNED = "the signature is missing, too old or wrong"


class Calls:
    """Answer providers: 2xx means that Kafka has it, 503 that it is to be told again."""

    def __init__(
        self,
        settings: Settings,
        *,
        receipts: Receipts,
        replies: Replies,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._receipts = receipts
        self._replies = replies
        self._now = now

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        for path, answer, summary in (
            ("/callbacks/sendgrid/events", self.sendgrid_events, "Take SendGrid's signed events."),
            (
                "/callbacks/twilio/status/{token}",
                self.twilio_status,
                "Take what became of a text message.",
            ),
            ("/callbacks/twilio/inbound", self.twilio_inbound, "Take the reply to a text message."),
        ):
            router.add_api_route(path, answer, methods=["POST"], summary=summary)

    async def sendgrid_events(self, request: Request) -> Response:
        """Take a batch; events without our reference are counted and passed over."""
        body, now = await self._body(request), self._now()
        keys = self._settings.receiving.sendgrid_keys
        if not sendgrid.verified(body, request.headers, keys=keys, now=now):
            raise _refused(sendgrid.PROVIDER)
        events = bodies.from_json(body)
        if not isinstance(events, list):
            raise Problem(400, "SendGrid sends a list of events")
        secret, now_ms = self._settings.linking.secret, int(now * 1000)
        read = [sendgrid.told(event, secret=secret, now=now_ms) for event in events]
        outcomes = await self._receipts.take([each for each in read if isinstance(each, Told)])
        outcomes.update(each for each in read if isinstance(each, Outcome))
        count(sendgrid.PROVIDER, outcomes)
        return Response(
            orjson.dumps({str(name): times for name, times in outcomes.items()}),
            media_type="application/json",
        )

    async def twilio_status(self, token: str, request: Request) -> Response:
        """Take one step of one message."""
        form = await self._signed_form(request)
        of = links.read(Receipt, token, secret=self._settings.linking.secret)
        if of is None:
            count(texts.PROVIDER, {Outcome.FOREIGN: 1})
            raise Problem(404, "no message of ours has this address")
        read = texts.told(form, of, now=int(self._now() * 1000))
        if isinstance(read, Outcome):
            count(texts.PROVIDER, {read: 1})
        else:
            count(texts.PROVIDER, await self._receipts.take([read]))
        return Response(status_code=204)

    async def twilio_inbound(self, request: Request) -> Response:
        """Do what the reply asks for, and answer it."""
        form = await self._signed_form(request)
        answered = await self._replies.take(form, now=int(self._now() * 1000))
        count(texts.PROVIDER, {answered.outcome: 1})
        return Response(answered.twiml(), media_type="text/xml")

    async def _body(self, request: Request) -> bytes:
        return await bodies.read(
            request.stream(),
            encoding=request.headers.get("content-encoding", ""),
            declared=request.headers.get("content-length", ""),
            taking=self._settings.taking,
        )

    async def _signed_form(self, request: Request) -> Fields:
        headers = request.headers
        given = twilio_requests.fields(
            await self._body(request),
            content_type=headers.get("content-type", ""),
            most=self._settings.taking.form_fields,
        )
        if not twilio_requests.verified(
            given,
            headers.get(twilio_requests.SIGNATURE, ""),
            urls=[self._url(request)],
            tokens=self._settings.receiving.twilio_tokens,
        ):
            raise _refused(texts.PROVIDER)
        if isinstance(given, str):
            raise Problem(415, "send a form as application/x-www-form-urlencoded")
        return given

    def _url(self, request: Request) -> str:
        """Give the address that was called, as it is seen from outside."""
        public = self._settings.linking.public_url
        if not public:
            return str(request.url)
        return f"{public}{request.url.path}" + (
            f"?{request.url.query}" if request.url.query else ""
        )


def _refused(provider: str) -> Problem:
    count(provider, {Outcome.REFUSED: 1})
    return Problem(401, _NOT_SIGNED)
