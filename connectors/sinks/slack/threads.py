"""Slack threads: where the first message on an alert stands, so that the later ones find it.

Kept in Redis and nowhere else: where it is lost, a later word is a message of its own.
"""

from dataclasses import dataclass

import msgspec
import structlog
from msgspec import Struct

from connectors.stores.redis import Redis
from schemas.deliveries import Delivery
from schemas.errors import RedisUnavailable
from schemas.topics import Names

LIFE_MS = 8 * 86_400_000  # as long as claims live
ANSWER_S = 2.0

log = structlog.get_logger("tocsin.sinks")


class Thread(Struct, frozen=True):
    """Hold where an alert was first told at an address, and what was last told there.

    `last` is the delivery that told it, and `last_ts` the message that it became.
    """

    channel: str
    ts: str
    seq: int = 0
    priority: int = 0
    ended: bool = False
    last: str = ""
    last_ts: str = ""

    def told(self, delivery: Delivery, *, ts: str) -> "Thread":
        """Give the thread after one more message; an older word changes no state of the alert."""
        if delivery.alert_seq < self.seq:
            return msgspec.structs.replace(self, last=delivery.id, last_ts=ts)
        return begun(delivery, channel=self.channel, ts=self.ts, last_ts=ts)


@dataclass(frozen=True, slots=True)
class Step:
    """Say what a word on an alert that was told before does to its thread.

    `update`: the first message shows it; `broadcast`: the whole channel sees the reply.
    """

    update: bool
    broadcast: bool


def begun(delivery: Delivery, *, channel: str, ts: str, last_ts: str = "") -> Thread:
    """Make the thread that a message on an alert begins."""
    return Thread(
        channel=channel,
        ts=ts,
        seq=delivery.alert_seq,
        priority=delivery.priority,
        ended=delivery.ends,
        last=delivery.id,
        last_ts=last_ts or ts,
    )


def step(delivery: Delivery, thread: Thread) -> Step:
    """Decide how a delivery on an alert follows what stands there.

    A trouble that grew worse, or that came back, concerns all who are in the channel.
    """
    newer = delivery.alert_seq > thread.seq
    worse = delivery.priority > thread.priority or thread.ended
    return Step(update=newer, broadcast=newer and worse and not delivery.ends)


class Threads:
    """Remember threads by tenant, alert and address."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self._names = names

    async def find(self, delivery: Delivery) -> Thread | None:
        """Give the thread that a delivery belongs to; RedisUnavailable where nobody can say."""
        if not delivery.alert_id:
            return None
        found = await self._redis.get(self._key(delivery), within_s=ANSWER_S)
        try:
            return msgspec.json.decode(found, type=Thread) if found else None
        except msgspec.MsgspecError:
            return None

    async def keep(self, delivery: Delivery, thread: Thread) -> None:
        """Remember a thread; that it cannot be remembered takes nothing back that was told."""
        if not delivery.alert_id or not thread.ts:
            return
        text = msgspec.json.encode(thread).decode()
        try:
            await self._redis.put(self._key(delivery), text, within_s=ANSWER_S, life_ms=LIFE_MS)
        except RedisUnavailable as away:
            log.warning("a Slack thread is not remembered", error=str(away))

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.close()

    def _key(self, delivery: Delivery) -> str:
        return self._names.redis(
            "slack-thread", delivery.tenant, delivery.alert_id, delivery.address
        )
