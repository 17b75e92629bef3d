"""Sandbox: keep what a provider would have got, where no credentials lead to one.

Rows are shown by the dashboard's outbox. Nothing leaves the house.
"""

import time
from dataclasses import replace

import msgspec

from connectors.sinks.sink import ACCOUNT, Answer, Later, OneAccount, Refused, Sent
from connectors.stores.postgres import Database
from connectors.stores.queries import outbox
from schemas.deliveries import Delivery
from schemas.errors import DatabaseUnavailable, Invalid

_SKIPPED = ("id", "parked", "ends", "expires_at")


class Sandbox(OneAccount):
    """Stand in for the provider of any channel; what it takes is delivered at once."""

    provider = "sandbox"
    limits = replace(ACCOUNT, in_flight=8)  # as many as the database gives connections

    def __init__(self, channel: str, database: Database) -> None:
        self.channel = channel
        self._database = database

    async def deliver(self, delivery: Delivery) -> Answer:
        """Record the message; the same attempt again is recorded once."""
        fields = msgspec.structs.asdict(delivery)
        row = {name: value for name, value in fields.items() if name not in _SKIPPED}
        row |= {"delivery_id": delivery.id, "recorded_at": time.time_ns() // 1_000_000}
        try:
            async with self._database.transaction() as connection:
                await outbox.record(connection, row)
        except DatabaseUnavailable as away:
            return Later(str(away))
        except Invalid as wrong:
            return Refused(str(wrong))
        return Sent(f"sandbox-{delivery.id}", final=True)

    async def close(self) -> None:
        """Keep the database open: it is the runner's."""
