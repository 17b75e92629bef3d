"""Failover: two providers of one channel, of which the second sends what the first does not.

After a definite no the second is asked in the same attempt, as nothing can go out twice by that.
After an unknown answer the attempt ends, and the next one begins with the second: how long a
receipt is waited for in between is the runner's (retry.py).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from connectors.sinks.breaker import OPEN_S, Breaker, Gate
from connectors.sinks.pace import QUIET_MOST_S, QUIET_S
from connectors.sinks.sink import Answer, Later, Sink, Unknown
from schemas.deliveries import Delivery
from schemas.reasons import Reason

log = structlog.get_logger("tocsin.sinks")

Clock = Callable[[], float]
WAIT_S = 3.0  # for a connection of a provider that takes few
# However well it did before: a dead provider costs each of these up to 5 s, and there is another.
IN_A_ROW = 5


class Failover:
    """Be one sink of two; which of them answered stands in the answer.

    Each has a breaker of its own, so that one that is dead does not cost every message the time
    in which it is tried, and asks of its provider no more calls at once than it bears.
    """

    def __init__(
        self,
        first: Sink,
        second: Sink,
        *,
        wait_s: float = WAIT_S,
        open_s: float = OPEN_S,
        clock: Clock = time.monotonic,
    ) -> None:
        self.channel = first.channel
        self.provider = first.provider
        self.limits = first.limits
        self._order = tuple(
            _Guarded(sink, wait_s=wait_s, open_s=open_s, clock=clock) for sink in (first, second)
        )

    def endpoint(self, delivery: Delivery) -> str:
        """Name the two as one: they are broken where both are."""
        return self._order[0].sink.endpoint(delivery)

    def abreast(self, delivery: Delivery) -> int:
        """Keep what order either keeps."""
        return min(each.sink.abreast(delivery) for each in self._order)

    async def deliver(self, delivery: Delivery) -> Answer:
        """Deliver by one of the two, and say by which.

        An attempt after an unknown answer begins with the second.
        """
        order = self._order[::-1] if delivery.maybe_repeat else self._order
        noes: list[Later] = []
        for each in order:
            gate = each.ask()
            # Behind the last there is nobody: it is held back by its own word alone, and what is
            # broken altogether is for the runner to leave alone.
            if each.quiet_s() or (gate is Gate.SHUT and each is not order[-1]):
                continue
            answer = await each.deliver(delivery, gate)
            if not isinstance(answer, Later):
                return answer
            noes.append(answer)
        if noes:
            return _together(noes)
        pause_s = min(each.quiet_s() for each in order if each.quiet_s())
        who = order[-1].sink.provider
        return Later(f"{who} asked us to slow down", pause_s, Reason.PROVIDER_LIMITS, who)

    async def close(self) -> None:
        """Close both."""
        try:
            await self._order[0].sink.close()
        finally:
            await self._order[1].sink.close()


class _Guarded:
    """Hold one provider back where it is broken or asked for quiet."""

    def __init__(self, sink: Sink, *, wait_s: float, open_s: float, clock: Clock) -> None:
        self.sink = sink
        self._wait_s = wait_s
        self._clock = clock
        self._breaker = Breaker(open_s, IN_A_ROW)
        self._quiet_until = 0.0
        self._room = asyncio.Semaphore(sink.limits.in_flight)

    def quiet_s(self) -> float:
        """Say for how long the provider asked to be left alone yet."""
        return max(0.0, self._quiet_until - self._clock())

    def ask(self) -> Gate:
        """Say whether it may be called; `deliver` must be told what this said."""
        return Gate.SHUT if self.quiet_s() else self._breaker.ask(self._clock())

    async def deliver(self, delivery: Delivery, gate: Gate) -> Answer:
        """Call the provider and learn from its answer how it does."""
        name = self.sink.provider
        try:
            async with asyncio.timeout(self._wait_s):
                await self._room.acquire()
        except BaseException as ended:
            self._breaker.give_up(gate)
            if not isinstance(ended, TimeoutError):
                raise
            return Later("all its connections are taken", provider=name)
        answer: Answer | None = None
        try:
            answer = await self.sink.deliver(delivery)
        finally:
            self._room.release()
            self._learn(answer, gate)
        return replace(answer, provider=answer.provider or name)

    def _learn(self, answer: Answer | None, gate: Gate) -> None:
        now, was_open = self._clock(), self._breaker.is_open
        limited = isinstance(answer, Later) and answer.reason is Reason.PROVIDER_LIMITS
        if limited and isinstance(answer, Later):
            self._quiet_until = now + min(answer.after_s or QUIET_S, QUIET_MOST_S)
        # Without an answer the call was broken off: that is no sign of health either.
        failed = answer is None or isinstance(answer, Later | Unknown)
        self._breaker.note(now, gate, failed=failed and not limited)
        if self._breaker.is_open != was_open:
            said = "provider is left alone" if self._breaker.is_open else "provider is back"
            log.warning(said, channel=self.sink.channel, provider=self.sink.provider)


def _together(noes: list[Later]) -> Later:
    """Say no for those who said it: another attempt may find any of them ready."""
    if len(noes) == 1:
        return noes[0]
    pauses = [no.after_s for no in noes if no.after_s is not None]
    limits = all(no.reason is Reason.PROVIDER_LIMITS for no in noes)
    return Later(
        why="; ".join(f"{no.provider}: {no.why}" for no in noes),
        after_s=min(pauses) if len(pauses) == len(noes) else None,
        reason=Reason.PROVIDER_LIMITS if limits else Reason.PROVIDER_UNAVAILABLE,
        provider=noes[-1].provider,
    )
