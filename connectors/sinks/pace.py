"""Keep the calls to one endpoint below a rate, and leave it alone when it asks for that.

Pure: the moment is an argument, in seconds of any clock that never goes back.
"""

from dataclasses import dataclass, field

# So much of the burst is left to the urgent lane.
RESERVE = 0.2
QUIET_S = 1.0  # after a 429 that does not say for how long
QUIET_MOST_S = 60.0


@dataclass(slots=True)
class Pace:
    """Hold a bucket of `burst` tokens that gains `per_s` a second; `per_s` 0 means no rate."""

    per_s: float
    burst: int
    _tokens: float = field(init=False)
    _at: float = field(init=False, default=0.0)
    _quiet_until: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)

    def take(self, now: float, *, keep: float = 0.0, patience_s: float = 0.0) -> float | None:
        """Take one token and give the seconds to wait for it; None where that is too long.

        `keep` is the share of the burst to be left for others; with None nothing was taken.
        """
        quiet_s = max(0.0, self._quiet_until - now)
        if self.per_s <= 0:
            return quiet_s if quiet_s <= patience_s else None
        self._tokens = min(float(self.burst), self._tokens + max(0.0, now - self._at) * self.per_s)
        self._at = max(now, self._at)
        least = min(keep * self.burst, self.burst - 1)
        wait = max(quiet_s, (1 + least - self._tokens) / self.per_s)
        if wait > patience_s and wait > 0:
            return None
        self._tokens -= 1
        return max(0.0, wait)

    def give_back(self) -> None:
        """Return a token whose call was not made."""
        self._tokens = min(float(self.burst), self._tokens + 1)

    def be_quiet(self, until: float) -> None:
        """Let nobody through before this moment."""
        self._quiet_until = max(self._quiet_until, until)
