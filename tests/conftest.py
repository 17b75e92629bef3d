"""Give every test the real Kafka, PostgreSQL and Valkey, and a namespace of its own."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from deploy.local.home import Home
from deploy.local.lock import locked
from deploy.local.service import Service
from deploy.local.services import Services, services
from tests import topics as kafka


@dataclass(frozen=True, slots=True)
class Stack:
    """Give the addresses of the run's services, and the services to stop, kill and start."""

    services: Services

    @property
    def bootstrap_servers(self) -> str:
        """Give Kafka's address."""
        return self.services.kafka.url

    @property
    def database_url(self) -> str:
        """Give PostgreSQL's address."""
        return self.services.postgres.url

    @property
    def redis_url(self) -> str:
        """Give Valkey's address."""
        return self.services.valkey.url

    @property
    def kafka(self) -> Service:
        """Give Kafka, to stop, kill and start; a test leaves it running."""
        return self.services.kafka

    @property
    def postgres(self) -> Service:
        """Give PostgreSQL, to stop, kill and start; a test leaves it running."""
        return self.services.postgres

    @property
    def valkey(self) -> Service:
        """Give Valkey, to stop, kill and start; a test leaves it running."""
        return self.services.valkey

    @property
    def variables(self) -> dict[str, str]:
        """Give the environment that leads a process to the services."""
        return self.services.variables


@pytest.fixture(scope="session")
def stack_home() -> Iterator[Path]:
    """Give the folder of the run's stack; it is gone after the run."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-tests-"))
    folder.chmod(0o711)  # PostgreSQL runs as another account when the run is root's
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def running_stack(stack_home: Path) -> Iterator[Stack]:
    """Start one stack for the whole run at the first test that asks for it."""
    home = Home(stack_home)
    with locked(home):
        parts = services(home, os.environ)
        parts.start()
        yield Stack(parts)
        parts.stop()


@pytest.fixture
def stack(running_stack: Stack) -> Stack:
    """Give the run's stack, whole again if an earlier test left a part of it stopped."""
    for service in running_stack.services.all:
        service.start()
    return running_stack


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a name that no other test has, for topics, groups, keys and schemas.

    Its topics are gone after the test, so that a broker that is killed later comes back fast.
    """
    name = f"t{secrets.token_hex(4)}"
    yield name
    if "running_stack" in request.fixturenames:
        running: Stack = request.getfixturevalue("running_stack")
        remove_topics(running.bootstrap_servers, prefix=name)


def remove_topics(bootstrap_servers: str, *, prefix: str) -> None:
    """Remove the topics whose name begins so; a broker that a test left stopped keeps them."""
    admin = kafka.admin(bootstrap_servers)
    with suppress(KafkaException):
        topics = [name for name in admin.list_topics(timeout=5).topics if name.startswith(prefix)]
        if topics:
            wait(admin.delete_topics(topics).values(), timeout=10)
