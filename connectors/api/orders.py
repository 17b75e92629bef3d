"""Pass orders on to triage, and wait a little for the view to show what came of them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from connectors.api.models import Order
from connectors.problems import Problem
from connectors.stores.credentials import Credential
from connectors.stores.postgres import Database
from connectors.stores.queries import inbox
from schemas import headers, keys
from schemas.codec import encode
from schemas.errors import DatabaseUnavailable
from schemas.reasons import AlertStatus, CommandKind
from schemas.records import AlertCommand
from schemas.topics import ALERTS_COMMANDS, Names

Row = dict[str, Any]
WAIT_S = 2.0
LOOK_EVERY_S = 0.04
TOO_LATE = (
    "this notification is closed: its time is over, or a newer one stands under its fingerprint"
)


class Sends(Protocol):
    """Write records to Kafka."""

    async def send(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> tuple[int, int]:
        """Return when Kafka has the record; KafkaUnavailable."""


@dataclass(frozen=True, slots=True)
class Given:
    """Say what became of an order: the row that shows it, or None while it is on its way."""

    row: Row | None
    alert_id: str
    command_id: str = ""


class Orders:
    """Give orders to triage."""

    def __init__(
        self, *, database: Database, producer: Sends, names: Names, wait_s: float = WAIT_S
    ) -> None:
        self._database = database
        self._producer = producer
        self._topic = names.topic(ALERTS_COMMANDS)
        self._wait_s = wait_s

    async def find(self, tenant: str, id_or_fingerprint: str) -> Row:
        """Give the alert; Problem 404 where the tenant has none."""
        async with self._database.transaction() as connection:
            row = await inbox.find(connection, tenant=tenant, id_or_fingerprint=id_or_fingerprint)
        if row is None:
            raise Problem(404, "no notification has this id or fingerprint")
        return row

    async def give(
        self,
        kind: CommandKind,
        id_or_fingerprint: str,
        *,
        who: Credential,
        order: Order,
        until: int = 0,
        traceparent: str = "",
    ) -> Given:
        """Order it, unless it is so already; Kafka has the order when this returns.

        A snooze `until` 0 lifts the snooze.
        """
        row = await self.find(who.tenant, id_or_fingerprint)
        done = _is_done(kind, until)
        if done(row):
            return Given(row, row["alert_id"])
        if kind is CommandKind.SNOOZE and row["status"] == AlertStatus.RESOLVED:
            raise Problem(409, "this notification is resolved: there is nothing to snooze")
        command = AlertCommand(
            kind=str(kind),
            fingerprint=row["fingerprint"],
            alert_id=row["alert_id"],
            actor=order.actor or who.name,
            note=order.note,
            until=until,
            issued_at=time.time_ns() // 1_000_000,
            id=str(uuid4()),
            tenant=who.tenant,
        )
        key = keys.key(who.tenant, row["fingerprint"])
        marks = headers.asked(traceparent)
        await self._producer.send(self._topic, key=key, value=encode(command), headers=marks)
        shown = await self._shown(command, done)
        return Given(shown, row["alert_id"], command.id)

    async def _shown(self, command: AlertCommand, done: Callable[[Row], bool]) -> Row | None:
        """Give the row that shows it, None when time is over; Problem 409 if triage refused."""
        deadline = time.monotonic() + self._wait_s
        while time.monotonic() < deadline:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                row, refused_for = await self._look(command)
            except DatabaseUnavailable:
                return None  # the order stands; only the view cannot be asked
            if row is not None and done(row):
                return row
            if refused_for:
                raise Problem(409, TOO_LATE, more={"reason": refused_for})
        return None

    async def _look(self, command: AlertCommand) -> tuple[Row | None, str]:
        tenant = command.tenant
        async with self._database.transaction() as connection:
            row = await inbox.find(connection, tenant=tenant, id_or_fingerprint=command.alert_id)
            # Triage files a refusal under the order's own id.
            refusals = await inbox.decisions(
                connection, tenant=tenant, alert_id=command.id, fingerprint="", most=1
            )
        return row, refusals[0]["reason"] if refusals else ""


def _is_done(kind: CommandKind, until: int) -> Callable[[Row], bool]:
    if kind is CommandKind.ACK:
        return lambda row: bool(row["acknowledged"])
    if kind is CommandKind.UNACK:
        return lambda row: not row["acknowledged"]
    if kind is CommandKind.RESOLVE:
        return lambda row: bool(row["status"] == AlertStatus.RESOLVED)
    if until:
        return lambda row: bool(row["snoozed_until"] == until)
    return lambda row: bool(row["snoozed_until"] <= time.time_ns() // 1_000_000)
