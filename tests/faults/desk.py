"""Load triage with lives of alerts, hurt it, and hold its changes against a naive reading."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from schemas import topics as agreed
from schemas.codec import decode
from schemas.fingerprint import fingerprint
from schemas.headers import COMMAND, parse_origin
from schemas.keys import key
from schemas.records import AlertChange, Intent, RawAlert
from schemas.topics import TOPICS, Names
from tests import topics
from tests.faults.scene import PARTITIONS, Scene

TROUBLES = 300
STATUSES = ("firing", "firing", "firing", "firing", "resolved")
PRIORITIES = (1, 1, 1, 2, 3)
ORDERS = ("ack", "unack")


@dataclass
class Life:
    """Follow one fingerprint through its records, as the design says it in words."""

    facts: list[tuple[str, int]] = field(default_factory=list)  # kind and count, in order
    open: bool = False
    known: bool = False
    acknowledged: bool = False
    priority: int = 0
    count: int = 0

    def meet(self, status: str, priority: int) -> None:
        """Read one record more; a resolve of nothing leaves no alert."""
        if not self.known and status == "resolved":
            return
        ends = self.open and status == "resolved"
        # The end of an alert is no occurrence of it; a second end is counted as a duplicate.
        self.count += not ends
        if not self.known:
            self._say("fired", priority)
            self.known = self.open = True
        elif ends:
            self._say("resolved", self.priority)
            self.open = False
        elif status == "resolved":
            return
        elif not self.open:
            self._say("reopened", priority)
            self.open, self.acknowledged = True, False
        elif priority > self.priority:
            self._say("escalated", priority)

    def obey(self, order: str) -> None:
        """Read an order; one for what is unknown or already so changes nothing."""
        wanted = order == "ack"
        if self.known and self.acknowledged is not wanted:
            self.acknowledged = wanted
            self._say("acknowledged" if wanted else "unacknowledged", self.priority)

    def _say(self, kind: str, priority: int) -> None:
        self.priority = priority
        self.facts.append((kind, self.count))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what triage made of the load: each number but the last two must be 0."""

    lost: int  # facts that were never said
    invented: int  # facts that no record made
    disordered: int  # alerts whose facts came in another order than their records
    contradicted: int  # one id with two contents
    miscounted: int  # alerts whose last count is not the number of their records
    facts: int
    repeated: int  # changes said once more under the same id, which readers drop
    example: str  # one alert whose facts are not right


def _trouble(number: int) -> str:
    return fingerprint(RawAlert(source="grafana", title="life", dedup_key=f"trouble-{number}"))


def _piece(chance: random.Random) -> tuple[bytes | None, bytes]:
    number = chance.randrange(TROUBLES)
    raw = {
        "source": "grafana",
        "title": "life",
        "dedup_key": f"trouble-{number}",
        "status": chance.choice(STATUSES),
        "priority": chance.choice(PRIORITIES),
    }
    return key("default", _trouble(number)), orjson.dumps(raw)


def _order(chance: random.Random) -> tuple[bytes | None, bytes]:
    identity = _trouble(chance.randrange(TROUBLES))
    order = {"kind": chance.choice(ORDERS), "fingerprint": identity, "actor": "ops"}
    return key("default", identity), orjson.dumps(order)


class Desk(Scene):
    """Run triage workers on topics of their own."""

    process = "triage"
    module = ("streams", "triage")

    def __init__(self, servers: str, names: Names, folder: Path) -> None:
        super().__init__(servers, names, folder)
        self.raw = names.topic(agreed.ALERTS_RAW)
        self.changes = names.topic(agreed.ALERTS_CHANGES)
        self.letters = names.topic(agreed.DEAD_LETTERS)
        topics.create(
            servers,
            plain=[names.topic(t) for t in TOPICS if t.retention_days is not None],
            compacted=[
                *(names.topic(t) for t in TOPICS if t.retention_days is None),
                names.changelog("triage", "alerts"),
            ],
            partitions=PARTITIONS,
        )

    def sources(self) -> Sequence[str]:
        """Name the topic of the raw alerts and that of the commands."""
        return [self.raw, self.names.topic(agreed.ALERTS_COMMANDS)]

    def send(self, count: int, *, seed: int = 1) -> None:
        """Send pieces of random alerts' lives, and an order for every tenth of them."""
        chance = random.Random(seed)
        topics.produce(self.servers, self.raw, (_piece(chance) for _ in range(count)))
        orders = (_order(chance) for _ in range(count // 10))
        topics.produce(self.servers, self.names.topic(agreed.ALERTS_COMMANDS), orders)

    def said(self) -> dict[str, dict[int, AlertChange]]:
        """Give what was said, by alert and seq, the first telling of each."""
        said: dict[str, dict[int, AlertChange]] = defaultdict(dict)
        for change in self._all_changes():
            said[change.alert_id].setdefault(change.seq, change)
        return said

    def intents(self) -> list[Intent]:
        """Give every Intent that was put out, both lanes."""
        both = [self.names.topic(agreed.INTENTS), self.names.topic(agreed.INTENTS_URGENT)]
        return [
            decode(Intent, message.value() or b"")
            for message in topics.read_all(self.servers, both)
        ]

    def _all_changes(self) -> Iterator[AlertChange]:
        for message in topics.read_all(self.servers, [self.changes]):
            yield decode(AlertChange, message.value() or b"")

    def judge(self) -> Verdict:
        """Compare what was said with a naive reading of the records in order."""
        lives = self._lives()
        contents: dict[tuple[str, int], set[tuple[str, int, int]]] = defaultdict(set)
        said: dict[str, dict[int, AlertChange]] = defaultdict(dict)
        total = 0
        for change in self._all_changes():
            total += 1
            contents[change.alert_id, change.seq].add((change.kind, change.count, change.priority))
            said[change.fingerprint].setdefault(change.seq, change)
        lost = invented = disordered = miscounted = 0
        example = ""
        for identity in lives.keys() | said.keys():
            life, changes = lives.get(identity, Life()), said[identity]
            facts = [(c.kind, c.count) for _, c in sorted(changes.items()) if c.kind != "repeated"]
            lost += (Counter(life.facts) - Counter(facts)).total()
            invented += (Counter(facts) - Counter(life.facts)).total()
            if facts != life.facts:
                disordered += 1
                example = (
                    f"{identity}: said {facts}, expected {life.facts}, {sorted(changes.items())}"
                )
            last = max(changes.values(), key=lambda c: c.seq, default=None)
            miscounted += (last.count if last else 0) != life.count
        return Verdict(
            lost=lost,
            invented=invented,
            disordered=disordered,
            example=example,
            contradicted=sum(len(variants) > 1 for variants in contents.values()),
            miscounted=miscounted,
            facts=sum(len(life.facts) for life in lives.values()),
            repeated=total - len(contents),
        )

    def _lives(self) -> dict[str, Life]:
        records = topics.read_all(self.servers, [self.raw])
        records.sort(key=lambda m: (m.partition() or 0, m.offset() or 0))
        lives: dict[str, Life] = defaultdict(Life)
        obeyed: dict[int, int] = defaultdict(lambda: -1)
        for message in records:
            told = orjson.loads(message.value() or b"{}")
            identity = (message.key() or b"").decode().partition(":")[2]
            headers: dict[str, Any] = dict(message.headers() or ())
            origin: bytes | None = headers.get(COMMAND)
            if origin is None:
                lives[identity].meet(told["status"], told["priority"])
                continue
            # A command that took its place twice, because of a crash, counts where it came first.
            partition, offset = parse_origin(origin)
            if offset > obeyed[partition]:
                obeyed[partition] = offset
                lives[identity].obey(told["kind"])
        return {identity: life for identity, life in lives.items() if life.known}
