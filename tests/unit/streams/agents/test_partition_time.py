"""A partition's time is that of what was read of it; the clock's where nothing is left."""

from streams.agents.partition_time import BEGINS_S, BEHIND_MS, SILENT_S, PartitionTime


class Clock:
    """Hold both clocks."""

    def __init__(self) -> None:
        self.ms = 1_000_000
        self.time = PartitionTime(clock=lambda: self.ms, monotonic=lambda: self.ms / 1000)

    def passes(self, seconds: float) -> None:
        """Move both on."""
        self.ms += round(seconds * 1000)


def test_where_nothing_comes_it_is_the_clocks() -> None:
    """A partition that is silent for a moment was read to its end."""
    clock = Clock()
    clock.time.heard(0, clock.ms - 10)
    assert 999_990 == clock.time.of(0)
    clock.passes(SILENT_S)
    assert clock.ms == clock.time.of(0)


def test_a_worker_that_begins_waits_for_what_it_is_given_first() -> None:
    """After a restart what lies unread must not be taken for what did not come."""
    clock = Clock()
    clock.time.begins(0)
    clock.passes(BEGINS_S / 2)
    assert 0 == clock.time.of(0)
    clock.passes(BEGINS_S / 2)
    assert clock.ms == clock.time.of(0)


def test_a_worker_that_is_behind_is_so_with_every_partition() -> None:
    """While another partition is read with a lag, silence means nothing."""
    clock = Clock()
    clock.time.heard(1, clock.ms)
    clock.passes(2 * SILENT_S)
    clock.time.heard(0, clock.ms - BEHIND_MS - 1)
    assert 1_000_000 == clock.time.of(1)
    clock.passes(SILENT_S)
    assert clock.ms == clock.time.of(1)


def test_a_busy_worker_that_is_not_behind_does_not_hold_the_others_back() -> None:
    """Fresh records of one partition leave a silent one the clock's time."""
    clock = Clock()
    clock.time.heard(1, clock.ms)
    clock.passes(SILENT_S)
    clock.time.heard(0, clock.ms)
    assert clock.ms == clock.time.of(1)


def test_it_is_never_ahead_of_the_clock() -> None:
    """A producer whose clock is wrong makes nothing due early."""
    clock = Clock()
    clock.time.heard(0, clock.ms + 90_000)
    assert clock.ms == clock.time.of(0)
