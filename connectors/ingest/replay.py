"""Remember which signatures were used, so that a recorded request works only once."""

import time
from collections.abc import Callable
from hashlib import sha256

from connectors.stores.redis import Redis, Script
from schemas.errors import RedisUnavailable
from schemas.topics import Names

WITHIN_S = 0.05  # a sender waits no longer; this process's own memory has answered by then
CLAIM = Script("return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) and 1 or 0")
RELEASE = Script("return redis.call('DEL', KEYS[1])")


class Used:
    """Keep signatures for a while, in this process, at most `most` of them.

    The oldest go first where there are more: a signature then still lapses by its own time.
    """

    def __init__(
        self, *, keep_s: float, most: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keep_s = keep_s
        self._most = most
        self._clock = clock
        self._until: dict[str, float] = {}

    def claim(self, name: str) -> bool:
        """Note a signature; False where it was noted before and not released since."""
        now = self._clock()
        until = self._until.get(name)
        if until is not None and now < until:
            return False
        self._until.pop(name, None)
        self._until[name] = now + self._keep_s
        self._forget(now)
        return True

    def release(self, name: str) -> None:
        """Let a signature come again, for its request was not taken."""
        self._until.pop(name, None)

    def _forget(self, now: float) -> None:
        # Kept in the order of their ends, so what has lapsed stands in front.
        while self._until:
            oldest = next(iter(self._until))
            if len(self._until) <= self._most and self._until[oldest] > now:
                return
            del self._until[oldest]


class SharedUsed:
    """Keep signatures for every process of ingest, and in this one alone while Redis is away."""

    def __init__(self, used: Used, *, redis: Redis | None, names: Names, keep_s: float) -> None:
        self._used = used
        self._redis = redis
        self._names = names
        self._keep_ms = int(keep_s * 1000)

    async def claim(self, name: str) -> bool:
        """Note a signature; False where any process noted it before and did not release it."""
        if not self._used.claim(name):
            return False
        if self._redis is None:
            return True
        try:
            first = await self._redis.run(
                CLAIM, keys=(self._key(name),), args=(self._keep_ms,), within_s=WITHIN_S
            )
        except RedisUnavailable:
            return True
        return bool(first == 1)

    async def release(self, name: str) -> None:
        """Let a signature come again, for its request was not taken."""
        self._used.release(name)
        if self._redis is not None:
            try:
                await self._redis.run(RELEASE, keys=(self._key(name),), args=(), within_s=WITHIN_S)
            except RedisUnavailable:
                return  # it lapses by itself, and its sender signs each attempt anew

    def _key(self, name: str) -> str:
        return self._names.redis("signature", sha256(name.encode()).hexdigest()[:32])
