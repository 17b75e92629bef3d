"""Push: hand messages for phones and browsers to FCM, one call a token."""

import asyncio
import time
from collections.abc import Callable, Mapping

import httpx
from firebase_admin.exceptions import FirebaseError
from firebase_admin.messaging import (
    SenderIdMismatchError,
    ThirdPartyAuthError,
    UnregisteredError,
)

from connectors.sinks import retry
from connectors.sinks.push.firebase import Firebase, NoToken, complaint
from connectors.sinks.push.notice import notice
from connectors.sinks.push.settings import Pushing
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import ACCOUNT, Answer, Later, OneAccount, Refused, Sent, Unknown
from schemas.deliveries import Delivery
from schemas.errors import Invalid
from schemas.reasons import AddressKind, Channel, Reason

HOUSE_S = 1.0  # our own deadline comes before the runner's, which knows less
# The account, or what it may: nothing is wrong with this message, and the next has no other fate,
# so it waits until somebody looks (docs/sinks.md).
_ACCOUNT = frozenset({401, 403})
_TOKEN = "message.token"  # noqa: S105 - the name of a field


class Push(OneAccount):
    """Send push messages by FCM; what it took is `sent`, as no receipt comes."""

    channel = Channel.PUSH.value
    provider = "fcm"
    limits = ACCOUNT

    def __init__(
        self, pushing: Pushing, *, within_s: float = 29.0, now: Callable[[], float] = time.time
    ) -> None:
        self._within_s = within_s
        self._now = now
        self._firebase = Firebase(pushing, within_s=within_s, calls=ACCOUNT.in_flight)
        self._is_our_project = False

    async def deliver(self, delivery: Delivery) -> Answer:
        """Hand one message over; its id goes along, and a second takes the first one's place."""
        try:
            message = notice(delivery, now=self._now())
        except Invalid as wrong:
            return Refused(str(wrong), Reason.INVALID)
        ends_at = asyncio.get_running_loop().time() + self._within_s
        try:
            # Half of the time at most: what is sent must have time to be answered.
            async with asyncio.timeout(self._within_s / 2):
                await self._firebase.ready()
        except TimeoutError:
            return Later(f"no access token within {self._within_s / 2:g} s")
        except NoToken as none:
            return Later(f"no access token: {none}")
        try:
            async with asyncio.timeout_at(ends_at):
                name = await self._firebase.send(message)
        except TimeoutError:
            return Unknown(f"no answer within {self._within_s:g} s")
        except FirebaseError as error:
            return self._judged(error)
        self._is_our_project = True
        return Sent(name[:200])

    async def close(self) -> None:
        """Close the connections."""
        await self._firebase.close()

    def _judged(self, error: FirebaseError) -> Answer:
        reply: httpx.Response | None = error.http_response
        if reply is None:
            return _unanswered(error.cause)
        status, told = reply.status_code, complaint(error)
        why = ": ".join([f"HTTP {status}", *([", ".join(told)] if told else [])])
        if isinstance(error, UnregisteredError):
            return Refused(why, address=AddressKind.GONE)
        if isinstance(error, SenderIdMismatchError):
            # Said of every phone where the account is the wrong one, and then it would be held
            # against them for good: so only an account that some phone took a message from says it.
            return Refused(why, address=AddressKind.GONE if self._is_our_project else None)
        if isinstance(error, ThirdPartyAuthError) or status in _ACCOUNT:
            return Later(why)
        wait = reply.headers.get("Retry-After", "")
        match retry.reply(status, retry_after=wait, now=self._now()):
            case Later(_, after_s, reason):
                return Later(why, after_s, reason)
            case Unknown():
                return Unknown(why)
            case _:
                gone = status == httpx.codes.BAD_REQUEST and _TOKEN in told
                return Refused(why, address=AddressKind.GONE if gone else None)


def made(env: Mapping[str, str]) -> Push | None:
    """Make the sink where there is an account."""
    pushing = Pushing.from_env(env)
    if pushing is None:
        return None
    return Push(pushing, within_s=max(0.5, Sinking.from_env(env).call_s - HOUSE_S))


def _unanswered(cause: object) -> Answer:
    kind = type(cause).__name__
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Later(f"not connected: {kind}")
    return Unknown(f"no answer: {kind}")
