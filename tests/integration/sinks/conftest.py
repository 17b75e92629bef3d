"""Give claims under a namespace of the test's own, and sinks that run in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from connectors.settings import Settings
from connectors.sinks.claim import Claims, Owner
from connectors.sinks.runner import Runner
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Limits
from connectors.stores.redis import Redis
from schemas.topics import Names
from tests.conftest import Stack
from tests.gateway import House
from tests.provider import LineSink, Provider
from tests.sink_house import CHANNEL

Opening = Callable[..., Claims]
Running = Callable[..., AbstractAsyncContextManager[Runner]]


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    """Give a connection."""
    opened = Redis(url=stack.redis_url)
    yield opened
    await opened.close()


@pytest.fixture
def opening(redis: Redis, namespace: str) -> Opening:
    """Give claims of a process, under a namespace of the test's own."""

    def opened(instance: str = "a", boot: str = "1", lease_s: float = 60.0) -> Claims:
        return Claims(redis, Names(namespace), Owner(instance, boot), lease_s=lease_s)

    return opened


@pytest.fixture
async def claims(opening: Opening) -> Claims:
    """Give claims in a Redis that counts as filled."""
    opened = opening()
    await opened.mark_filled(0)
    return opened


@pytest.fixture
def running(home: House) -> Running:
    """Give a way to run sinks in this process until a block ends."""

    @asynccontextmanager
    async def run(
        provider: Provider, *, limits: Limits | None = None, sinking: Sinking | None = None
    ) -> AsyncIterator[Runner]:
        settings = Settings.from_env(home.environment)
        sinks = [LineSink(CHANNEL, provider.address, limits)]
        runner = Runner(settings, sinking or Sinking(instance_id="one"), sinks)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await task

    return run
