"""Partition time: up to which moment everything that a partition says was read.

While it is read with a lag that is the time of its last record; where nothing comes it is the
clock's, as there is nothing to read.
"""

from collections.abc import Callable

from streams.clock import monotonic_s, now_ms

SILENT_S = 1.0  # nothing came for so long: a partition was read to its end
# A worker that just began may be handed its first records a moment later.
BEGINS_S = 3.0
# Records older than this when they are read say that the worker is behind, with every partition.
BEHIND_MS = 5_000

_NEVER = float("-inf")


class PartitionTime:
    """Know the time of every partition of one worker."""

    def __init__(
        self, *, clock: Callable[[], int] = now_ms, monotonic: Callable[[], float] = monotonic_s
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._latest: dict[int, int] = {}
        self._silent_from: dict[int, float] = {}
        self._behind_until = _NEVER

    def now(self) -> int:
        """Give the clock's time."""
        return self._clock()

    def begins(self, partition: int) -> None:
        """Take note that a partition is read from now on."""
        self._silent_from[partition] = self._monotonic() + BEGINS_S

    def heard(self, partition: int, timestamp: int) -> None:
        """Take note of how far a partition was read."""
        now = self._monotonic()
        self._latest[partition] = max(self._latest.get(partition, 0), timestamp)
        self._silent_from[partition] = now + SILENT_S
        if timestamp < self._clock() - BEHIND_MS:
            self._behind_until = now + SILENT_S

    def of(self, partition: int) -> int:
        """Give the time of a partition, never later than the clock's."""
        now, clock = self._monotonic(), self._clock()
        silent = now >= self._silent_from.get(partition, _NEVER)
        if silent and now >= self._behind_until:
            return clock
        return min(self._latest.get(partition, 0), clock)

    def gone(self) -> None:
        """Forget it all: the partitions are no longer ours."""
        self._latest.clear()
        self._silent_from.clear()
        self._behind_until = _NEVER
