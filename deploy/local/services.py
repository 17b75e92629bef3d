"""Start the three services side by side, or use those that the environment names."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from deploy.local.child import Command
from deploy.local.errors import StackError
from deploy.local.home import Home
from deploy.local.kafka import Kafka, probe_kafka
from deploy.local.postgres import Postgres, probe_postgres
from deploy.local.service import GivenService, Kind, Say, Service
from deploy.local.stop_sign import StopSign
from deploy.local.valkey import Valkey, probe_valkey
from schemas.cluster import Cluster


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

    def start(
        self,
        *,
        told_to_stop: StopSign | None = None,
        then: Callable[[str], None] = lambda _: None,
    ) -> bool:
        """Start all at once and return true when all answer; if one fails, none stays.

        `then` is called with the name of each as soon as that one answers, side by side with the
        others, and belongs to its start. Told to stop meanwhile, it returns false at once with
        all stopped again.
        """
        starts = [_Start(service, then) for service in self.all]
        for start in starts:
            start.start()
        while any(start.is_alive() for start in starts):
            if told_to_stop and told_to_stop.wait(0.05):
                self.stop()
                return False
            starts[0].join(0.05)
        failed = next((start.problem for start in starts if start.problem), None)
        if failed:
            self.stop()
            raise failed
        return True

    def quicken(self) -> None:
        """Do, once all has settled, what makes later starts quick."""
        if isinstance(self.kafka.kind, Kafka):
            with suppress(StackError, OSError):  # a later start is as slow as this one was
                self.kafka.kind.quicken()

    def stop(self) -> None:
        """Stop all at once, in order, keeping their data."""
        with ThreadPoolExecutor(len(self.all)) as pool:
            list(pool.map(lambda service: service.stop(), self.all))


class _Start(threading.Thread):
    """Start one service beside the others; a download that hangs keeps no program alive."""

    def __init__(self, service: Service, then: Callable[[str], None]) -> None:
        super().__init__(name=f"start-{service.name}", daemon=True)
        self.problem: Exception | None = None
        self._service = service
        self._then = then

    def run(self) -> None:
        try:
            self._service.start()
            self._then(self._service.name)
        except Exception as error:  # noqa: BLE001 - told by the thread that waits
            self.problem = error


@dataclass(frozen=True, slots=True)
class Given:
    """Describe a service that runs elsewhere."""

    name: str
    variable: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Give the address that the environment names."""
        return self.environment[self.variable]

    def prepare(self) -> Command:
        """Refuse, for it is never started from here."""
        raise StackError(f"{self.name} is given by {self.variable} and not ours to start")

    def probe(self) -> None:
        """Ask it for an answer."""
        if self.name == "kafka":
            # Its TLS and SASL settings stand beside the address.
            probe_kafka(Cluster.from_env(self.environment))
        elif self.name == "postgres":
            probe_postgres(self.url)
        else:
            probe_valkey(self.url)


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
    if not environment.get(kind.variable):
        return Service(kind, home, say=say)
    return GivenService(Given(kind.name, kind.variable, environment), home, say=say)
