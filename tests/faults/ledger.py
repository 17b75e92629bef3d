"""A process on the streams' shell whose every output depends on every record before it.

It numbers each key's records and keeps a running sum: a record lost, judged twice or judged on
the wrong state shows in every later output of its key. Run as `python -m tests.faults.ledger`.
"""

import os
import sys

import faust
import orjson
import uvloop

from schemas.records import RawAlert
from schemas.topics import Names, Topic
from streams.app import App, Parts, build
from streams.kafka.batches import Batch
from streams.kafka.states import States
from streams.settings import Settings

ENTRIES = Topic("ledger.entries", RawAlert, "account")
LINES = Topic("ledger.lines", RawAlert, "account")
PROCESS = "ledger"
TABLE = "accounts"

Account = list[int]  # number of entries, running sum, last offset applied


class Ledger:
    """Number and add up the entries of each account."""

    def __init__(self, parts: Parts) -> None:
        self.states: States[Account] = parts.states(orjson.dumps, orjson.loads)
        self._send = parts.outputs.send
        self._lines = lines(parts.names)

    def judge(self, batch: Batch) -> None:
        """Give every entry its number and its sum."""
        print(f"BATCH {batch.partition} {batch.first} {batch.last} {batch.epoch}", flush=True)
        for record in batch.records:
            key, value = record.key, record.value
            assert key is not None
            assert value is not None
            if value == b"die":
                sys.stdout.flush()
                os.kill(os.getpid(), 9)
            entry = orjson.loads(value)
            number, total, applied = self.states.get(batch.partition, key) or [0, 0, -1]
            if record.offset <= applied:
                continue
            account = [number + 1, total * 31 % 1_000_003 + entry, record.offset]
            self.states.put(batch.partition, key, account)
            self._send(self._lines, key, orjson.dumps([account[0], account[1]]))

    def quarantine(self, batch: Batch) -> None:
        """Say that a record was set aside unread."""
        for record in batch.records:
            self._send(self._lines, record.key or b"", b"quarantined")

    def ready(self, partition: int) -> None:
        """Say that a partition is ours."""
        print(f"READY {partition}", flush=True)

    def gone(self) -> None:
        """Say that the partitions are not ours any more."""
        print("GONE", flush=True)

    def reserve(self) -> None:
        """Decide nothing by the clock."""

    def announce(self) -> None:
        """Say nothing by the clock."""

    def publish(self) -> bool:
        """Put out nothing that had to wait."""
        return False

    def waiting(self) -> bool:
        """Wait for nothing."""
        return False


def lines(names: Names) -> str:
    """Name the topic of the outputs."""
    return names.topic(LINES)


def make(parts: Parts) -> tuple[Ledger, States[Account]]:
    """Make the job and its states."""
    job = Ledger(parts)
    return job, job.states


def app(settings: Settings) -> App:
    """Make the app."""
    return build(PROCESS, settings=settings, sources=(ENTRIES,), table=TABLE, make_job=make)


if __name__ == "__main__":
    uvloop.install()
    faust.Worker(
        app(Settings.from_env()), loglevel="INFO", redirect_stdouts=False
    ).execute_from_commandline()
