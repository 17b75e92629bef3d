"""Stop calling what does not answer, and find out when it does again.

Pure: the moment is an argument, in seconds of any clock that never goes back.
"""

from dataclasses import dataclass, field
from enum import StrEnum

# SAFETY, delivery 4.
WINDOW_S = 300.0
LEAST_CALLS = 10
FAILURES = 0.7
OPEN_S = 30.0
SLOT_S = 10.0  # the window slides by so much at a time


class Gate(StrEnum):
    """Say whether a call may go through: freely, as the one that tries, or not."""

    OPEN_WAY = "open_way"
    TRIAL = "trial"
    SHUT = "shut"


@dataclass(slots=True)
class Breaker:
    """Watch one endpoint.

    Every call that `ask` let through must be told by `note`, with what `ask` said.
    `in_a_row` says how many failures without a success between them are enough by themselves,
    where another may be called instead; 0: none.
    """

    open_s: float = OPEN_S
    in_a_row: int = 0
    opened_at: float | None = None
    on_trial: bool = False
    _row: int = 0
    _slots: dict[int, list[int]] = field(default_factory=dict)  # number -> calls, failures

    @property
    def is_open(self) -> bool:
        """Say whether the endpoint counts as broken."""
        return self.opened_at is not None

    def ask(self, now: float) -> Gate:
        """Say whether a call may go; after a silence one is let through to try."""
        if self.opened_at is None:
            return Gate.OPEN_WAY
        if self.on_trial or now - self.opened_at < self.open_s:
            return Gate.SHUT
        self.on_trial = True
        return Gate.TRIAL

    def note(self, now: float, gate: Gate, *, failed: bool) -> None:
        """Learn how a call ended."""
        if gate is Gate.TRIAL:
            self.on_trial = False
        if self.opened_at is not None:
            self._while_open(now, gate, failed=failed)
            return
        self._row = self._row + 1 if failed else 0
        slot = self._slots.setdefault(int(now // SLOT_S), [0, 0])
        slot[0] += 1
        slot[1] += failed
        if failed and self._is_broken(now):
            self.opened_at = now

    def give_up(self, gate: Gate) -> None:
        """Take back an `ask` whose call was not made."""
        if gate is Gate.TRIAL:
            self.on_trial = False

    def _while_open(self, now: float, gate: Gate, *, failed: bool) -> None:
        # Calls of the urgent lane pass an open breaker: one that succeeds closes it as well.
        if not failed:
            self.opened_at = None
            self._row = 0
            self._slots.clear()
        elif gate is Gate.TRIAL:
            self.opened_at = now

    def _is_broken(self, now: float) -> bool:
        if 0 < self.in_a_row <= self._row:
            return True
        oldest = int((now - WINDOW_S) // SLOT_S)
        for number in [number for number in self._slots if number <= oldest]:
            del self._slots[number]
        calls = sum(slot[0] for slot in self._slots.values())
        failures = sum(slot[1] for slot in self._slots.values())
        return calls >= LEAST_CALLS and failures >= FAILURES * calls
