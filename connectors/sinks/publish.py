"""Publish what came of a delivery, and do not come back before Kafka has it."""

import asyncio
from collections.abc import Sequence

import structlog

from connectors.kafka import Producer
from connectors.settings import Producing
from connectors.sinks.outcome import Output
from schemas.errors import KafkaUnavailable
from schemas.topics import Names

log = structlog.get_logger("tocsin.sinks")

# Nobody waits at a counter here: better late than twice.
PATIENT = Producing(give_up_s=12.0, message_timeout_ms=10_000)
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


class Publisher:
    """Write outputs, in their order, until Kafka has all of them."""

    def __init__(self, producer: Producer, names: Names) -> None:
        self._producer = producer
        self._names = names
        self.trouble = ""

    async def publish(
        self, outputs: Sequence[Output], headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Return when Kafka has them; while it is away, what is written twice has one id."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                placed = [
                    self._producer.submit(
                        self._names.topic(output.topic),
                        key=output.key,
                        value=output.value,
                        headers=headers,
                    )
                    for output in outputs
                ]
                await asyncio.gather(*placed)
            except KafkaUnavailable as away:
                self.trouble = str(away)
                log.warning("waiting to publish", error=str(away), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                self.trouble = ""
                return
