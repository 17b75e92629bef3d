"""Let calls through to an endpoint as fast as it bears them, and park the rest.

One slow or broken endpoint costs the others nothing: whoever would wait where nothing moves, or
behind too many, is parked. The limits of a sink say how patient it is.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.sinks.breaker import OPEN_S, Breaker, Gate
from connectors.sinks.pace import QUIET_MOST_S, QUIET_S, RESERVE, Pace
from connectors.sinks.sink import Answer, Later, Limits, Unknown, Withheld
from schemas.reasons import Lane, Reason

ENDPOINTS = 20_000  # remembered while nothing goes on there: some 10 MiB


@dataclass(slots=True)
class _Slots:
    under_way: int = 0
    moved_at: float = 0.0
    waiting: "deque[asyncio.Future[None]]" = field(default_factory=deque)


@dataclass(slots=True)
class _Endpoint:
    breaker: Breaker
    pace: Pace
    slots: dict[str, _Slots]

    def is_idle(self) -> bool:
        return not self.breaker.is_open and not any(
            slots.under_way or slots.waiting for slots in self.slots.values()
        )


@dataclass(frozen=True, slots=True)
class Pass:
    """Hold the right to make one call; give it back by `leave` or `leave_unused`."""

    endpoint: _Endpoint
    lane: str
    gate: Gate


class Endpoints:
    """Know every endpoint of one sink, for both lanes."""

    def __init__(
        self, limits: Limits, clock: Callable[[], float], *, open_s: float = OPEN_S
    ) -> None:
        self._limits = limits
        self._open_s = open_s
        self._clock = clock
        self._known: OrderedDict[str, _Endpoint] = OrderedDict()

    async def enter(self, endpoint: str, lane: str) -> Pass | Reason:
        """Give the right to call as soon as it is there; or say for which reason to park."""
        at = self._endpoint(endpoint)
        now = self._clock()
        gate = at.breaker.ask(now)
        if lane == Lane.NORMAL and gate is Gate.SHUT:
            return Reason.BREAKER_OPEN
        keep = 0.0 if lane == Lane.URGENT else RESERVE
        wait_s = at.pace.take(now, keep=keep, patience_s=self._limits.patience_s)
        if wait_s is None:
            at.breaker.give_up(gate)
            return Reason.PACED
        try:
            if wait_s:
                await asyncio.sleep(wait_s)
            entered = await self._slot(at.slots[lane])
        except asyncio.CancelledError:
            self._take_back(at, gate)
            raise
        if not entered:
            self._take_back(at, gate)
            return Reason.PACED
        return Pass(at, lane, gate)

    def leave(self, held: Pass, answer: Answer) -> None:
        """Be done with a call, and learn from its answer how the endpoint does."""
        if isinstance(answer, Withheld):
            self.leave_unused(held)  # nobody was called, so nothing was learned
            return
        at, now = held.endpoint, self._clock()
        limited = isinstance(answer, Later) and answer.reason is Reason.PROVIDER_LIMITS
        if limited and isinstance(answer, Later):
            at.pace.be_quiet(now + min(answer.after_s or QUIET_S, QUIET_MOST_S))
        failed = isinstance(answer, Later | Unknown) and not limited
        at.breaker.note(now, held.gate, failed=failed)
        self._free(at.slots[held.lane])

    def leave_unused(self, held: Pass) -> None:
        """Be done without having called."""
        at = held.endpoint
        self._take_back(at, held.gate)
        self._free(at.slots[held.lane])

    @property
    def broken(self) -> int:
        """Count the endpoints that are not called, but to try."""
        return sum(at.breaker.is_open for at in list(self._known.values()))

    def _take_back(self, at: _Endpoint, gate: Gate) -> None:
        at.breaker.give_up(gate)
        at.pace.give_back()

    def _endpoint(self, name: str) -> _Endpoint:
        found = self._known.get(name)
        if found is None:
            pace = Pace(self._limits.per_s, self._limits.burst)
            slots = {str(lane): _Slots() for lane in Lane}
            found = self._known[name] = _Endpoint(Breaker(self._open_s), pace, slots)
            self._forget()
        self._known.move_to_end(name)
        return found

    def _forget(self) -> None:
        if len(self._known) > ENDPOINTS:
            oldest = next(iter(self._known))
            if self._known[oldest].is_idle():
                del self._known[oldest]
            else:
                self._known.move_to_end(oldest)

    async def _slot(self, slots: _Slots) -> bool:
        now = self._clock()
        if slots.under_way < self._limits.in_flight:
            slots.under_way += 1
            slots.moved_at = now
            return True
        if len(slots.waiting) >= self._limits.waiting:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        slots.waiting.append(turn)
        try:
            while not turn.done():
                left_s = slots.moved_at + self._limits.patience_s - self._clock()
                if left_s <= 0:
                    break
                await asyncio.wait([turn], timeout=left_s)
        except asyncio.CancelledError:
            if turn.done():
                self._free(slots)  # the turn came in the moment of giving up
            raise
        finally:
            if not turn.done():
                slots.waiting.remove(turn)
        return turn.done()

    def _free(self, slots: _Slots) -> None:
        slots.moved_at = self._clock()
        while slots.waiting:
            turn = slots.waiting.popleft()
            if not turn.done():
                turn.set_result(None)  # the slot changes hands
                return
        slots.under_way -= 1
