"""SMS wire: carry what Twilio's library asks for, and tell what became of each call.

The library's own client reaches no host but Twilio's, bounds neither time nor connections, and
says of a call that failed not whether it had left the house; so the library gets this one.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
import orjson
from twilio.http.response import Response

from connectors.sinks.sink import ACCOUNT
from connectors.sinks.sms.settings import TWILIO_URL
from connectors.sinks.wire import NoAnswer, NotSent

CONNECT_S = 5.0
_ANSWER_BYTES = 64 * 1024
_SID = re.compile("[A-Za-z0-9_-]{1,200}")
_HANDED = ".send_request_headers.started"  # of httpcore's trace: from here on it may have arrived


class NotTaken(Exception):
    """Carry an answer that was no yes; `code` is Twilio's own, 0 where it gave none."""

    def __init__(self, status: int, *, code: int, retry_after: str) -> None:
        super().__init__(f"HTTP {status}, code {code}" if code else f"HTTP {status}")
        self.status = status
        self.code = code
        self.retry_after = retry_after


class SmsWire:
    """Be the library's client for HTTP; one for the process."""

    is_async = True

    def __init__(self, url: str, *, within_s: float) -> None:
        self._within_s = within_s
        self._client = httpx.AsyncClient(
            base_url=url,
            # Below the whole call's, so that the connection's own end comes first and closes it.
            timeout=httpx.Timeout(within_s, connect=min(CONNECT_S, within_s / 2)),
            limits=httpx.Limits(max_connections=2 * ACCOUNT.in_flight),
            follow_redirects=False,
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature; ours is the sink's
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the library's signature
    ) -> Response:
        """Make one call; NotTaken, NotSent or NoAnswer where Twilio did not say yes."""
        del timeout, allow_redirects
        handed = False

        async def watch(event: str, _: Mapping[str, Any]) -> None:
            nonlocal handed
            handed = handed or event.endswith(_HANDED)

        request = self._client.build_request(
            method,
            uri.removeprefix(TWILIO_URL),
            params=params,
            data=data,
            headers=headers,
            extensions={"trace": watch},
        )
        ends_at = asyncio.get_running_loop().time() + self._within_s
        try:
            async with asyncio.timeout_at(ends_at):
                reply = await self._client.send(request, auth=auth, stream=True)
        except (httpx.HTTPError, TimeoutError) as lost:
            if handed:
                raise NoAnswer(f"no answer: {type(lost).__name__}") from lost
            raise NotSent(f"not connected: {type(lost).__name__}") from lost
        return _read(reply, await _said(reply, ends_at))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _read(reply: httpx.Response, said: Mapping[str, Any]) -> Response:
    if not 200 <= reply.status_code < 300:
        retry_after = reply.headers.get("Retry-After", "")
        raise NotTaken(reply.status_code, code=_code(said.get("code")), retry_after=retry_after)
    # The rest is left away: the library raises at a date that it cannot read, and yes is yes.
    sid = str(said.get("sid") or "")
    taken = orjson.dumps({"sid": sid}).decode() if _SID.fullmatch(sid) else ""
    return Response(reply.status_code, taken, reply.headers)


async def _said(reply: httpx.Response, ends_at: float) -> Mapping[str, Any]:
    """Read the answer's words; none where they do not come, as the status has said enough."""
    read = b""
    try:
        async with asyncio.timeout_at(ends_at):
            async for part in reply.aiter_bytes():
                read += part
                if len(read) > _ANSWER_BYTES:
                    return {}
        words = orjson.loads(read)
    except (httpx.HTTPError, TimeoutError, ValueError):
        return {}
    finally:
        with suppress(httpx.HTTPError):
            await reply.aclose()
    return words if isinstance(words, dict) else {}


def _code(given: object) -> int:
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
