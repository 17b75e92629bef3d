"""Keys are known quickly, by one question, and also while PostgreSQL is away."""

import asyncio

import pytest

from connectors.admin.commands import main as admin
from connectors.stores.credentials import Credentials, new_token
from connectors.stores.postgres import connect, fetch_all
from schemas.errors import DatabaseUnavailable
from tests.conftest import Stack
from tests.gateway import House
from tests.inbox import database
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack

WAITING = "SELECT pid FROM pg_locks WHERE relation = 'api_keys'::regclass AND NOT granted"


async def test_a_known_key_opens_also_while_postgres_is_away(
    stack: Stack, home: House, token: str
) -> None:
    """A key seen before opens, one never seen cannot be judged, a revoked one is refused."""
    now = [0.0]
    async with database(home) as opened:
        credentials = Credentials(opened, clock=lambda: now[0])
        found = await credentials.find(token)
        assert found is not None
        assert ("default", "inbox") == (found.tenant, found.name)
        assert await credentials.find("toc_wrong") is None
        stack.postgres.kill()
        now[0] += 1000
        assert found == await credentials.find(token)
        now[0] += 1000
        with pytest.raises(DatabaseUnavailable):
            await credentials.find(new_token())
        stack.postgres.start()
        await asyncio.to_thread(admin, ["revoke", "inbox"])

        async def refused() -> bool:
            now[0] += 1000
            return await credentials.find(token) is None

        await eventually_async(refused, within_s=20, why="the revoked key is refused")


async def test_many_who_show_one_key_at_once_are_one_question(home: House, token: str) -> None:
    """However many bring a key that was not seen yet, PostgreSQL is asked once and all get in."""
    async with database(home) as opened:
        credentials = Credentials(opened)
        with connect(url=home.environment["DATABASE_URL"], schema=opened.schema) as holder:
            holder.execute("LOCK api_keys IN ACCESS EXCLUSIVE MODE")
            asking = [asyncio.create_task(credentials.find(token)) for _ in range(50)]

            async def asked() -> int:
                return len(fetch_all(holder, WAITING))

            await eventually_async(asked, within_s=10, why="the key is asked for")
            asking.pop(0).cancel()  # who asked first goes away; the others are answered
            assert 1 == await asked()
        found = await asyncio.gather(*asking)
    assert ["inbox"] * 49 == [each.name if each else "" for each in found]
