"""Give claims in a Redis under a namespace of the test's own."""

from collections.abc import AsyncIterator, Callable

import pytest

from connectors.sinks.claim import Claims, Owner
from connectors.stores.redis import Redis
from schemas.topics import Names
from tests.conftest import Stack

Opening = Callable[..., Claims]


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
