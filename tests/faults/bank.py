"""Load the ledger process, hurt it, and hold its lines against a model of the source topic."""

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from schemas.topics import Names
from tests import topics
from tests.faults import ledger
from tests.faults.scene import PARTITIONS, Scene

BATCH = re.compile(r"BATCH (\d+) (\d+) (\d+) (\d+)")
ACCOUNTS = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what the ledger made of its entries, by account and number."""

    missing: int
    contradicted: int  # one number with two different sums
    unexpected: int
    repeated: int  # the same line once more, which readers drop by its id
    lines: int


class Bank(Scene):
    """Run ledger workers on topics of their own."""

    process = ledger.PROCESS
    module = ("tests.faults.ledger",)

    def __init__(self, servers: str, names: Names, folder: Path) -> None:
        super().__init__(servers, names, folder)
        self.source = names.topic(ledger.ENTRIES)
        self.lines = ledger.lines(names)
        topics.create(
            servers,
            plain=[self.source, self.lines],
            compacted=[names.changelog(ledger.PROCESS, ledger.TABLE)],
            partitions=PARTITIONS,
        )

    def sources(self) -> Sequence[str]:
        """Name the topic of the entries."""
        return [self.source]

    def send(self, count: int, *, seed: int = 1) -> None:
        """Send entries for random accounts."""
        chance = random.Random(seed)
        topics.produce(
            self.servers,
            self.source,
            (
                (b"account-%d" % chance.randrange(ACCOUNTS), b"%d" % chance.randrange(1000))
                for _ in range(count)
            ),
        )

    def judge(self) -> Verdict:
        """Compare the lines with what the entries, read in order, must give."""
        expected = self._model()
        found: dict[tuple[bytes, int], set[int]] = defaultdict(set)
        lines = 0
        for message in topics.read_all(self.servers, [self.lines]):
            number, total = orjson.loads(message.value() or b"")
            found[message.key() or b"", number].add(total)
            lines += 1
        return Verdict(
            missing=len(expected.keys() - found.keys()),
            contradicted=sum(len(totals) > 1 for totals in found.values()),
            unexpected=sum(found[place] != {expected.get(place)} for place in found),
            repeated=lines - sum(map(len, found.values())),
            lines=lines,
        )

    def _model(self) -> dict[tuple[bytes, int], int]:
        entries = topics.read_all(self.servers, [self.source])
        entries.sort(key=lambda m: (m.partition() or 0, m.offset() or 0))
        accounts: dict[bytes, tuple[int, int]] = {}
        expected = {}
        for message in entries:
            key = message.key() or b""
            number, total = accounts.get(key, (0, 0))
            number, total = number + 1, total * 31 % 1_000_003 + int(message.value() or b"0")
            accounts[key] = number, total
            expected[key, number] = total
        return expected

    def gaps(self) -> list[str]:
        """Name batches that did not begin where the last of their assignment ended."""
        found = []
        for worker in self.workers:
            last: dict[str, tuple[str, int]] = {}
            for line in worker.log.read_text(errors="replace").splitlines():
                if match := BATCH.search(line):
                    partition, first, end, epoch = match.groups()
                    before = last.get(partition)
                    if before and before[0] == epoch and int(first) != before[1] + 1:
                        found.append(line)
                    last[partition] = epoch, int(end)
                elif "partitions ready" in line:
                    last.clear()
        return found
