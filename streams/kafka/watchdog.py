"""A thread that ends the worker when it stands still: Faust may hang without saying so (1.6)."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from faust.types import TP

from streams.kafka.faults import leave

STANDSTILL_S = 60.0
STUCK_S = 15.0  # from here on it is said to be not ready
LOOK_S = 5.0
# A stop in the middle of a rebalance may wait for other members; what is durable by then is all
# that a clean stop would keep, so the process need not wait with it.
STOP_WITHIN_S = 12.0


class Progress(Protocol):
    """Show what the watchdog looks at."""

    progressed_at: float

    def lag(self) -> dict[TP, int]:
        """Count unread records by partition."""

    def uncommitted(self) -> bool:
        """Say whether something read is not committed."""

    def restoring(self) -> bool:
        """Say whether states are being restored."""

    def missing(self) -> str:
        """Say what has to come before records are judged."""


class Standstill:
    """Know for how long work has waited without a commit or a restore.

    A worker that had nothing to do for an hour stands still only from when work came.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self.seconds = 0.0

    def look(self, *, now: float, progressed_at: float, work: bool) -> float:
        """Take a look, and give the seconds."""
        if not work:
            self._since = None
        elif self._since is None:
            self._since = now
        self.seconds = 0.0 if self._since is None else now - max(self._since, progressed_at)
        return self.seconds


def missing(progress: Progress | None, standstill: Standstill) -> str:
    """Say why a worker is not ready; empty where it is."""
    if progress is None:
        return "it starts: what it must know is being read"
    lacking = progress.missing()
    if not lacking and standstill.seconds > STUCK_S:
        return f"no commit for {standstill.seconds:.0f} s while records wait"
    return lacking


def watch(
    consumer: Callable[[], Progress | None],
    report: Callable[[str, int, int], None],
    stopping: Callable[[], bool],
    standstill: Standstill,
) -> None:
    """Start looking every `LOOK_S`; lag is reported on the way, and a stop is given an end."""

    def look() -> None:
        while True:
            time.sleep(LOOK_S)
            if stopping():
                time.sleep(STOP_WITHIN_S - LOOK_S)
                leave(f"did not stop within {STOP_WITHIN_S:.0f} s")
            progress = consumer()
            if progress is None:
                continue
            try:
                behind = progress.lag()
                work = any(behind.values()) or progress.uncommitted() or progress.restoring()
            except Exception:  # noqa: BLE001, S112 - the consumer is just being made or closed
                continue
            for tp, records in behind.items():
                report(tp.topic, tp.partition, records)
            now = time.monotonic()
            waited_s = standstill.look(now=now, progressed_at=progress.progressed_at, work=work)
            if waited_s > STANDSTILL_S:
                leave(f"nothing committed or restored for {STANDSTILL_S:.0f} s while records wait")

    threading.Thread(target=look, name="watchdog", daemon=True).start()
