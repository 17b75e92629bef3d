"""Bring one delivery out: claim it, call the provider, write down and publish what came of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog

from connectors.sinks import outcome
from connectors.sinks.claim import Behind, Go, Known, Superseded, Verdict, Wait
from connectors.sinks.gate import Endpoints, Pass
from connectors.sinks.ledger import Ledger
from connectors.sinks.meters import Meters
from connectors.sinks.outcome import Origin
from connectors.sinks.publish import Publisher
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Answer, Refused, Sink, Unknown
from connectors.sinks.tracing import TRACE
from schemas import headers
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.errors import HouseFault
from schemas.reasons import DeliveryStatus, Reason

log = structlog.get_logger("tocsin.sinks")

LOOK_AGAIN_S = 1.0  # another's claim is asked for so often


@dataclass(frozen=True, slots=True)
class Item:
    """Hold a delivery and the record it came as."""

    delivery: Delivery
    origin: Origin


@dataclass(frozen=True, slots=True)
class Handler:
    """Handle deliveries of one sink; what `handle` returned from can be committed.

    After the answer, in this order: claim, outputs, and only then the caller's offset.
    `draw` gives numbers from 0 to 1 for jitter.
    """

    sink: Sink
    endpoints: Endpoints
    ledger: Ledger
    publisher: Publisher
    meters: Meters
    sinking: Sinking
    draw: Callable[[], float]

    async def handle(self, item: Item) -> None:
        """Bring a delivery to its next step, however long the house's services are away.

        A fault of ours with this one delivery fails it, and no other.
        """
        try:
            while not await self._try(item):
                await self.ledger.ready()
        except HouseFault:
            raise
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the others go on
            log.error("a delivery cannot be handled", error=type(wrong).__name__)  # noqa: TRY400
            await self._break_off(item, f"{type(wrong).__name__}")

    async def park(self, item: Item, reason: Reason) -> None:
        """Let a delivery wait without using up an attempt."""
        self.meters.parked(item.delivery.channel, reason)
        event = outcome.parked(
            item.delivery, reason, now=_now(), draw=self.draw(), between=self.sinking.park_s
        )
        await self.ledger.expect(event)
        await self._publish(item, item.delivery, event)

    async def refuse(self, origin: Origin, reason: str, error: str) -> None:
        """Put a record that cannot be taken among the dead letters."""
        self.meters.dead(reason)
        letter = outcome.dead_letter(origin, reason, error, now=_now())
        await self.publisher.publish([letter], outcome.carried(origin.headers))

    async def _try(self, item: Item) -> bool:
        delivery = item.delivery
        held: Pass | None = None
        await self.ledger.ready()
        if not _is_expired(delivery):
            entered = await self.endpoints.enter(self.sink.endpoint(delivery), delivery.lane)
            if isinstance(entered, Reason):
                await self.park(item, entered)
                return True
            held = entered
        answer: Answer | None = None
        try:
            verdict = await self.ledger.take(delivery, written_at=item.origin.timestamp)
            if isinstance(verdict, Go):
                if verdict.repeat:
                    delivery = msgspec.structs.replace(delivery, maybe_repeat=True)
                # Looked at just before the call: waiting took time.
                if held and not _is_expired(delivery):
                    TRACE.set(headers.trace(item.origin.headers).decode())
                    answer = await self._call(delivery)
        finally:
            if held and answer is not None:
                self.endpoints.leave(held, answer)
            elif held:
                self.endpoints.leave_unused(held)
        return await self._conclude(item, delivery, verdict, answer)

    async def _conclude(
        self, item: Item, delivery: Delivery, verdict: Verdict | None, answer: Answer | None
    ) -> bool:
        match verdict:
            case Go() if answer is not None:
                await self._after(item, delivery, answer)
            case Go():
                await self._end(item, delivery, DeliveryStatus.EXPIRED, Reason.EXPIRED)
            case Superseded():
                await self._end(item, delivery, DeliveryStatus.SUPERSEDED, Reason.SUPERSEDED)
            case Behind():
                await self.park(item, Reason.BEHIND)
            case Known(event, kind):
                await self._publish(item, delivery, event, kind=kind)
            case Wait(seconds):
                with self.meters.waiting(delivery.channel):
                    await asyncio.sleep(min(seconds + 0.01, LOOK_AGAIN_S))
                return False
            case None:
                return False
            case _:
                dropped = outcome.dropped(item.origin, delivery, now=_now())
                await self.publisher.publish([dropped], outcome.carried(item.origin.headers))
        return True

    async def _call(self, delivery: Delivery) -> Answer:
        sink, began_at = self.sink, time.monotonic()
        answer: Answer
        if delivery.maybe_repeat:
            self.meters.repeat(delivery.channel)
        with self.meters.in_flight(delivery.channel, delivery.lane):
            try:
                async with asyncio.timeout(self.sinking.call_s):
                    answer = await sink.deliver(delivery)
            except TimeoutError:
                answer = Unknown(f"no answer within {self.sinking.call_s:g} s")
            except Exception as wrong:  # noqa: BLE001 - nobody knows how far the sink came
                log.error("a sink failed", sink=sink.provider, error=type(wrong).__name__)  # noqa: TRY400
                answer = Unknown(f"the sink failed: {type(wrong).__name__}")
        self.meters.called(sink, answer, seconds=time.monotonic() - began_at)
        return answer

    async def _after(self, item: Item, delivery: Delivery, answer: Answer) -> None:
        event = outcome.after(
            delivery,
            answer,
            provider=self.sink.provider,
            now=_now(),
            draw=self.draw(),
            ladders=self.sinking.ladders,
        )
        kind = str(answer.address or "") if isinstance(answer, Refused) else ""
        if await self.ledger.settle(event, kind=kind):
            await self._publish(item, delivery, event, kind=kind)

    async def _end(
        self, item: Item, delivery: Delivery, status: DeliveryStatus, reason: Reason
    ) -> None:
        event = outcome.step(delivery, status, now=_now(), reason=reason)
        if await self.ledger.settle(event):
            await self._publish(item, delivery, event)

    async def _break_off(self, item: Item, error: str) -> None:
        event = outcome.step(
            item.delivery,
            DeliveryStatus.FAILED,
            now=_now(),
            provider=self.sink.provider,
            reason=Reason.STAGE_FAILED,
            error=error,
        )
        try:
            if await self.ledger.settle(event):
                await self._publish(item, item.delivery, event)
        except Exception:  # noqa: BLE001 - the event itself is the trouble: the letter remains
            await self.refuse(item.origin, Reason.STAGE_FAILED, error)

    async def _publish(
        self, item: Item, delivery: Delivery, event: DeliveryEvent, *, kind: str = ""
    ) -> None:
        made = outcome.outputs(item.origin, delivery, event, kind=kind)
        if event.status == DeliveryStatus.FAILED:
            self.meters.dead(event.reason)
        self.meters.step(event)
        await self.publisher.publish(made, outcome.carried(item.origin.headers))


def _is_expired(delivery: Delivery) -> bool:
    return 0 < delivery.expires_at <= _now()


def _now() -> int:
    return time.time_ns() // 1_000_000
