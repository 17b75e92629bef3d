"""Slack: post to channels and people by the Web API, or to an incoming webhook.

By the Web API an alert is one message: what follows updates it, and is news in its thread.
A hook knows no earlier messages, so each word is a message of its own.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeAlias

import httpx
import orjson

from connectors.settings import Settings
from connectors.sinks.addresses import Guard, Unresolved
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Answer, Later, Limits, Refused, Sent, Unknown
from connectors.sinks.slack import answers, message
from connectors.sinks.slack import threads as slack_threads
from connectors.sinks.slack.answers import Lost, Reply
from connectors.sinks.slack.api import WebApi
from connectors.sinks.slack.settings import Slacking
from connectors.sinks.slack.threads import Thread, Threads
from connectors.sinks.wire import NoAnswer, NotSent, Wires
from connectors.stores.redis import Redis
from schemas.addresses import address_fault
from schemas.deliveries import Delivery
from schemas.errors import RedisUnavailable
from schemas.reasons import Channel, Reason
from schemas.web_address import Target, UnsafeAddress, target

# Our own deadline comes before the runner's, which knows less, and leaves time to remember.
HOUSE_S = 1.0 + slack_threads.ANSWER_S
UPDATE_SHARE = 0.4  # of a call's time; the rest is left to the reply

_POST, _UPDATE = "chat.postMessage", "chat.update"
_NO_PREVIEWS = {"unfurl_links": False, "unfurl_media": False}
_Message: TypeAlias = Mapping[str, Any]


class Slack:
    """Post by whichever way an address leads to."""

    channel = Channel.SLACK.value
    provider = "slack"
    # Slack takes one message a second to a channel, and short bursts. Who comes a little too
    # early waits here, as parking would cost some seconds more.
    limits = Limits(per_s=1.0, burst=3, patience_s=10.0)

    def __init__(
        self,
        slacking: Slacking,
        threads: Threads,
        *,
        within_s: float = 29.0,
        now: Callable[[], float] = time.time,
        guard: Guard | None = None,
    ) -> None:
        self._slacking = slacking
        self._threads = threads
        self._within_s = within_s
        self._now = now
        self._api = WebApi(slacking.url, slacking.token, within_s=within_s, now=now)
        tls = httpx.create_ssl_context(trust_env=False)
        self._wires = Wires(guard or Guard(slacking.rules), tls)

    def endpoint(self, delivery: Delivery) -> str:
        """Name the channel or the hook: each has a limit of its own, and no account has one."""
        return _endpoint(delivery.address)

    def abreast(self, delivery: Delivery) -> int:
        """Keep a recipient's messages in order."""
        del delivery
        return 1

    async def deliver(self, delivery: Delivery) -> Answer:
        """Say one word once; Slack's ok is the delivery."""
        try:
            whole = message.whole(delivery, calls=self._slacking.calls)
            body = orjson.dumps({**whole, **_NO_PREVIEWS})
        except (TypeError, ValueError, RecursionError):
            return Refused("the blocks cannot be written", Reason.INVALID)
        if not whole:
            return Refused("there is nothing to say", Reason.INVALID)
        if _is_hook(delivery.address):
            return await self._to_hook(delivery.address, body)
        if address_fault(Channel.SLACK, delivery.address):
            return Refused("no channel, person or hook of Slack's", Reason.INVALID)
        if not self._slacking.token:
            return Refused("channels and people need TOCSIN_SLACK_TOKEN")
        ends_at = asyncio.get_running_loop().time() + self._within_s
        try:
            thread = await self._threads.find(delivery)
        except RedisUnavailable as away:
            return Later(str(away))
        if thread is None:
            return await self._begin(delivery, whole, ends_at=ends_at)
        if thread.last == delivery.id:
            # Slack said ok to an earlier attempt, and our own record of it was lost.
            return _sent(thread.channel, thread.last_ts)
        return await self._follow(delivery, whole, thread, ends_at=ends_at)

    async def close(self) -> None:
        """Close every connection."""
        await self._api.close()
        await self._wires.close()
        await self._threads.close()

    async def _begin(self, delivery: Delivery, whole: _Message, *, ends_at: float) -> Answer:
        post = {"channel": delivery.address, **whole, **_once(delivery)}
        match await self._api.ask(_POST, post, ends_at=ends_at):
            case Reply(channel=channel, ts=ts):
                thread = slack_threads.begun(delivery, channel=channel or delivery.address, ts=ts)
                await self._threads.keep(delivery, thread)
                return _sent(thread.channel, ts)
            case Lost(refused):
                return refused
            case answer:
                return answer

    async def _follow(
        self, delivery: Delivery, whole: _Message, thread: Thread, *, ends_at: float
    ) -> Answer:
        step = slack_threads.step(delivery, thread)
        if step.update:
            match await self._update(whole, thread, ends_at=ends_at):
                case Lost():
                    return await self._begin(delivery, whole, ends_at=ends_at)
                # The end must be seen where the beginning was; any other word counts as news.
                case Later() as not_seen if delivery.ends:
                    return not_seen
        said = message.short(delivery, calls=self._slacking.calls) if delivery.ends else whole
        post = {
            "channel": thread.channel,
            "thread_ts": thread.ts,
            "reply_broadcast": step.broadcast,
            **(said or whole),
            **_once(delivery),
        }
        match await self._api.ask(_POST, post, ends_at=ends_at):
            case Reply() as reply:
                await self._threads.keep(delivery, _after(delivery, thread, reply))
                return _sent(thread.channel, reply.ts)
            case Lost():
                return await self._begin(delivery, whole, ends_at=ends_at)
            case answer:
                return answer

    async def _update(self, whole: _Message, thread: Thread, *, ends_at: float) -> answers.Outcome:
        now = asyncio.get_running_loop().time()
        # What is not said of `parse` is as the client does it: with names looked for.
        update = {"channel": thread.channel, "ts": thread.ts, "parse": "none", **whole}
        until = now + UPDATE_SHARE * (ends_at - now)
        answer = await self._api.ask(_UPDATE, update, ends_at=until)
        if isinstance(answer, Unknown):
            return Later(f"not updated: {answer.why}")  # made twice it is still one
        return answer

    async def _to_hook(self, address: str, body: bytes) -> Answer:
        try:
            place = self._slacking.hook(address)
            request = _request(place, body)
            reply = await self._wires.post(place, request, within_s=self._within_s)
        except UnsafeAddress as unsafe:
            return Refused(str(unsafe), Reason.UNSAFE_ADDRESS)
        except (NotSent, Unresolved) as not_sent:
            return Later(str(not_sent))
        except NoAnswer as no_answer:
            return Unknown(str(no_answer))
        return answers.of_hook(reply.status, retry_after=reply.retry_after, now=self._now())


def made(settings: Settings, env: Mapping[str, str]) -> Slack | None:
    """Make the sink where settings switch it on."""
    slacking = Slacking.from_env(env, settings)
    if slacking is None:
        return None
    threads = Threads(Redis(url=settings.stores.redis_url), settings.names)
    within_s = max(0.5, Sinking.from_env(env).call_s - HOUSE_S)
    return Slack(slacking, threads, within_s=within_s)


def _after(delivery: Delivery, thread: Thread, reply: Reply) -> Thread:
    if reply.is_alone:
        # Slack puts the answer to a message that was deleted into the channel, without a word.
        return slack_threads.begun(delivery, channel=thread.channel, ts=reply.ts)
    return thread.told(delivery, ts=reply.ts)


def _once(delivery: Delivery) -> _Message:
    return {"client_msg_id": delivery.id, **_NO_PREVIEWS}


def _sent(channel: str, ts: str) -> Sent:
    return Sent(f"{channel}:{ts}" if ts else "", final=True)


def _is_hook(address: str) -> bool:
    return "://" in address


@lru_cache(maxsize=8192)
def _endpoint(address: str) -> str:
    if not _is_hook(address):
        return address
    try:
        place = target(address)
    except UnsafeAddress:
        return ""
    # Whoever knows a hook's path may post: it is named by a digest.
    return f"{place.authority}/{sha256(place.path.encode()).hexdigest()[:16]}"


def _request(place: Target, body: bytes) -> bytes:
    head = (
        f"POST {place.path} HTTP/1.1",
        f"Host: {place.authority}",
        "User-Agent: Tocsin",
        "Accept: */*",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode("ascii") + body
