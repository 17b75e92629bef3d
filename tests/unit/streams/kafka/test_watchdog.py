"""A worker that stands still is told from one that has nothing to do."""

from faust.types import TP

from streams.kafka.watchdog import STANDSTILL_S, STUCK_S, Standstill, missing

HOUR_S = 3600.0


class Worker:
    """Show what the watchdog looks at."""

    progressed_at = 0.0

    def __init__(self, lacks: str = "") -> None:
        self._lacks = lacks

    def lag(self) -> dict[TP, int]:
        """Count nothing."""
        return {}

    def uncommitted(self) -> bool:
        """Say no."""
        return False

    def restoring(self) -> bool:
        """Say no."""
        return False

    def missing(self) -> str:
        """Say what it was made with."""
        return self._lacks


def test_a_worker_without_work_may_rest_for_ever() -> None:
    """Nothing to do is no standstill, however long it lasts."""
    standstill = Standstill()
    assert 0 == standstill.look(now=HOUR_S, progressed_at=0, work=False)


def test_work_that_waits_is_counted_from_when_it_came() -> None:
    """The first record after an idle hour does not make the worker look dead."""
    standstill = Standstill()
    standstill.look(now=HOUR_S, progressed_at=0, work=False)
    assert 0 == standstill.look(now=HOUR_S + 5, progressed_at=0, work=True)
    assert 60 == standstill.look(now=HOUR_S + 65, progressed_at=0, work=True)


def test_a_commit_ends_a_standstill() -> None:
    """What moves on is alive, though there is always more to do."""
    standstill = Standstill()
    standstill.look(now=0, progressed_at=0, work=True)
    assert 1 == standstill.look(now=STANDSTILL_S * 2, progressed_at=STANDSTILL_S * 2 - 1, work=True)


def test_a_worker_is_ready_once_nothing_is_missing() -> None:
    """It starts, gets its partitions and states, and then works, until it stands still."""
    standstill = Standstill()
    assert "it starts: what it must know is being read" == missing(None, standstill)
    assert "states are being restored" == missing(Worker("states are being restored"), standstill)
    assert "" == missing(Worker(), standstill)
    standstill.look(now=0, progressed_at=0, work=True)
    standstill.look(now=STUCK_S + 1, progressed_at=0, work=True)
    assert "no commit for 16 s while records wait" == missing(Worker(), standstill)
