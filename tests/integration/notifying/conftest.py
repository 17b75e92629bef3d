"""Run every process once a module, and a local SendGrid and an endpoint of webhooks."""

import secrets
from collections.abc import Iterator

import httpx
import pytest

from tests.audience import (
    people,
    provider_settings,
)
from tests.conftest import Stack, remove_topics
from tests.exchange import Exchange
from tests.fakes.beside import Beside, receiving_beside
from tests.fakes.receiver import Act, sendgrid_yes
from tests.gateway import house


@pytest.fixture(scope="module")
def mails() -> Iterator[Beside]:
    """Give a local SendGrid."""
    with receiving_beside(sendgrid_yes()) as server:
        yield server


@pytest.fixture(scope="module")
def hooks() -> Iterator[Beside]:
    """Give an endpoint for webhooks."""
    with receiving_beside(Act()) as server:
        yield server


@pytest.fixture(scope="module")
def running(
    running_stack: Stack,
    tmp_path_factory: pytest.TempPathFactory,
    mails: Beside,
    hooks: Beside,
) -> Iterator[Exchange]:
    """Start every process once; tests part by their words and people."""
    folder, namespace = tmp_path_factory.mktemp("exchange"), f"t{secrets.token_hex(4)}"
    with pytest.MonkeyPatch.context() as patch:
        exchange = Exchange(
            house(running_stack, namespace, folder, patch),
            folder,
            settings=provider_settings(mails, hooks),
        )
        exchange.apply(people(hooks.receiver.url("")), name="people")
        exchange.start()
        yield exchange
        exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def exchange(stack: Stack, running: Exchange) -> Exchange:
    """Give the running processes."""
    del stack
    running.start()
    return running


@pytest.fixture
def client(exchange: Exchange) -> Iterator[httpx.Client]:
    """Give a client that may do everything."""
    with exchange.client() as opened:
        yield opened
