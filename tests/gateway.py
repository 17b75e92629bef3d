"""Run the real HTTP server beside a test, on a free port, and read what it wrote."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from connectors.admin.commands import main as admin
from connectors.stores.credentials import new_token
from schemas import codec
from schemas.records import RawAlert
from schemas.topics import ALERTS_RAW, Names
from tests.conftest import Stack
from tests.waiting import eventually

PARTITIONS = 2


@dataclass(frozen=True, slots=True)
class House:
    """Hold a namespace with topics, database and a key, and the environment that leads there."""

    environment: Mapping[str, str]
    namespace: str
    key: str

    def make_key(self, tmp: Path, *arguments: str, name: str, scope: str = "ingest") -> str:
        """Make one more key by the operator's command."""
        token = new_token()
        file = tmp / f"{name}.token"
        file.write_text(token)
        command = ["key", "--name", name, "--scope", scope, "--token-file", str(file), *arguments]
        assert 0 == admin(command)
        return token

    def records(self, *, at_least: int, tenant: str = "") -> list[tuple[RawAlert, Message]]:
        """Give what lies in `alerts.raw`, of one tenant or all, once it is this many or more."""
        topic = Names(self.namespace).topic(ALERTS_RAW)
        servers = self.environment["KAFKA_BOOTSTRAP_SERVERS"]
        consumer = Consumer({"bootstrap.servers": servers, "group.id": "none"})
        found: list[tuple[RawAlert, Message]] = []
        try:
            consumer.assign(
                [TopicPartition(topic, each, OFFSET_BEGINNING) for each in range(PARTITIONS)]
            )

            def enough() -> bool:
                for message in consumer.consume(200, timeout=0.3):
                    raw = codec.decode(RawAlert, message.value() or b"")
                    if tenant in {"", raw.tenant}:
                        found.append((raw, message))
                return len(found) >= at_least

            eventually(enough, within_s=10, why=f"{at_least} records in {topic}")
            enough()
        finally:
            consumer.close()
        return found


def house(stack: Stack, namespace: str, tmp: Path, patch: pytest.MonkeyPatch) -> House:
    """Make topics, tables and a key under a namespace."""
    environment = {
        **stack.variables,
        "TOCSIN_NAMESPACE": namespace,
        "TOCSIN_PARTITIONS": str(PARTITIONS),
        # Tests tell of a moment in 2023; what is old must not go while they look at it.
        "TOCSIN_KEEP_DAYS": "0",
        "TOCSIN_KEEP_STEPS_DAYS": "0",
    }
    for name, value in environment.items():
        patch.setenv(name, value)
    assert 0 == admin(["topics"])
    assert 0 == admin(["migrate"])
    made = House(environment, namespace, "")
    return House(environment, namespace, made.make_key(tmp, name="tests"))


def free_port() -> int:
    """Give a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    environment: Mapping[str, str], *, arguments: Sequence[str] = ("--ingest-only",)
) -> Iterator[str]:
    """Run the server until the block ends, and give its address once it is ready."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed below; a pipe that nobody reads would stop the server
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.serve", *arguments],
        env={**os.environ, **environment, "TOCSIN_PORT": str(port)},
        stderr=log,
    )
    try:
        eventually(
            lambda: httpx.get(f"{url}/health/ready").status_code == 200,
            within_s=20,
            why="the server is ready",
        )
        yield url
    finally:
        process.terminate()
        process.wait(20)
        log.seek(0)
        sys.stderr.write(log.read().decode(errors="replace"))
        log.close()
