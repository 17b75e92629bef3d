"""Slack's Web API: one call of a method, and what came of it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson

from connectors.sinks.sink import Later, Unknown
from connectors.sinks.slack import answers
from connectors.sinks.slack.answers import Outcome

CONNECT_S = 5.0
CONNECTIONS = 64
ANSWER_BYTES = 1 << 20  # Slack says the whole message back


class WebApi:
    """Call methods over kept connections with a bot's token."""

    def __init__(self, url: str, token: str, *, within_s: float, now: Callable[[], float]) -> None:
        self._now = now
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(within_s, connect=min(CONNECT_S, within_s)),
            limits=httpx.Limits(max_connections=CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
        )

    async def ask(self, method: str, said: Mapping[str, Any], *, ends_at: float) -> Outcome:
        """Call a method once; the outcome is there at `ends_at` of the loop's clock."""
        try:
            async with asyncio.timeout_at(ends_at):
                return await self._asked(method, orjson.dumps(said))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            return Later(f"not connected: {type(away).__name__}")
        except httpx.HTTPError as lost:
            return Unknown(f"no answer: {type(lost).__name__}")
        except TimeoutError:
            return Unknown("no answer in time")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _asked(self, method: str, body: bytes) -> Outcome:
        # Without the charset Slack reads it too, and complains of it in every answer.
        headers = {"Content-Type": "application/json; charset=utf-8"}
        async with self._client.stream(
            "POST", f"/{method}", content=body, headers=headers
        ) as reply:
            status, pause = reply.status_code, reply.headers.get("Retry-After", "")
            if status != httpx.codes.OK:
                return answers.of_status(status, retry_after=pause, now=self._now())
            read = bytearray()
            async for part in reply.aiter_bytes():
                read += part
                if len(read) > ANSWER_BYTES:
                    return Unknown("the answer is too long")
        return answers.of_body(bytes(read), retry_after=pause, now=self._now())
