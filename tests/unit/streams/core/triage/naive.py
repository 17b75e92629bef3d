"""What a person with pencil and paper would write down of one alert."""

from dataclasses import dataclass, field

from tests.builders import DAY, HOUR, MINUTE

# Who else is told, and how long after the route told of the alert.
STEPS = ((10 * MINUTE, "bob"), (90 * MINUTE, "cy"))


@dataclass
class Naive:
    """Hold one alert; times are counted from noon."""

    began: int
    priority: int
    source: str
    open: bool = True
    count: int = 1
    changed: int = 0
    ends: int = 0
    told: bool = False
    acknowledged: bool = False
    snoozed: int = 0
    seen: int = 0
    owed: bool = False
    late: int = 0
    steps_from: int = -1  # from when steps are counted; -1: nobody was told
    taken: int = 0
    log: list[str] = field(default_factory=lambda: ["fired"])

    def over(self, at: int) -> bool:
        """Say whether the clock has ended it."""
        kept = self.open and (self.acknowledged or at < self.snoozed)
        return bool(self.ends) and at >= self.ends and not kept

    def window(self, at: int) -> int:
        """Say when a window that begins now ends."""
        return 0 if self.source == "grafana" and self.open else at + HOUR

    def waits(self) -> bool:
        """Say whether somebody is still to be told by a step."""
        return self.steps_from >= 0 and self.taken < len(STEPS)

    def step_is_due(self, now: int) -> bool:
        """Say whether the next step's time has come."""
        return self.waits() and now >= max(self.steps_from + STEPS[self.taken][0], self.snoozed)

    def takes_step(self, now: int) -> str:
        """Take the next step and say who is told; those after it are as far off as ever."""
        after, who = STEPS[self.taken]
        self.steps_from, self.taken = now - after, self.taken + 1
        return who

    def counts_steps_anew(self, now: int) -> None:
        """Put the next step as far from now as it is from the one before it."""
        if self.steps_from >= 0:
            self.steps_from = now - (STEPS[self.taken - 1][0] if self.taken else 0)

    def is_out_of_time(self, now: int, *, keeps: bool) -> bool:
        """Say whether nothing was heard of it for too long; `keeps` says that a telling is owed."""
        if not self.open:
            return False
        if self.source == "grafana":
            return now >= max(self.seen + DAY, self.snoozed)
        ends = self.ends + self.late
        if self.acknowledged:
            return now >= max(self.seen + self.late + DAY, ends, self.snoozed)
        return not (keeps or self.waits()) and now >= max(ends, self.snoozed) + HOUR
