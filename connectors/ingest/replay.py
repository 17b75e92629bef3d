"""Remember which signatures were used, so that a recorded request works only once."""

import time
from collections.abc import Callable


class Used:
    """Keep signatures for a while, in this process, at most `most` of them.

    The oldest go first where there are more: a signature then still lapses by its own time.
    """

    def __init__(
        self, *, keep_s: float, most: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keep_s = keep_s
        self._most = most
        self._clock = clock
        self._until: dict[str, float] = {}

    def claim(self, name: str) -> bool:
        """Note a signature; False where it was noted before and not released since."""
        now = self._clock()
        until = self._until.get(name)
        if until is not None and now < until:
            return False
        self._until.pop(name, None)
        self._until[name] = now + self._keep_s
        self._forget(now)
        return True

    def release(self, name: str) -> None:
        """Let a signature come again, for its request was not taken."""
        self._until.pop(name, None)

    def _forget(self, now: float) -> None:
        # Kept in the order of their ends, so what has lapsed stands in front.
        while self._until:
            oldest = next(iter(self._until))
            if len(self._until) <= self._most and self._until[oldest] > now:
                return
            del self._until[oldest]
