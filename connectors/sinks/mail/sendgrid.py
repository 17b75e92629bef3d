"""SendGrid: hand mails to its v3 API."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import orjson

from connectors.sinks import retry
from connectors.sinks.mail.letter import Letter, letter
from connectors.sinks.mail.settings import Mailing
from connectors.sinks.references import reference
from connectors.sinks.sink import ACCOUNT, Answer, Later, OneAccount, Refused, Sent, Unknown
from schemas.deliveries import Delivery
from schemas.errors import Invalid
from schemas.reasons import Channel, Reason

CONNECT_S = 5.0
CATEGORY_CHARS = 255
_ACCEPTED = 202
# The key, the sender or the plan: nothing is wrong with this mail, and the next has no other
# fate, so it waits until somebody looks (docs/sinks.md).
_ACCOUNT = frozenset({401, 403})
_ANSWER_BYTES = 64 * 1024


class SendGrid(OneAccount):
    """Send mails by SendGrid; one account serves every recipient."""

    channel = Channel.EMAIL.value
    provider = "sendgrid"
    limits = ACCOUNT

    def __init__(
        self, mailing: Mailing, *, within_s: float = 29.0, now: Callable[[], float] = time.time
    ) -> None:
        self._mailing = mailing
        self._now = now
        self._client = httpx.AsyncClient(
            base_url=mailing.sendgrid_url,
            headers={"Authorization": f"Bearer {mailing.sendgrid_key}"},
            timeout=httpx.Timeout(within_s, connect=CONNECT_S, pool=within_s),
            limits=httpx.Limits(max_connections=2 * ACCOUNT.in_flight),
            follow_redirects=False,
            trust_env=False,
        )
        self._within_s = within_s

    async def deliver(self, delivery: Delivery) -> Answer:
        """Hand one mail over; its id goes along and comes back with every receipt."""
        try:
            body = orjson.dumps(_request(delivery, letter(delivery, self._mailing), self._mailing))
        except Invalid as wrong:
            return Refused(str(wrong), Reason.INVALID)
        try:
            return await self._asked(body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            return Later(f"not connected: {type(away).__name__}")
        except httpx.HTTPError as lost:
            return Unknown(f"no answer: {type(lost).__name__}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _asked(self, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json"}
        async with self._client.stream(
            "POST", "/v3/mail/send", content=body, headers=headers
        ) as reply:
            status = reply.status_code
            if 200 <= status < 300:
                return Sent(reply.headers.get("X-Message-Id", "")[:200])
            why = f"HTTP {status}{await _fields(reply)}"
            answer = retry.reply(status, retry_after=self._pause(reply), now=self._now())
        if status in _ACCOUNT:
            return Later(why)
        match answer:
            case Later(_, after_s, reason):
                return Later(why, after_s, reason)
            case Unknown():
                return Unknown(why)
            case _:
                return Refused(why)

    def _pause(self, reply: httpx.Response) -> str:
        told: str = reply.headers.get("Retry-After", "")
        reset: str = reply.headers.get("X-RateLimit-Reset", "")
        if not told and reset.isascii() and reset.isdigit() and len(reset) < 12:
            return str(max(0, int(reset) - int(self._now())))
        return told


def _request(delivery: Delivery, mail: Letter, mailing: Mailing) -> dict[str, Any]:
    sender = {"email": mailing.sender}
    if mailing.sender_name:
        sender["name"] = mailing.sender_name
    content = [
        {"type": kind, "value": text}
        for kind, text in (("text/plain", mail.text), ("text/html", mail.html))
        if text
    ]
    request: dict[str, Any] = {
        "personalizations": [
            {
                "to": [{"email": mail.to}],
                "custom_args": _arguments(delivery, mailing),
            }
        ],
        "from": sender,
        "subject": mail.subject,
        "content": content or [{"type": "text/plain", "value": mail.subject}],
        "headers": dict(mail.headers) | {"Message-ID": mail.message_id},
    }
    if mailing.reply_to:
        request["reply_to"] = {"email": mailing.reply_to}
    if delivery.template:
        request["categories"] = [delivery.template[:CATEGORY_CHARS]]
    return request


def _arguments(delivery: Delivery, mailing: Mailing) -> dict[str, str]:
    arguments = {"tocsin_delivery": delivery.id, "tocsin_intent": delivery.intent_id}
    if mailing.linking.secret:
        arguments["tocsin_ref"] = reference(delivery, mailing.linking)
    return arguments


async def _fields(reply: httpx.Response) -> str:
    """Name the fields that SendGrid complains of; its words may hold addresses."""
    read = b""
    try:
        async for part in reply.aiter_bytes():
            read += part
            if len(read) > _ANSWER_BYTES:
                return ""
        errors = orjson.loads(read).get("errors") or []
        fields = [str(error.get("field") or "")[:60] for error in errors[:5]]
    except (httpx.HTTPError, ValueError, AttributeError, TypeError):
        return ""  # the status has said enough
    told = ", ".join(field for field in fields if field)
    return f": {told}" if told else ""
