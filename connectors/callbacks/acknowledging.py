"""Acknowledge an alert for whoever followed the link in a message, and say who has it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.callbacks.saying import Publisher, acknowledged
from connectors.callbacks.standing import Alert, Standing, of_row
from connectors.stores.postgres import Database
from connectors.stores.queries import inbox
from schemas.errors import Transient
from schemas.links import Acknowledge

LOOK_S = 1.5  # for one look at the inbox: a button must not wait for PostgreSQL
SHOWN_S = 1.5  # for the inbox to show what was ordered
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that triage would not: the alert is over, or another one by now."""


class Acknowledging:
    """Look at alerts, and order that they be acknowledged."""

    def __init__(self, database: Database, publisher: Publisher, now: Callable[[], float]) -> None:
        self._database = database
        self._publisher = publisher
        self._now = now

    async def look(self, link: Acknowledge) -> Alert | None:
        """Give the alert as the inbox shows it; None where it does not, or cannot be asked."""
        try:
            async with asyncio.timeout(LOOK_S):
                return (await self._asked(link, ""))[0]
        except (Transient, TimeoutError):
            return None

    async def order(self, link: Acknowledge) -> str:
        """Order it in the recipient's name; KafkaUnavailable.

        Gives the order's id once Kafka has it.
        """
        issued_at = int(self._now() * 1000)
        command = acknowledged(
            tenant=link.tenant,
            fingerprint=link.fingerprint,
            alert_id=link.alert_id,
            actor=link.recipient,
            issued_at=issued_at,
            mark=f"link:{link.recipient}:{issued_at}",
        )
        await self._publisher.publish([command])
        return command.id

    async def outcome(self, link: Acknowledge, order_id: str) -> Alert | Refused | None:
        """Wait a little for what came of an order; None where nothing is to be seen yet."""
        try:
            async with asyncio.timeout(SHOWN_S):
                while True:
                    alert, refused = await self._asked(link, order_id)
                    if alert is not None and alert.standing is not Standing.OPEN:
                        return alert
                    if refused:
                        return Refused()
                    await asyncio.sleep(LOOK_EVERY_S)
        except (Transient, TimeoutError):
            return None  # the order stands; only the view of it is late

    async def _asked(self, link: Acknowledge, order_id: str) -> tuple[Alert | None, bool]:
        refusals: list[dict[str, Any]] = []
        async with self._database.transaction() as connection:
            row = await inbox.find(connection, tenant=link.tenant, id_or_fingerprint=link.alert_id)
            if order_id:  # triage files a refusal under the order's own id
                refusals = await inbox.decisions(
                    connection, tenant=link.tenant, alert_id=order_id, fingerprint="", most=1
                )
        return (of_row(row) if row is not None else None), bool(refusals)
