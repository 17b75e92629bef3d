"""Give tests of the edges a namespace that is set up, and the inbox that shows it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from schemas.records import Record
from tests.conftest import Stack
from tests.gateway import House, house
from tests.inbox import Rows, client_of, database, store


@pytest.fixture
def home(stack: Stack, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give topics, tables and keys under a namespace of the test's own."""
    return house(stack, namespace, tmp_path, monkeypatch)


@pytest.fixture
def token(home: House, tmp_path: Path) -> str:
    """Give a key that may read and write."""
    return home.make_key(tmp_path, name="inbox", scope="read,write")


@pytest.fixture
async def inbox(home: House, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client whose key may read and write."""
    async with client_of(home, token) as client:
        yield client


@pytest.fixture
async def rows(home: House) -> AsyncIterator[Rows]:
    """Give a way to write changes straight into the views."""
    async with database(home) as opened:

        async def write(*records: Record) -> None:
            await store(opened, records)

        yield write
