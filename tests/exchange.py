"""Run every process between an alert and a provider, as an operator's supervisor does.

The processes are the product's; what they call stands in `tests/fakes` or `tests/provider`.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from connectors.admin.commands import main as admin
from schemas import keys
from schemas import topics as declared
from schemas.codec import decode, encode
from schemas.deliveries import DeliveryEvent
from schemas.reasons import FINAL, DeliveryStatus
from schemas.records import Decision, Intent
from schemas.topics import Names, Topic
from tests import topics
from tests.gateway import House, free_port
from tests.processes import Process
from tests.waiting import eventually

# Each with what follows `python -m`.
GATEWAY, TRIAGE, PLANNING = "gateway", "triage", "planning"
SCHEDULER, FOLLOW_UP, SINKS, VIEWS = "scheduler", "follow-up", "sinks", "views"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    GATEWAY: ("connectors.serve",),
    TRIAGE: ("streams", "triage"),
    PLANNING: ("streams", "planning"),
    SCHEDULER: ("streams", "scheduler"),
    FOLLOW_UP: ("streams", "follow-up"),
    SINKS: ("connectors.sinks",),
    VIEWS: ("connectors.views",),
}
READY_WITHIN_S = 60.0
# DESIGN 2: no receipt comes in these tests, so what a provider took stays `sent`.
ENDS = FINAL | {DeliveryStatus.SENT}
SOURCES: Mapping[str, tuple[Topic, ...]] = {
    TRIAGE: (declared.ALERTS_RAW, declared.ALERTS_COMMANDS),
    PLANNING: (declared.INTENTS, declared.INTENTS_URGENT),
    SCHEDULER: (declared.SCHEDULED,),
    FOLLOW_UP: (declared.DELIVERIES_EVENTS,),
}


class Exchange:
    """Run some or all of the processes on one namespace."""

    def __init__(
        self,
        house: House,
        folder: Path,
        *,
        names: Sequence[str] = tuple(COMMANDS),
        settings: Mapping[str, str] | None = None,
        commands: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Prepare processes; `commands` gives another command line for some of them."""
        self.house = house
        self.names = Names(house.namespace)
        self.servers = house.environment["KAFKA_BOOTSTRAP_SERVERS"]
        self._folder = folder
        self._settings = dict(settings or {})
        self._ports = {name: free_port() for name in names}
        given = commands or {}
        self.processes = {
            name: self._process(name, given.get(name, COMMANDS[name])) for name in names
        }

    def _process(self, name: str, arguments: Sequence[str]) -> Process:
        port = str(self._ports[name])
        own = {
            "TOCSIN_DATA_DIR": str(self._folder / name),
            "TOCSIN_INSTANCE_ID": name,
            "TOCSIN_SESSION_S": "6",
            "TOCSIN_PORT" if name == GATEWAY else "TOCSIN_METRICS_PORT": port,
        }
        return Process(
            list(arguments),
            env={**self.house.environment, **own, **self._settings},
            log=self._folder / f"{name}.log",
            restart=True,
        )

    @property
    def url(self) -> str:
        """Give the address of gateway and API."""
        return self.address(GATEWAY)

    def address(self, name: str) -> str:
        """Give the address where a process answers for its health."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def apply(self, configuration: Mapping[str, Any], *, name: str) -> None:
        """Write rules, people, templates and routes by the operator's command."""
        file = self._folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(dict(configuration)))
        assert 0 == admin(["apply", str(file)])

    def start(self) -> None:
        """Start what does not run, and wait until all of it works."""
        started = [name for name, process in self.processes.items() if not process.running()]
        for name in started:
            self.processes[name].start()
        for name in started:
            self._wait_until_ready(name)

    def kill(self, *names: str) -> None:
        """Kill these at once, as a power cut would."""
        for name in names:
            self.processes[name].kill()

    def close(self) -> None:
        """End every process."""
        for process in self.processes.values():
            process.kill()

    def _wait_until_ready(self, name: str) -> None:
        process = self.processes[name]

        def ready() -> bool:
            return process_answers(f"{self.address(name)}/health/ready")

        try:
            eventually(ready, within_s=READY_WITHIN_S, why=f"{name} is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{process.tail()}") from error

    def tails(self) -> str:
        """Give the last lines of every process, for a failed test's message."""
        return "\n".join(f"--- {name}\n{each.tail(12)}" for name, each in self.processes.items())

    # -- what goes in

    def client(self) -> httpx.Client:
        """Make a client that may report, read and ask for intents."""
        key = self.house.make_key(self._folder, name=f"all-{time.time_ns()}", scope="all")
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=15)

    def put(self, *intents: Intent) -> None:
        """Write intents to the topic of their lane, as an upstream service would."""
        for topic, urgent in ((declared.INTENTS, False), (declared.INTENTS_URGENT, True)):
            pairs = [
                (keys.key(each.tenant, each.recipient), encode(each))
                for each in intents
                if (each.priority > 1) is urgent
            ]
            topics.produce(self.servers, self.names.topic(topic), pairs)

    # -- what comes out

    def events(self) -> list[DeliveryEvent]:
        """Give every step of every delivery."""
        return self.read(declared.DELIVERIES_EVENTS, DeliveryEvent)

    def decisions(self) -> list[Decision]:
        """Give why stages dropped or held something."""
        return self.read(declared.DECISIONS, Decision)

    def topics_of(self, trace: str) -> list[str]:
        """Name the topics, without namespace, of every record that bears a trace."""
        by_name = {self.names.topic(topic): topic.name for topic in declared.TOPICS}
        return [
            by_name[str(message.topic())]
            for message in topics.read_all(self.servers, list(by_name))
            if ("traceparent", trace.encode()) in (message.headers() or [])
        ]

    def read(self, topic: Topic, kind: type[Any]) -> list[Any]:
        """Give every record of a topic."""
        messages = topics.read_all(self.servers, [self.names.topic(topic)])
        return [decode(kind, message.value() or b"") for message in messages]

    def revive(self) -> None:
        """Start again what ended in any way, where a fault may end it."""
        for process in self.processes.values():
            process.revive()


def process_answers(url: str) -> bool:
    """Say whether a health address answers 200."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def last_steps(events: Sequence[DeliveryEvent]) -> dict[str, DeliveryEvent]:
    """Give the last event of each delivery; one that is final is not followed by any other."""
    steps: dict[str, DeliveryEvent] = {}
    for event in events:
        known = steps.get(event.delivery_id)
        if known is None or known.status not in ENDS or event.status in ENDS:
            steps[event.delivery_id] = event
    return steps
