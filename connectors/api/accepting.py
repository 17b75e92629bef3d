"""Take intents in: Kafka has all of them before anybody is told so."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from connectors.api.once import Run
from connectors.stores.postgres import Database
from connectors.stores.queries import idempotency
from connectors.stores.queries import intents as noted
from schemas import headers, keys
from schemas.codec import encode
from schemas.errors import DatabaseUnavailable, Transient
from schemas.reasons import Priority
from schemas.records import Intent
from schemas.topics import INTENTS, INTENTS_URGENT, Names

log = logging.getLogger("tocsin.api")
AT_ONCE = 50  # intents written before others get their turn


class Sends(Protocol):
    """Write records to Kafka."""

    def submit(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> Awaitable[tuple[int, int]]:
        """Queue a record at once and give its place when Kafka has it."""


class Accepting:
    """Write intents to the lane of their priority, and note that they were accepted."""

    def __init__(self, *, database: Database, producer: Sends, names: Names) -> None:
        self._database = database
        self._producer = producer
        self._normal, self._urgent = names.topic(INTENTS), names.topic(INTENTS_URGENT)

    async def write(self, intents: Sequence[Intent], *, traceparent: str = "") -> None:
        """Return when Kafka has them all; KafkaUnavailable where it has not all of them."""
        marks = (
            [(headers.TRACEPARENT, traceparent.encode())]
            if headers.TRACE.fullmatch(traceparent)
            else []
        )
        waiting: list[Awaitable[tuple[int, int]]] = []
        failed: BaseException | None = None
        for place, intent in enumerate(intents):
            try:
                waiting.append(self._submit(intent, marks))
            except Transient as full:
                failed = full
                break
            if place % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        # All are waited for, so that nothing of this request is on its way when it is answered.
        for each in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(each, BaseException):
                failed = failed or each
        if failed is not None:
            raise failed

    def _submit(
        self, intent: Intent, marks: Sequence[tuple[str, bytes]]
    ) -> Awaitable[tuple[int, int]]:
        topic = self._urgent if intent.priority >= Priority.HIGH else self._normal
        key = keys.key(intent.tenant, intent.recipient)
        return self._producer.submit(topic, key=key, value=encode(intent), headers=marks)

    async def note(self, intents: Sequence[Intent], *, run: Run | None, said: bytes) -> None:
        """Remember what was accepted, and what was answered to the run.

        Kafka has the intents: that PostgreSQL is away now changes nothing for who sent them. A
        repeated request is then carried out again, under the same ids.
        """
        try:
            async with self._database.transaction() as connection:
                await noted.insert(connection, [_row(intent) for intent in intents])
                if run is not None:
                    await idempotency.answer(
                        connection, tenant=run.tenant, key=run.key, run=run.run, said=said
                    )
        except DatabaseUnavailable as away:
            log.warning("accepted, but not noted: %s", away)


def _row(intent: Intent) -> dict[str, Any]:
    return {
        "tenant": intent.tenant,
        "id": intent.id,
        "recipient": intent.recipient,
        "template": intent.template,
        "type": intent.type,
        "priority": intent.priority,
        "channels": intent.channels,
        "created_at": intent.created_at,
        "expires_at": intent.expires_at,
        "accepted_at": intent.created_at,
    }
