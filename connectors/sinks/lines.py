"""Keep what must not overtake one another in lines, and say who may go.

Pure: names in, names out.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Line(Generic[T]):
    under_way: int = 0
    moved_at: float = 0.0
    subjects: set[str] = field(default_factory=set)  # of those under way
    waiting: deque[tuple[T, int, str]] = field(default_factory=deque)

    def has_room(self, abreast: int, subject: str) -> bool:
        return self.under_way < abreast and subject not in self.subjects

    def begin(self, subject: str) -> None:
        self.under_way += 1
        if subject:
            self.subjects.add(subject)


class Lines(Generic[T]):
    """Hold one line a name; in each, so many go abreast as the one in front allows.

    Two of one subject never go abreast: the end of an alert must not overtake its beginning.
    """

    def __init__(self) -> None:
        self._lines: dict[str, _Line[T]] = {}

    def join(self, name: str, who: T, *, abreast: int, now: float, subject: str = "") -> bool:
        """Stand in line; say whether they may go at once."""
        line = self._lines.setdefault(name, _Line(moved_at=now))
        if not line.waiting and line.has_room(abreast, subject):
            line.begin(subject)
            return True
        line.waiting.append((who, abreast, subject))
        return False

    def leave(self, name: str, *, now: float, subject: str = "") -> list[T]:
        """Be done; give those who may go now, in their order."""
        line = self._lines[name]
        line.under_way -= 1
        line.subjects.discard(subject)
        line.moved_at = now
        freed: list[T] = []
        while line.waiting and line.has_room(*line.waiting[0][1:]):
            who, _, begun = line.waiting.popleft()
            freed.append(who)
            line.begin(begun)
        if not line.under_way:
            del self._lines[name]
        return freed

    def is_stuck(self, name: str, *, now: float, since_s: float, length: int) -> bool:
        """Say whether so many wait in a line that has not moved for so long."""
        line = self._lines.get(name)
        return line is not None and len(line.waiting) >= length and now - line.moved_at >= since_s

    def drop(self) -> list[T]:
        """Send home all who wait; those under way stay."""
        dropped: list[T] = []
        for line in self._lines.values():
            dropped += [who for who, *_ in line.waiting]
            line.waiting.clear()
        return dropped
