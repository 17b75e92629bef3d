"""Claims as receipts see them: what is known of a delivery's attempts, and what settles them.

Sinks take and settle claims (`connectors.sinks.claim`); a receipt that shows what became of an
attempt settles one that is still open, so that the next attempt is not sent.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.stores.redis import Redis, Script
from schemas.codec import decode, encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.reasons import DeliveryStatus, Lane
from schemas.topics import Names

LIFE_MS = 8 * 86_400_000  # DESIGN 4: longer than deliveries are kept on Kafka
# An end waits so much longer for its beginning than that was to wait itself: a sink may be late.
TRIED_SLACK_MS = 600_000
ARRIVED_MS = 2 * 86_400_000  # longer than anybody is told of one intent by fallback
ANSWER_S = 1.0  # a provider waits for its answer, and its receipt is worth more than its claim
AT_ONCE = 200

_LOOK = Script("return redis.call('HMGET', KEYS[1], 's', 'a', 'r')")
_RECEIPT = Script(Path(__file__).with_name("receipt.lua").read_text())
_TOLD = Script(
    "local told = redis.call('GET', KEYS[1])"
    " if not told or tonumber(told) < tonumber(ARGV[1]) then"
    " redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end"
)
_ARRIVED = Script(
    "local t = redis.call('TIME')"
    " redis.call('SET', KEYS[1], t[1] * 1000 + math.floor(t[2] / 1000), 'PX', ARGV[1])"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Say how a claim stands: `state` is sending, or the status that its last attempt came to."""

    state: str
    attempt: int
    replay: str


def claim_key(names: Names, delivery_id: str) -> str:
    """Name the claim of a delivery."""
    return names.redis("claim", delivery_id)


def told_key(names: Names, said: Delivery | DeliveryEvent) -> str:
    """Name the highest seq told of an alert to one recipient by one channel; empty for none."""
    if not said.alert_id:
        return ""
    return names.redis("claim-told", said.tenant, said.alert_id, said.channel, said.recipient)


def tried_key(names: Names, said: Delivery | DeliveryEvent) -> str:
    """Name the seq of an alert that is still to go out to one address; empty for none."""
    if not said.alert_id:
        return ""
    place = (said.tenant, said.alert_id, said.channel, said.recipient, said.address)
    return names.redis("claim-tried", *place)


def arrival_keys(names: Names, said: Delivery | DeliveryEvent) -> tuple[str, str]:
    """Name when anything of an urgent intent arrived, and since when a fallback is under way.

    Both are empty for what may wait: nobody stands in for it.
    """
    if said.lane != Lane.URGENT and not said.fallback_of:
        return "", ""
    first = said.fallback_of or said.intent_id
    arrived, fallback = (
        names.redis(name, said.tenant, first) for name in ("claim-arrived", "claim-fallback")
    )
    return arrived, fallback


class ReceivedClaims:
    """Look at claims and settle them by receipts; RedisUnavailable where Redis does not answer."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self._names = names

    async def look(self, delivery_ids: Sequence[str]) -> dict[str, Standing]:
        """Say how the claims of these deliveries stand; those that have none are left out."""
        found: dict[str, Standing] = {}
        wanted = list(dict.fromkeys(delivery_ids))
        for first in range(0, len(wanted), AT_ONCE):
            part = wanted[first : first + AT_ONCE]
            calls = [((claim_key(self._names, each),), ()) for each in part]
            answers = await self._redis.run_many(_LOOK, calls, within_s=ANSWER_S)
            for each, (state, attempt, replay) in zip(part, answers, strict=True):
                if state is not None:
                    found[each] = Standing(state, int(attempt or 0), replay or "")
        return found

    async def settle(self, events: Sequence[DeliveryEvent]) -> list[bool]:
        """Let events settle the claims that they decide, in order; say of each whether it did."""
        settled: list[bool] = []
        for first in range(0, len(events), AT_ONCE):
            part = events[first : first + AT_ONCE]
            answers = await self._redis.run_many(
                _RECEIPT,
                [((claim_key(self._names, each.delivery_id),), _arguments(each)) for each in part],
                within_s=ANSWER_S,
            )
            settled += (changed == 1 for changed, _ in answers)
            took = [
                decode(DeliveryEvent, base64.b64decode(before))
                for event, (_, before) in zip(part, answers, strict=True)
                if before and event.status != DeliveryStatus.FAILED
            ]
            await self._told([each for each in took if each.alert_id])
            await self._arrived(took)
        return settled

    async def _told(self, took: Sequence[DeliveryEvent]) -> None:
        """Note what recipients were told of their alerts: nothing older is to follow it."""
        if took:
            calls = [((told_key(self._names, e),), (e.alert_seq, LIFE_MS)) for e in took]
            await self._redis.run_many(_TOLD, calls, within_s=ANSWER_S)

    async def _arrived(self, took: Sequence[DeliveryEvent]) -> None:
        """Note that urgent intents arrived: no other channel need tell them."""
        places = [arrival_keys(self._names, each)[0] for each in took]
        calls = [((place,), (ARRIVED_MS,)) for place in places if place]
        if calls:
            await self._redis.run_many(_ARRIVED, calls, within_s=ANSWER_S)


def _arguments(event: DeliveryEvent) -> tuple[str | int, ...]:
    said = base64.b64encode(encode(event)).decode()
    return event.status, event.attempt, event.replay, said, LIFE_MS
