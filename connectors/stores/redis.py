"""Redis, behind the only module that imports its library.

Inside this package `redis` means the library: imports are absolute.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from schemas.errors import RedisUnavailable

T = TypeVar("T")

CONNECT_S = 1.0
# While Redis does not answer, only one call in this span pays the waiting time.
PAUSE_S = 1.0


class Script:
    """Hold a Lua script that runs as one step."""

    def __init__(self, text: str) -> None:
        self.text = text


class Redis:
    """Ask one Redis; RedisUnavailable where it is away, does not answer in time or refuses."""

    def __init__(self, *, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = Client.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_S,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 0),
        )
        self._clock = clock
        self._scripts: dict[Script, Any] = {}
        self._away_until = 0.0

    async def close(self) -> None:
        """Give every connection back."""
        await self._client.aclose()

    async def run(
        self, script: Script, *, keys: Sequence[str], args: Sequence[str | int], within_s: float
    ) -> Any:
        """Run a script and give its answer."""
        return await self._within(within_s, lambda: self._registered(script)(keys=keys, args=args))

    async def run_many(
        self,
        script: Script,
        calls: Sequence[tuple[Sequence[str], Sequence[str | int]]],
        *,
        within_s: float,
    ) -> list[Any]:
        """Run a script once for every pair of keys and arguments, in order, in one go.

        Gives their answers in that order.
        """

        async def go() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipe:
                for keys, args in calls:
                    await self._registered(script)(keys=keys, args=args, client=pipe)
                return list(await pipe.execute())

        return await self._within(within_s, go)

    async def get(self, key: str, *, within_s: float) -> str | None:
        """Give the text under a key."""
        found = await self._within(within_s, lambda: self._client.get(key))
        return None if found is None else str(found)

    async def put(self, key: str, text: str, *, within_s: float, life_ms: int = 0) -> None:
        """Keep a text under a key, for so long or (0) for ever."""
        await self._within(within_s, lambda: self._client.set(key, text, px=life_ms or None))

    async def ping(self, *, within_s: float) -> None:
        """Return if Redis answers."""
        await self._within(within_s, self._client.ping)

    def _registered(self, script: Script) -> Any:
        if script not in self._scripts:
            self._scripts[script] = self._client.register_script(script.text)
        return self._scripts[script]

    async def _within(self, seconds: float, call: Callable[[], Awaitable[T]]) -> T:
        if self._clock() < self._away_until:
            raise RedisUnavailable("Redis did not answer a moment ago")
        try:
            async with asyncio.timeout(seconds):
                answer = await call()
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._clock() + PAUSE_S
            raise RedisUnavailable(f"Redis did not answer: {type(error).__name__}") from error
        return answer
