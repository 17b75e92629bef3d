"""The wish to stop, as a signal brings it."""

import time

LOOK_EVERY_S = 0.05


class StopSign:
    """Be told to stop at any moment, by a signal handler too.

    A threading.Event takes a lock for that. A handler runs in the thread that waits, in between
    any two steps, and where that thread or an earlier signal holds the lock it would wait for
    itself for ever: Ctrl-C under `make` brings two signals at once.
    """

    def __init__(self) -> None:
        """Begin untold."""
        self._told = False

    def set(self) -> None:
        """Tell it."""
        self._told = True

    def is_set(self) -> bool:
        """Say whether it was told."""
        return self._told

    def wait(self, seconds: float) -> bool:
        """Wait until it is told, at most for so long, and say whether it was."""
        ends = time.monotonic() + seconds
        while not self._told:
            left = ends - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, LOOK_EVERY_S))
        return self._told
