"""Webhook: post a delivery's payload, signed, to the address that its recipient named."""

import re
import ssl
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import httpx
import orjson

from connectors.settings import Settings
from connectors.sinks import retry
from connectors.sinks.addresses import Guard, Unresolved
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Answer, Later, Limits, Refused, Sent, Unknown, Withheld
from connectors.sinks.tracing import TRACE
from connectors.sinks.webhook import signing
from connectors.sinks.webhook.settings import Calling
from connectors.sinks.wire import NoAnswer, NotSent, Wires
from connectors.stores.endpoints import Endpoint, Endpoints, Secret
from connectors.stores.postgres import Database
from schemas.deliveries import Delivery
from schemas.errors import ConfigurationError, DatabaseUnavailable
from schemas.reasons import Reason
from schemas.web_address import Target, UnsafeAddress, target

ABREAST = 4
HOUSE_S = 1.0  # our own deadline comes before the runner's, which knows less
_NO_LETTERS = re.compile(r"[^A-Za-z0-9_.:-]+")
GONE = 410


def _version() -> str:
    try:
        return version("tocsin")
    except PackageNotFoundError:  # run from a checkout
        return "dev"


USER_AGENT = f"Tocsin/{_version()}"


class Webhook:
    """Post to endpoints, each with its own secrets, headers and health."""

    channel = "webhook"
    provider = "webhook"
    limits = Limits()

    def __init__(
        self,
        calling: Calling,
        endpoints: Endpoints,
        *,
        within_s: float = 29.0,
        now: Callable[[], float] = time.time,
        guard: Guard | None = None,
    ) -> None:
        self._calling = calling
        self._endpoints = endpoints
        self._within_s = within_s
        self._now = now
        self._wires = Wires(guard or Guard(calling.rules), _trusting(calling.ca_file))

    def endpoint(self, delivery: Delivery) -> str:
        """Name the receiver's host: its addresses slow and break together."""
        return _authority(delivery.address)

    def abreast(self, delivery: Delivery) -> int:
        """Let four go at once, but to an endpoint that asked for order, or is not known yet."""
        endpoint = self._endpoints.peek(delivery.tenant, delivery.address)
        return 1 if endpoint is None or endpoint.ordered else ABREAST

    async def deliver(self, delivery: Delivery) -> Answer:
        """Post once; the id stays over attempts, time and signature are new."""
        try:
            endpoint = await self._endpoints.find(delivery.tenant, delivery.address)
        except DatabaseUnavailable as away:
            return Later(str(away))
        if endpoint.disabled_at:
            return Withheld(f"the endpoint is switched off: {endpoint.disabled_reason}")
        secrets = self._secrets(endpoint)
        if not secrets and not self._calling.unsigned:
            return Refused("no secret to sign with: register the endpoint or set a default")
        try:
            place = target(delivery.address)
            request = self._request(delivery, place, endpoint, secrets)
            reply = await self._wires.post(place, request, within_s=self._within_s)
        except UnsafeAddress as unsafe:
            return Refused(str(unsafe), Reason.UNSAFE_ADDRESS)
        except (NotSent, Unresolved) as not_sent:
            return await self._judged(endpoint, Later(str(not_sent)))
        except NoAnswer as no_answer:
            return await self._judged(endpoint, Unknown(str(no_answer)))
        if 200 <= reply.status < 300:
            await self._endpoints.succeeded(endpoint, now=self._now_ms())
            return Sent(final=True)
        if reply.status == GONE:
            # The endpoint's own row says so, not the recipient's address: one command undoes it.
            await self._endpoints.gone(endpoint, now=self._now_ms())
            return Refused("HTTP 410: the endpoint was switched off", Reason.ENDPOINT_OFF)
        answer = retry.reply(reply.status, retry_after=reply.retry_after, now=self._now())
        return await self._judged(endpoint, answer)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._wires.close()

    async def _judged(self, endpoint: Endpoint, answer: Later | Unknown | Refused) -> Answer:
        limited = isinstance(answer, Later) and answer.reason is Reason.PROVIDER_LIMITS
        if not limited:
            await self._endpoints.failed(endpoint, now=self._now_ms())
        return answer

    def _secrets(self, endpoint: Endpoint) -> list[Secret]:
        own = signing.live(endpoint.secrets, now=self._now_ms())
        default = self._calling.secret
        return own or ([default] if default else [])

    def _request(
        self, delivery: Delivery, place: Target, endpoint: Endpoint, secrets: list[Secret]
    ) -> bytes:
        body = orjson.dumps(delivery.payload or _plain(delivery))
        at_s = int(self._now())
        headers = {
            **dict(endpoint.headers),
            "Host": place.authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "webhook-id": delivery.id,
            "webhook-timestamp": str(at_s),
            "X-Webhook-Event": _word(delivery.type or delivery.template),
            "X-Webhook-Attempt": str(delivery.attempt),
        }
        trace = TRACE.get()
        if trace and all(name.lower() != "traceparent" for name in headers):  # one of its own wins
            headers["traceparent"] = trace
        if secrets:
            headers["webhook-signature"] = signing.signatures(
                body, secrets, message=delivery.id, at_s=at_s
            )
            headers["X-Webhook-Signature"] = signing.body_signature(body, secrets)
        return _head(place.path, headers) + body

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def made(settings: Settings, database: Database, env: Mapping[str, str]) -> Webhook | None:
    """Make the sink where settings switch it on."""
    calling = Calling.from_env(env, settings)
    if calling is None:
        return None
    within_s = max(0.5, Sinking.from_env(env).call_s - HOUSE_S)
    return Webhook(calling, Endpoints(database, clock=time.monotonic), within_s=within_s)


@lru_cache(maxsize=8192)
def _authority(url: str) -> str:
    try:
        return target(url).authority
    except UnsafeAddress:
        return ""


def _head(path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise UnsafeAddress("a line break in the request's head")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _plain(delivery: Delivery) -> dict[str, object]:
    return {
        "type": delivery.type,
        "template": delivery.template,
        "subject": delivery.subject,
        "text": delivery.text,
    }


def _word(text: str) -> str:
    return _NO_LETTERS.sub("_", text)[:100] or "notification"


def _trusting(ca_file: str) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as wrong:
            raise ConfigurationError("TOCSIN_WEBHOOK_CA_FILE holds no authority") from wrong
    return context
