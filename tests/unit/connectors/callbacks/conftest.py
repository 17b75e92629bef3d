"""Give the pages, and what stands behind them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from connectors.callbacks.acknowledging import Acknowledging
from connectors.callbacks.pages import Pages
from connectors.callbacks.saying import Publisher
from connectors.linking import Linking
from connectors.stores.postgres import Database
from schemas.topics import Names
from tests.builders import NOON
from tests.link_pages import SECRET, Kafka


@pytest.fixture
def kafka() -> Kafka:
    """Give what stands behind the pages."""
    return Kafka()


@pytest.fixture
async def people(kafka: Kafka) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that opens pages."""
    publisher = Publisher(kafka, Names(""))
    nowhere = Database(url="postgresql://127.0.0.1:1/x", schema="x")
    router = APIRouter()
    Pages(
        Linking("https://tocsin.example.org", SECRET),
        publisher=publisher,
        acknowledging=Acknowledging(nowhere, publisher, lambda: NOON / 1000),
        now=lambda: NOON / 1000,
    ).add_to(router)
    app = FastAPI()
    app.include_router(router)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
        yield client
