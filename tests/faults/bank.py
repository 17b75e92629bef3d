"""Load the ledger process, hurt it, and hold its lines against a model of the source topic."""

import contextlib
import os
import random
import re
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from confluent_kafka import KafkaException

from deploy.local.service import Service
from schemas.topics import Names
from tests import topics
from tests.faults import ledger
from tests.processes import Process
from tests.waiting import eventually

BATCH = re.compile(r"BATCH (\d+) (\d+) (\d+) (\d+)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what the ledger made of its entries, by account and number."""

    missing: int
    contradicted: int  # one number with two different sums
    unexpected: int
    repeated: int  # the same line once more, which readers drop by its id
    lines: int


@dataclass
class Bank:
    """Run ledger workers on topics of their own."""

    servers: str
    names: Names
    folder: Path
    accounts: int = 500
    workers: list[Process] = field(default_factory=list)
    session_s: int = 6

    def __post_init__(self) -> None:
        self.source = self.names.topic(ledger.ENTRIES)
        self.lines = self.names._dotted + ledger.LINES
        topics.create(
            self.servers,
            plain=[self.source, self.lines],
            compacted=[self.names.changelog(ledger.PROCESS, ledger.TABLE)],
            partitions=4,
        )
        self._lag = topics.lag_of(self.servers, self.names.group(ledger.PROCESS))

    def worker(self, name: str, *, instance_id: str = "") -> Process:
        """Start a worker with a folder and a log of its own."""
        process = Process(
            ["tests.faults.ledger"],
            env={
                "KAFKA_BOOTSTRAP_SERVERS": self.servers,
                "TOCSIN_NAMESPACE": self.names.namespace,
                "TOCSIN_DATA_DIR": str(self.folder / name),
                "TOCSIN_SESSION_S": str(self.session_s),
                "TOCSIN_INSTANCE_ID": instance_id,
            },
            log=self.folder / f"{name}.log",
        )
        self.workers.append(process)
        return process.start()

    def pay(self, entries: int, *, seed: int = 1) -> None:
        """Send entries for random accounts, all of them now."""
        chance = random.Random(seed)
        topics.produce(
            self.servers,
            self.source,
            (
                (b"account-%d" % chance.randrange(self.accounts), b"%d" % chance.randrange(1000))
                for _ in range(entries)
            ),
        )

    @contextlib.contextmanager
    def paying(self, *, waves: int, entries: int, pause_s: float = 0.25) -> Iterator[None]:
        """Send entries in waves beside the body, until all of them are sent."""

        def pay() -> None:
            pacer = threading.Event()
            for wave in range(waves):
                self.pay(entries, seed=wave)
                pacer.wait(pause_s)

        payer = threading.Thread(target=pay)
        payer.start()
        try:
            yield
        finally:
            payer.join()

    def lag(self) -> int:
        """Count the entries that are not committed; a broker that is away counts as lag."""
        try:
            return self._lag([self.source])
        except KafkaException:
            return -1

    def settle(self, *, within_s: float = 90.0) -> None:
        """Wait until every entry is judged and committed, reviving workers that left."""

        def settled() -> bool:
            for worker in self.workers:
                worker.revive()
            return self.lag() == 0

        try:
            eventually(settled, within_s=within_s, why="every entry is committed")
        except AssertionError as error:
            tails = "\n---\n".join(worker.tail(25) for worker in self.workers)
            raise AssertionError(f"{error}; lag {self.lag()}\n{tails}") from error

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

    def wait_until_ready(self, worker: Process, *, within_s: float = 40.0) -> None:
        """Wait until the worker was given partitions and restored them."""
        eventually(
            lambda: "partitions ready" in worker.log.read_text(errors="replace"),
            within_s=within_s,
            why="the worker is ready",
        )

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.kill()


def wait_s(seconds: float) -> None:
    """Let the load go on for a while: the fault under test needs it to."""
    threading.Event().wait(seconds)


@contextlib.contextmanager
def frozen(service: Service) -> Iterator[None]:
    """Stop the service's process in its tracks while the body runs, and let it go on after."""
    assert service.child is not None
    pid = service.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
