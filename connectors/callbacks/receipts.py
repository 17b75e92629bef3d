"""Receipts: ask how claims stand, say what follows from what providers tell, settle the claims."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from connectors.callbacks.saying import Publisher
from connectors.callbacks.told import Made, Outcome, Told, ends_open, made, overtaken, settles
from connectors.stores.claims import ReceivedClaims, Standing
from schemas.deliveries import DeliveryEvent
from schemas.errors import RedisUnavailable

log = logging.getLogger("tocsin.callbacks")


class Receipts:
    """Take what providers tell; KafkaUnavailable where it must be told again.

    First Kafka, then the claims: a claim that says more than Kafka knows could silence a sink.
    Only a failure of what is still open asks its claim first, for the next attempt may begin at
    any moment, and what then became of the earlier one must not fail it. Without Redis all is
    said, and the worst is a second call that it would have spared.
    """

    def __init__(self, publisher: Publisher, claims: ReceivedClaims | None) -> None:
        self._publisher = publisher
        self._claims = claims

    async def take(self, told: Sequence[Told]) -> Counter[Outcome]:
        """Return when Kafka has all that follows; say how many came to what."""
        known = await self._known(told)
        results = [await self._ended(made(each, known), known) for each in told]
        said = [each for result in results for each in result.said]
        await self._publisher.publish(said)
        await self._settle([e for e in said if isinstance(e, DeliveryEvent) and settles(e)])
        return Counter(result.outcome for result in results)

    async def _known(self, told: Sequence[Told]) -> Mapping[str, Standing]:
        asked = [each.of.delivery for each in told if each.status]
        if self._claims is None or not asked:
            return {}
        try:
            return await self._claims.look(asked)
        except RedisUnavailable as away:
            log.warning("receipts are taken without looking at claims: %s", away)
            return {}

    async def _ended(self, result: Made, known: Mapping[str, Standing]) -> Made:
        """End by a failure what is open, unless a later attempt has begun since we looked."""
        failure = ends_open(result, known)
        if failure is None:
            return result
        settled = await self._settle([failure])
        return overtaken(result) if settled == [False] else result

    async def _settle(self, events: Sequence[DeliveryEvent]) -> list[bool]:
        """Say of each whether it settled its claim; nothing where that cannot be known."""
        if self._claims is None or not events:
            return []
        try:
            return await self._claims.settle(events)
        except RedisUnavailable as away:
            log.warning("claims are not settled by receipts: %s", away)
            return []
