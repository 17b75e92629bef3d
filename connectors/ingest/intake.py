"""Write alerts to Kafka, and say of each whether it is a duplicate."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.ingest.records import opens_until
from connectors.ingest.rules import RuleBook
from connectors.kafka import Placed
from connectors.stores.heard import HeardAnswer
from schemas import codec, headers, ids, keys
from schemas.errors import Transient
from schemas.limits import RECORD_BYTES
from schemas.reasons import RawStatus
from schemas.records import RawAlert

ENDS = frozenset({RawStatus.RESOLVED, RawStatus.ACKNOWLEDGED})
AT_ONCE = 50  # alerts prepared, or asked about, before others get their turn


class Sends(Protocol):
    """Write records to Kafka."""

    def submit(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        timestamp: int = 0,
    ) -> "asyncio.Future[Placed]":
        """Queue a record and give its place as a future."""


class Hears(Protocol):
    """Know which alert a fingerprint stands for."""

    async def hear(
        self,
        *,
        tenant: str,
        fingerprint: str,
        alert_id: str,
        partition: int,
        offset: int,
        until: int,
        occurred_at: int = 0,
    ) -> HeardAnswer | None:
        """Say whether the record at this place is a duplicate; None where it is not known."""


@dataclass(frozen=True, slots=True)
class TooBig:
    """Say that an alert makes a larger record than Kafka gets from us."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Entered:
    """Say what became of an alert: `alert_id` is empty where nothing is known of duplicates."""

    fingerprint: str
    source: str
    status: str
    duplicate: bool | None
    alert_id: str = ""

    def answer(self) -> dict[str, Any]:
        """Give it as the sender reads it."""
        said: dict[str, Any] = {"duplicate": self.duplicate}
        if self.alert_id:
            said["existing_id" if self.duplicate else "id"] = self.alert_id
        said |= {"fingerprint": self.fingerprint, "source": self.source}
        return said if self.status == RawStatus.FIRING else said | {"status": self.status}


Prepared = tuple[RawAlert, str, bytes]  # with its fingerprint and its bytes


class Intake:
    """Turn finished alerts into records under the right key, and ask about duplicates."""

    def __init__(
        self, *, topic: str, producer: Sends, heard: Hears | None, rules: RuleBook
    ) -> None:
        self._topic = topic
        self._producer = producer
        self._heard = heard
        self._rules = rules

    async def take(
        self, alerts: Sequence[RawAlert], *, traceparent: str = ""
    ) -> list[Entered | TooBig]:
        """Return when Kafka has them all; KafkaUnavailable where it has not all of them.

        Records are written in the order of the alerts.
        """
        prepared: list[Prepared] = []
        for place, alert in enumerate(alerts):
            prepared.append(self._prepare(alert))
            if place % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        fitting = [each for each in prepared if len(each[2]) <= RECORD_BYTES]
        places = await self._write(fitting, traceparent)
        entered = iter(await self._ask(fitting, places))
        return [
            next(entered) if len(value) <= RECORD_BYTES else TooBig(len(value))
            for _, _, value in prepared
        ]

    def _prepare(self, alert: RawAlert) -> Prepared:
        return alert, self._rules.fingerprint(alert), codec.encode(alert)

    async def _write(self, prepared: Sequence[Prepared], traceparent: str) -> list[Placed]:
        futures: list[asyncio.Future[Placed]] = []
        failed: Transient | None = None
        for alert, identity, value in prepared:
            marks = [(headers.FINGERPRINTED, self._rules.mark)]
            if headers.TRACE.fullmatch(traceparent):
                marks.append((headers.TRACEPARENT, traceparent.encode()))
            try:
                future = self._producer.submit(
                    self._topic,
                    key=keys.key(alert.tenant, identity),
                    value=value,
                    headers=marks,
                    timestamp=alert.received_at,
                )
            except Transient as full:
                failed = full
                break
            futures.append(future)
        if len(futures) == 1 and failed is None:
            return [await futures[0]]
        # All are waited for, so that nothing of this request is on its way when it is answered.
        done = await asyncio.gather(*futures, return_exceptions=True)
        if failed:
            raise failed
        places: list[Placed] = []
        for each in done:
            if isinstance(each, BaseException):
                raise each
            places.append(each)
        return places

    async def _ask(self, prepared: Sequence[Prepared], places: Sequence[Placed]) -> list[Entered]:
        known: dict[str, str] = {}
        if len(prepared) == 1:
            alert, identity, _ = prepared[0]
            asked = alert.status not in ENDS
            heard_one = await self._hear(alert, identity, places[0]) if asked else None
            return [_entered(alert, identity, heard_one, known)]
        entered: list[Entered] = []
        for start in range(0, len(prepared), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            pairs = list(zip(prepared[part], places[part], strict=True))
            # Only the first of several alike is asked about; the rest follow from it.
            asking: dict[str, Awaitable[HeardAnswer | None]] = {}
            for (alert, identity, _), place in pairs:
                if alert.status not in ENDS and identity not in known and identity not in asking:
                    asking[identity] = self._hear(alert, identity, place)
            heard = dict(zip(asking, await asyncio.gather(*asking.values()), strict=True))
            entered += (
                _entered(alert, identity, heard.pop(identity, None), known)
                for (alert, identity, _), _ in pairs
            )
        return entered

    async def _hear(self, alert: RawAlert, identity: str, place: Placed) -> HeardAnswer | None:
        if self._heard is None:
            return None
        partition, offset = place
        return await self._heard.hear(
            tenant=alert.tenant,
            fingerprint=identity,
            alert_id=ids.alert_id(alert.tenant, identity, partition, offset),
            partition=partition,
            offset=offset,
            until=opens_until(alert),
            occurred_at=alert.occurred_at,
        )


def _entered(
    alert: RawAlert, identity: str, heard: HeardAnswer | None, known: dict[str, str]
) -> Entered:
    duplicate: bool | None = None
    alert_id = ""
    if alert.status not in ENDS:
        if heard is not None:
            duplicate, alert_id = heard.duplicate, heard.alert_id
            known[identity] = alert_id
        elif identity in known:
            duplicate, alert_id = True, known[identity]
    return Entered(identity, alert.source, alert.status, duplicate, alert_id)
