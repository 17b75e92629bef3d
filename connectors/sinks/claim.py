"""Claims: who sends which attempt of a delivery, and what came of it, in Redis.

One step each way: `take` before the provider is called, `settle` after its answer and before
anything is published. Redis away means that nothing is sent.
"""

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from connectors.stores.claims import (
    ARRIVED_MS,
    LIFE_MS,
    TRIED_SLACK_MS,
    arrival_keys,
    claim_key,
    told_key,
    tried_key,
)
from connectors.stores.redis import Redis, Script
from schemas.codec import decode, encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.errors import RedisUnavailable
from schemas.reasons import DeliveryStatus
from schemas.topics import Names

ANSWER_S = 2.0
AT_ONCE = 100  # deliveries a script takes: some 2 ms, in which Redis answers nobody else

_TOOK = frozenset({DeliveryStatus.SENT.value, DeliveryStatus.DELIVERED.value})
_TAKE, _SETTLE, _REMEMBER = (
    Script(Path(__file__).with_name(name).read_text())
    for name in ("take.lua", "settle.lua", "remember.lua")
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Name a process: `instance` outlives a restart, `boot` does not."""

    instance: str
    boot: str


@dataclass(frozen=True, slots=True)
class Go:
    """Say that this attempt is ours to send; `repeat`: it may have been sent before."""

    repeat: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Say that another process sends it now, for so long at most."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Known:
    """Say what came of it before: publish it again and send nothing."""

    event: DeliveryEvent
    kind: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Say that a later attempt is on its way or done: drop this one."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """Say that this recipient was told a later word on the alert, of this seq.

    0 says that the same word reached them by another channel, one of the two being a fallback.
    """

    seq: int


@dataclass(frozen=True, slots=True)
class Behind:
    """Say that what this ends was not told here yet and is still tried: it goes first."""


@dataclass(frozen=True, slots=True)
class Empty:
    """Say that Redis lost what it knew: fill it before anything is sent."""


Keys: TypeAlias = tuple[str, str, str, str, str]
Verdict: TypeAlias = Go | Wait | Known | Taken | Superseded | Behind | Empty


class Claims:
    """Take and settle; every call raises RedisUnavailable where Redis does not answer."""

    def __init__(self, redis: Redis, names: Names, owner: Owner, *, lease_s: float) -> None:
        self._redis = redis
        self._names = names
        self._owner = owner
        self._lease_ms = int(lease_s * 1000)
        self._marker = names.redis("claims-filled")
        self._takes = _Together(redis, _TAKE, self._marker)
        self._settles = _Together(redis, _SETTLE, self._marker)

    async def take(self, delivery: Delivery, *, written_at: int = 0) -> Verdict:
        """Ask to send this attempt; `written_at` is the Kafka record's time."""
        answer = await self._takes.ask(
            self._keys(delivery, delivery.id),
            (
                delivery.attempt,
                self._owner.instance,
                self._owner.boot,
                self._lease_ms,
                delivery.replay,
                _seq(delivery),
                LIFE_MS,
                written_at or LIFE_MS * 10**4,  # unknown: as if written after any filling
                delivery.created_at if delivery.fallback_of else "",
                ARRIVED_MS,
                1 if delivery.ends else "",
            ),
        )
        return _verdict(answer)

    async def settle(self, event: DeliveryEvent, *, kind: str = "") -> bool:
        """Write down what came of an attempt; False where another owner's word stands.

        That it is `held` is no attempt, and only lets the alert's end wait for it.
        """
        answer = await self._settles.ask(
            self._keys(event, event.delivery_id),
            (
                event.status,
                event.attempt,
                self._owner.instance,
                self._owner.boot,
                event.replay,
                base64.b64encode(encode(event)).decode(),
                kind,
                LIFE_MS,
                _seq(event),
                ARRIVED_MS,
                event.until + TRIED_SLACK_MS if _is_begun(event) else "",
            ),
        )
        return bool(answer)

    async def remember(self, known: Sequence[tuple[DeliveryEvent, int, int]]) -> None:
        """Put claims back from events, each with its rank and its life in ms."""
        now = time.time_ns() // 1_000_000
        calls = [
            (
                self._keys(event, event.delivery_id),
                (
                    event.status,
                    event.attempt,
                    rank,
                    event.replay,
                    base64.b64encode(encode(event)).decode(),
                    life_ms,
                    _seq(event) if event.status in _TOOK else "",
                    event.occurred_at if event.status in _TOOK else "",
                    event.created_at if event.fallback_of else "",
                    min(life_ms, ARRIVED_MS),
                    event.alert_seq if _is_begun(event) else "",
                    max(0, event.until + TRIED_SLACK_MS - now),
                ),
            )
            for event, rank, life_ms in known
        ]
        for first in range(0, len(calls), AT_ONCE):
            await self._redis.run_many(_REMEMBER, calls[first : first + AT_ONCE], within_s=10.0)

    async def is_filled(self) -> bool:
        """Say whether Redis knows what was sent since it was last empty."""
        return await self._redis.get(self._marker, within_s=ANSWER_S) is not None

    async def mark_filled(self, at: int) -> None:
        """Note that all that is known was put back; records written before `at` may repeat."""
        await self._redis.put(self._marker, str(at), within_s=ANSWER_S)

    async def ping(self) -> None:
        """Return if Redis answers."""
        await self._redis.ping(within_s=ANSWER_S)

    def _keys(self, said: Delivery | DeliveryEvent, delivery_id: str) -> Keys:
        names = self._names
        own = claim_key(names, delivery_id), told_key(names, said)
        return *own, *arrival_keys(names, said), tried_key(names, said)


class _Together:
    """Gather what is asked while Redis answers, and ask it as one call of a script.

    Each argument costs the client its time, so those of one delivery travel as one text.
    """

    def __init__(self, redis: Redis, script: Script, first_key: str) -> None:
        self._redis = redis
        self._script = script
        self._first_key = first_key
        self._asked: list[tuple[Keys, str, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, keys: Keys, args: Sequence[str | int]) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        packed = orjson.dumps([str(each) for each in args]).decode()
        self._asked.append((keys, packed, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())
        return await future

    async def _send(self) -> None:
        while self._asked:
            asked, self._asked = self._asked[:AT_ONCE], self._asked[AT_ONCE:]
            keys = [self._first_key]
            for each, _, _ in asked:
                keys += each
            try:
                answers = await self._redis.run(
                    self._script,
                    keys=keys,
                    args=[packed for _, packed, _ in asked],
                    within_s=ANSWER_S,
                )
            except RedisUnavailable as away:
                for *_, future in asked:
                    if not future.done():
                        future.set_exception(away)
                continue
            for (*_, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


def _seq(said: Delivery | DeliveryEvent) -> int | str:
    return said.alert_seq if said.alert_id else ""


def _is_begun(event: DeliveryEvent) -> bool:
    """Say whether it is of something that an end is to follow."""
    return bool(event.alert_id) and not event.ends


def _verdict(answer: list[Any]) -> Verdict:
    match answer:
        case ["go", repeat]:
            return Go(repeat=repeat == 1)
        case ["wait", ms]:
            return Wait(int(ms) / 1000)
        case ["known", event, kind]:
            return Known(decode(DeliveryEvent, base64.b64decode(event)), kind or "")
        case ["superseded", seq]:
            return Superseded(int(seq))
        case ["taken"]:
            return Taken()
        case ["behind"]:
            return Behind()
        case _:
            return Empty()
