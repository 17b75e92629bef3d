"""A thread that ends the worker when it stands still: Faust may hang without saying so (1.6)."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from faust.types import TP

from streams.kafka.faults import leave

STANDSTILL_S = 60.0
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


def stands_still(*, now: float, progressed_at: float, work: bool) -> bool:
    """Decide whether there is work and nothing was done of it for `STANDSTILL_S`."""
    return work and now - progressed_at > STANDSTILL_S


def watch(
    consumer: Callable[[], Progress | None],
    report: Callable[[str, int, int], None],
    stopping: Callable[[], bool],
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
            if stands_still(now=time.monotonic(), progressed_at=progress.progressed_at, work=work):
                leave(f"nothing committed or restored for {STANDSTILL_S:.0f} s while records wait")

    threading.Thread(target=look, name="watchdog", daemon=True).start()
