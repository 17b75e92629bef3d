"""Watch processes, bring back what dies, and give up where that does not help."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from deploy.local.errors import StackError
from deploy.local.service import Say
from deploy.local.stop_sign import StopSign

LONGEST_PAUSE_S = 30.0
# So many ends in so short a time, and another start would end the same way.
GIVE_UP_AFTER = 5
GIVE_UP_WITHIN_S = 60.0
# A process that ran so long has earned a fresh count.
FORGET_AFTER_S = 300.0
LOOK_EVERY_S = 0.1


class GaveUpError(StackError):
    """State which part kept dying, and with what words."""


class Watched(Protocol):
    """Be a process that can be started again."""

    @property
    def name(self) -> str:
        """Give the name that people read."""

    def spawn(self) -> None:
        """Start it without waiting."""

    def end_of(self) -> str | None:
        """Say how it ended, or nothing while it runs."""

    def stop(self) -> None:
        """Stop it in order."""


class Pause(Protocol):
    """Decide how long to wait before the next start, or to give up."""

    def __call__(self, ends: Sequence[float], *, now: float) -> float | None:
        """Return seconds, or nothing to give up."""


def pause_after(ends: Sequence[float], *, now: float) -> float | None:
    """Return the seconds to wait before the next start, or nothing where it is time to give up.

    `ends` are the moments at which the process ended so far, the last one included.
    """
    recent = [moment for moment in ends if now - moment < GIVE_UP_WITHIN_S]
    if len(recent) >= GIVE_UP_AFTER:
        return None
    counted = [moment for moment in ends if now - moment < FORGET_AFTER_S]
    return float(min(2 ** (len(counted) - 1), LONGEST_PAUSE_S))


@dataclass(slots=True)
class _Watch:
    part: Watched
    ends: list[float] = field(default_factory=list)
    start_at: float | None = None


class Supervisor:
    """Keep parts running until told to stop.

    Parts are stopped in the reverse of the order in which they were taken on, those of one
    `take_on` together.
    """

    def __init__(self, *, say: Say = print, pause: Pause = pause_after) -> None:
        """Begin with nothing to watch."""
        self.told_to_stop = StopSign()
        self._say = say
        self._pause = pause
        self._floors: list[list[_Watch]] = []

    def take_on(self, parts: Sequence[Watched]) -> None:
        """Watch parts from now on; they run already."""
        self._floors.append([_Watch(part) for part in parts])

    def watch_until(self, done: Callable[[], bool]) -> bool:
        """Watch until it is done (true) or the supervisor is told to stop (false)."""
        while not self.told_to_stop.is_set():
            if done():
                return True
            for floor in self._floors:
                for watch in floor:
                    self._look_at(watch, now=time.monotonic())
            self.told_to_stop.wait(LOOK_EVERY_S)
        return False

    def stop(self) -> None:
        """Stop everything in order, the last taken on first."""
        for floor in reversed(self._floors):
            with ThreadPoolExecutor(max(1, len(floor))) as pool:
                list(pool.map(lambda watch: watch.part.stop(), floor))
        self._floors.clear()

    def _look_at(self, watch: _Watch, *, now: float) -> None:
        if watch.start_at is not None:
            if now >= watch.start_at:
                watch.start_at = None
                watch.part.spawn()
            return
        how = watch.part.end_of()
        if how is None:
            return
        watch.ends.append(now)
        pause = self._pause(watch.ends, now=now)
        if pause is None:
            raise GaveUpError(
                f"{watch.part.name} ended {len(watch.ends)} times in a short time, last with {how}"
            )
        self._say(f"{watch.part.name}: ended with {how}; starting again in {pause:.0f} s")
        watch.start_at = now + pause
