"""Triage and the scheduler side by side: what becomes of alerts of which nobody speaks."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from schemas import topics as agreed
from schemas.codec import decode, encode
from schemas.control import Route, Silence
from schemas.deliveries import Scheduled
from schemas.identity import Identities
from schemas.keys import key
from schemas.records import AlertChange, AlertCommand, Intent, RawAlert, Record
from schemas.topics import Names, Topic
from tests import topics
from tests.faults.desk import Desk
from tests.faults.scene import PARTITIONS
from tests.processes import Process
from tests.waiting import eventually

R = TypeVar("R", bound=Record)
_IDENTITIES = Identities()


class Timepiece(Desk):
    """Run triage and a scheduler on topics of their own."""

    def __init__(self, servers: str, names: Names, folder: Path) -> None:
        super().__init__(servers, names, folder)
        topics.create(
            servers,
            plain=[],
            compacted=[names.changelog("scheduler", "pending")],
            partitions=PARTITIONS,
        )

    def scheduler(self) -> Process:
        """Start a scheduler beside triage."""
        process = Process(
            ["streams", "scheduler"],
            env={
                "KAFKA_BOOTSTRAP_SERVERS": self.servers,
                "TOCSIN_NAMESPACE": self.names.namespace,
                "TOCSIN_DATA_DIR": str(self.folder / "scheduler"),
                "TOCSIN_SESSION_S": str(self.session_s),
            },
            log=self.folder / "scheduler.log",
        )
        self.workers.append(process)
        return process.start()

    def rule(self, record: Silence | Route, *, gone: bool = False) -> None:
        """Write a rule, or take it away."""
        topic = agreed.CONTROL_SILENCES if isinstance(record, Silence) else agreed.CONTROL_ROUTES
        value = None if gone else encode(record)
        self._put(topic, key(record.tenant, record.id), value)

    def alert(
        self, title: str, *, labels: dict[str, str] | None = None, occurred_at: int = 0
    ) -> str:
        """Send a raw alert of a source with a life cycle and give its fingerprint."""
        raw = RawAlert(source="grafana", title=title, labels=labels or {}, occurred_at=occurred_at)
        return self._report([raw])[0]

    def outages(self, count: int) -> dict[str, str]:
        """Send so many alerts at once and give the fingerprint of each title."""
        names = [f"outage {number}" for number in range(count)]
        raws = [RawAlert(source="grafana", title=name, labels={"no": name}) for name in names]
        return dict(zip(names, self._report(raws), strict=True))

    def order(self, identities: Iterable[str], kind: str) -> None:
        """Order something done to alerts, as the API would."""
        orders = (AlertCommand(kind=kind, fingerprint=each, actor="ops") for each in identities)
        pairs = [(key(each.tenant, each.fingerprint), encode(each)) for each in orders]
        topics.produce(self.servers, self.names.topic(agreed.ALERTS_COMMANDS), pairs)

    def _report(self, raws: Sequence[RawAlert]) -> list[str]:
        identities = [_IDENTITIES.fingerprint(raw) for raw in raws]
        pairs = [
            (key(raw.tenant, identity), encode(raw))
            for raw, identity in zip(raws, identities, strict=True)
        ]
        topics.produce(self.servers, self.names.topic(agreed.ALERTS_RAW), pairs)
        return identities

    def _put(self, topic: Topic, record_key: bytes, value: bytes | None) -> None:
        topics.produce(self.servers, self.names.topic(topic), [(record_key, value)])

    def changes_of(self, identity: str) -> list[AlertChange]:
        """Give what was said of an alert, in order, each change once."""
        found: dict[tuple[str, int], AlertChange] = {}
        for change in self._read(agreed.ALERTS_CHANGES, AlertChange):
            if change.fingerprint == identity:
                found.setdefault((change.alert_id, change.seq), change)
        return [change for _, change in sorted(found.items())]

    def kinds_of(self, identity: str) -> list[str]:
        """Name what happened to an alert, counts left out."""
        changes = self.changes_of(identity)
        return [change.kind for change in changes if change.kind != "repeated" or change.note]

    def scheduled(self) -> list[Scheduled]:
        """Give what was asked of the scheduler."""
        return self._read(agreed.SCHEDULED, Scheduled)

    def told(self) -> list[Intent]:
        """Give whom triage told, both lanes, each Intent once."""
        return list({intent.id: intent for intent in self.intents()}.values())

    def _read(self, topic: Topic, kind: type[R]) -> list[R]:
        messages = topics.read_all(self.servers, [self.names.topic(topic)])
        return [decode(kind, message.value() or b"") for message in messages]

    def until(self, identity: str, kinds: list[str], *, within_s: float = 30.0) -> float:
        """Wait until exactly this happened to an alert, and say how long it took."""
        began = time.monotonic()
        eventually(
            lambda: self.kinds_of(identity) == kinds, within_s=within_s, why=f"{kinds} is said"
        )
        return time.monotonic() - began
