"""Load triage with lives of alerts, hurt it, and hold its changes against a naive reading."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from schemas import topics as agreed
from schemas.codec import decode
from schemas.fingerprint import fingerprint
from schemas.keys import key
from schemas.records import AlertChange, Intent, RawAlert
from schemas.topics import TOPICS, Names
from tests import topics
from tests.faults.scene import PARTITIONS, Scene

TROUBLES = 300
STATUSES = ("firing", "firing", "firing", "firing", "resolved")
PRIORITIES = (1, 1, 1, 2, 3)


@dataclass
class Life:
    """Follow one fingerprint through its records, as the design says it in words."""

    facts: list[tuple[str, int]] = field(default_factory=list)  # kind and count, in order
    open: bool = False
    known: bool = False
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
            self.open = True
        elif priority > self.priority:
            self._say("escalated", priority)

    def _say(self, kind: str, priority: int) -> None:
        self.priority = priority
        self.facts.append((kind, self.count))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what triage made of the load: each number but the last two must be 0."""

    lost: int  # facts that were never said
    invented: int  # facts that no record made
    contradicted: int  # one id with two contents
    miscounted: int  # alerts whose last count is not the number of their records
    facts: int
    repeated: int  # changes said once more under the same id, which readers drop


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
        """Send pieces of random alerts' lives, a third of them under no key."""
        chance = random.Random(seed)
        topics.produce(self.servers, self.raw, (self._piece(chance) for _ in range(count)))

    def _piece(self, chance: random.Random) -> tuple[bytes | None, bytes]:
        raw = {
            "source": "grafana",
            "title": "life",
            "dedup_key": f"trouble-{chance.randrange(TROUBLES)}",
            "status": chance.choice(STATUSES),
            "priority": chance.choice(PRIORITIES),
        }
        identity = fingerprint(
            RawAlert(source="grafana", title="life", dedup_key=str(raw["dedup_key"]))
        )
        right = key("default", identity)
        # One trouble's records keep one key, so that their order is known to the model.
        return right, orjson.dumps(raw)

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
        lost = invented = miscounted = 0
        for identity in lives.keys() | said.keys():
            life, changes = lives.get(identity, Life()), said[identity]
            facts = [(c.kind, c.count) for _, c in sorted(changes.items()) if c.kind != "repeated"]
            lost += len(set(life.facts) - set(facts))
            invented += len(facts) - len(set(facts) & set(life.facts))
            last = max(changes.values(), key=lambda c: c.seq, default=None)
            miscounted += (last.count if last else 0) != life.count
        return Verdict(
            lost=lost,
            invented=invented,
            contradicted=sum(len(variants) > 1 for variants in contents.values()),
            miscounted=miscounted,
            facts=sum(len(life.facts) for life in lives.values()),
            repeated=total - len(contents),
        )

    def _lives(self) -> dict[str, Life]:
        records = topics.read_all(self.servers, [self.raw])
        records.sort(key=lambda m: (m.partition() or 0, m.offset() or 0))
        lives: dict[str, Life] = defaultdict(Life)
        for message in records:
            raw = orjson.loads(message.value() or b"{}")
            identity = (message.key() or b"").decode().partition(":")[2]
            lives[identity].meet(raw["status"], raw["priority"])
        return {identity: life for identity, life in lives.items() if life.known}
