"""Run the sinks of some channels in one process, each with its two lanes."""

import asyncio
import random
import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from connectors.kafka import Producer
from connectors.settings import Settings
from connectors.sinks.claim import Claims, Owner
from connectors.sinks.gate import Endpoints
from connectors.sinks.handling import Handler
from connectors.sinks.lane import Lane
from connectors.sinks.ledger import Ledger
from connectors.sinks.meters import Meters
from connectors.sinks.publish import PATIENT, Publisher
from connectors.sinks.reader import Reader
from connectors.sinks.refill import refill
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Sink
from connectors.stores.redis import Redis
from schemas import topics
from schemas.reasons import Lane as LaneName

log = structlog.get_logger("tocsin.sinks")


@dataclass(frozen=True, slots=True)
class Shared:
    """Hold what all lanes of a process share."""

    settings: Settings
    sinking: Sinking
    ledger: Ledger
    publisher: Publisher
    meters: Meters


class Runner:
    """Bring out deliveries by these sinks until told to stop."""

    def __init__(self, settings: Settings, sinking: Sinking, sinks: Sequence[Sink]) -> None:
        self._settings = settings
        self._sinking = sinking
        self._sinks = sinks
        self._lanes: list[Lane] = []
        self._shared: Shared | None = None
        self._stopped = False
        self.meters = Meters()

    @property
    def trouble(self) -> str:
        """Say what keeps deliveries from going out, or nothing."""
        if self._shared is None:
            return "starting"
        return self._shared.ledger.trouble or self._shared.publisher.trouble

    def stop(self) -> None:
        """Read no more, finish what is under way, and end."""
        self._stopped = True
        for lane in self._lanes:
            lane.stop()

    async def run(self) -> None:
        """Work until stopped; what no delivery can be blamed for ends it and is raised."""
        async with AsyncExitStack() as opened:
            for sink in self._sinks:
                opened.push_async_callback(sink.close)
            self._shared = await self._open(opened)
            await self._wait_until_ready(self._shared.ledger)
            if self._stopped:
                return
            self._lanes = [lane for sink in self._sinks for lane in _lanes(sink, self._shared)]
            running = [asyncio.create_task(lane.run()) for lane in self._lanes]
            try:
                await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                self.stop()
                ended = await asyncio.gather(*running, return_exceptions=True)
        for fault in ended:
            if isinstance(fault, BaseException):
                raise fault

    async def _open(self, opened: AsyncExitStack) -> Shared:
        settings, names = self._settings, self._settings.names
        redis = Redis(url=settings.stores.redis_url)
        opened.push_async_callback(redis.close)
        producer = await opened.enter_async_context(Producer(settings.cluster, PATIENT))
        boot = secrets.token_hex(8)
        owner = Owner(instance=self._sinking.instance_id or boot, boot=boot)
        claims = Claims(redis, names, owner, lease_s=self._sinking.lease_s)
        events = names.topic(topics.DELIVERIES_EVENTS)
        ledger = Ledger(claims, lambda: refill(claims, settings.cluster, events))
        ledger.open()
        opened.push_async_callback(ledger.close)
        return Shared(settings, self._sinking, ledger, Publisher(producer, names), self.meters)

    async def _wait_until_ready(self, ledger: Ledger) -> None:
        while not self._stopped:
            try:
                await asyncio.wait_for(ledger.ready(), 0.2)
            except TimeoutError:
                continue
            return


def _lanes(sink: Sink, shared: Shared) -> list[Lane]:
    loop = asyncio.get_running_loop()
    endpoints = Endpoints(sink.limits, loop.time, open_s=shared.sinking.breaker_s)
    shared.meters.watch_broken(sink.channel, lambda: endpoints.broken)
    handler = Handler(
        sink=sink,
        endpoints=endpoints,
        ledger=shared.ledger,
        publisher=shared.publisher,
        meters=shared.meters,
        sinking=shared.sinking,
        draw=random.random,
    )
    log.info("bringing out", channel=sink.channel, provider=sink.provider)
    return [_lane(sink, lane, shared, handler) for lane in (LaneName.URGENT, LaneName.NORMAL)]


def _lane(sink: Sink, lane: LaneName, shared: Shared, handler: Handler) -> Lane:
    names = shared.settings.names
    topic = names.topic(topics.DELIVERIES[sink.channel, lane])
    process = f"sink-{sink.channel}" + ("-urgent" if lane is LaneName.URGENT else "")
    named = shared.sinking.instance_id
    reader = Reader(
        shared.settings.cluster,
        group=names.group(process),
        topic=topic,
        instance_id=f"{named}-{process}" if named else "",
        session_s=shared.sinking.session_s,
    )
    return Lane(lane=lane, topic=topic, reader=reader, handler=handler, meters=shared.meters)
