"""Receipts: ask how claims stand, say what follows from what providers tell, settle the claims."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from connectors.callbacks.saying import Publisher
from connectors.callbacks.told import Outcome, Told, made, settles
from connectors.stores.claims import ReceivedClaims, Standing
from schemas.deliveries import DeliveryEvent
from schemas.errors import RedisUnavailable

log = logging.getLogger("tocsin.callbacks")


class Receipts:
    """Take what providers tell; KafkaUnavailable where it must be told again.

    First Kafka, then the claims: who was told that we have it never needs to tell it again, and
    a claim that is settled has its event on Kafka. Without Redis the events are said all the
    same, and the worst is a second call that they would have spared.
    """

    def __init__(self, publisher: Publisher, claims: ReceivedClaims | None) -> None:
        self._publisher = publisher
        self._claims = claims

    async def take(self, told: Sequence[Told]) -> Counter[Outcome]:
        """Return when Kafka has all that follows; say how many came to what."""
        known = await self._known(told)
        results = [made(each, known) for each in told]
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

    async def _settle(self, events: Sequence[DeliveryEvent]) -> None:
        if self._claims is None or not events:
            return
        try:
            await self._claims.settle(events)
        except RedisUnavailable as away:
            log.warning("claims are not settled by receipts: %s", away)
