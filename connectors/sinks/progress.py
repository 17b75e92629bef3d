"""Know up to where a partition is finished, however its records end one after another.

Pure: offsets in, offsets out.
"""

from collections import deque


class Progress:
    """Follow one partition in one assignment; offsets come in their order, with gaps or none."""

    def __init__(self) -> None:
        self._open: deque[int] = deque()
        self._finished: set[int] = set()
        self._next: int | None = None

    def begin(self, offset: int) -> None:
        """Note a record that was read."""
        self._open.append(offset)

    def finish(self, offset: int) -> None:
        """Note that nothing of this record can be lost any more."""
        self._finished.add(offset)
        while self._open and self._open[0] in self._finished:
            done = self._open.popleft()
            self._finished.remove(done)
            self._next = done + 1

    @property
    def commit(self) -> int | None:
        """Give the lowest offset that may be read again: all before it is finished.

        None where nothing was finished yet.
        """
        return self._next

    @property
    def open(self) -> int:
        """Count what was read and may not be forgotten yet."""
        return len(self._open)
