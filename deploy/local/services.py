"""Start the three services side by side, or use those that the environment names."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from deploy.local.child import Command, clear_leftovers
from deploy.local.errors import StackBusyError, StackError
from deploy.local.home import Home
from deploy.local.kafka import Kafka, probe_kafka
from deploy.local.postgres import Postgres, probe_postgres
from deploy.local.service import GivenService, Kind, Say, Service
from deploy.local.valkey import Valkey, probe_valkey

PROBES = {
    "KAFKA_BOOTSTRAP_SERVERS": probe_kafka,
    "DATABASE_URL": probe_postgres,
    "REDIS_URL": probe_valkey,
}


@dataclass(frozen=True, slots=True)
class Services:
    """Hold the three services of one stack."""

    kafka: Service
    postgres: Service
    valkey: Service

    @property
    def all(self) -> tuple[Service, Service, Service]:
        """Give them in the order in which they are stopped last."""
        return (self.kafka, self.postgres, self.valkey)

    @property
    def variables(self) -> dict[str, str]:
        """Give the environment that leads clients to them."""
        return {service.kind.variable: service.url for service in self.all}

    def start(self) -> None:
        """Start all at once and return when all answer; if one fails, none stays."""
        with ThreadPoolExecutor(len(self.all)) as pool:
            started = [pool.submit(service.start) for service in self.all]
        failed = next((each.exception() for each in started if each.exception()), None)
        if failed:
            self.stop()
            raise failed

    def stop(self) -> None:
        """Stop all at once, in order, keeping their data."""
        with ThreadPoolExecutor(len(self.all)) as pool:
            list(pool.map(lambda service: service.stop(), self.all))


@dataclass(frozen=True, slots=True)
class Given:
    """Describe a service that runs elsewhere."""

    name: str
    variable: str
    url: str

    def prepare(self) -> Command:
        """Refuse, for it is never started from here."""
        raise StackError(f"{self.name} is given by {self.variable} and not ours to start")

    def probe(self) -> None:
        """Ask it for an answer."""
        PROBES[self.variable](self.url)


def services(home: Home, environment: Mapping[str, str], *, say: Say = print) -> Services:
    """Describe the services of a home; those that the environment names are used instead."""
    ports = home.ports(("kafka", "kafka-controller", "postgres", "valkey"))
    kinds: tuple[Kind, Kind, Kind] = (
        Kafka(home, ports["kafka"], ports["kafka-controller"], say),
        Postgres(home, ports["postgres"]),
        Valkey(home, ports["valkey"]),
    )
    return Services(*(_service(kind, home, environment, say) for kind in kinds))


def _service(kind: Kind, home: Home, environment: Mapping[str, str], say: Say) -> Service:
    given = environment.get(kind.variable)
    if not given:
        return Service(kind, home, say=say)
    return GivenService(Given(kind.name, kind.variable, given), home, say=say)


@contextmanager
def locked(home: Home, *, say: Say = print) -> Iterator[TextIO]:
    """Hold the home for this process, and clear what a killed run left running in it.

    The system gives the lock up with the process, however it ends; a stale one cannot be.
    """
    home.folder(".")
    with home.lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StackBusyError(_whose(file.read(), home)) from None
        holder = {"pid": os.getpid(), "started_at": datetime.now(UTC).isoformat("T", "seconds")}
        file.truncate(0)
        file.write(json.dumps(holder))
        file.flush()
        for name in clear_leftovers(home):
            say(f"{name}: ended a process that a killed run left behind")
        yield file
        file.truncate(0)


def holder_of(home: Home) -> int | None:
    """Return the process that runs the stack of this home, if one does."""
    if not home.lock.exists():
        return None
    with home.lock.open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            noted = file.read()
            return int(json.loads(noted)["pid"]) if noted else None
    return None


def _whose(noted: str, home: Home) -> str:
    who = json.loads(noted) if noted else {"pid": "unknown", "started_at": "a moment ago"}
    return (
        f"the stack in {home.path} is already running: process {who['pid']}, "
        f"since {who['started_at']}. Stop it with Ctrl-C there, or with `make down`."
    )
