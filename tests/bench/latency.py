"""`make bench NAME=latency`: from an alert's request to the provider's call, on an idle system."""

import http.server
import itertools
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import yaml

from connectors.admin.commands import main as admin
from schemas import topics
from schemas.codec import decode
from schemas.deliveries import Delivery
from schemas.records import Intent, RawAlert
from schemas.topics import Names, Topic
from tests import topics as kafka
from tests.bench import stack
from tests.bench.measure import Run, cpu_s, machine, report, table
from tests.processes import Process
from tests.waiting import eventually

EVENTS = 200
WARM = 10
PAUSE_S = 0.15  # longer than a checkpoint's work, so that every alert finds the system idle
WITHIN_S = 10.0
Moments = Mapping[str, float]
WAY: Sequence[tuple[str, Topic, Any, Callable[[Any], str]]] = (
    ("alert", topics.ALERTS_RAW, RawAlert, lambda raw: raw.title),
    ("intent", topics.INTENTS_URGENT, Intent, lambda intent: intent.data["title"]),
    ("delivery", topics.DELIVERIES["webhook", "urgent"], Delivery, lambda one: one.subject),
)
STREAMS = ("triage", "planning", "scheduler")


class Endpoint:
    """Be called, and note the moment before anything else."""

    def __init__(self) -> None:
        self.called: dict[str, float] = {}
        self.called_ms: dict[str, float] = {}
        self._news = threading.Condition()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at = time.perf_counter()
                body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint._note(str(body["subject"]), at)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: the moments are what counts."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _note(self, subject: str, at: float) -> None:
        with self._news:
            self.called.setdefault(subject, at)
            self.called_ms.setdefault(subject, time.time() * 1000)
            self._news.notify_all()

    def wait_for(self, subject: str) -> float:
        """Give the moment of the call that tells this."""
        with self._news:
            there = self._news.wait_for(lambda: subject in self.called, WITHIN_S)
        assert there, f"nobody was told of {subject!r} within {WITHIN_S} s"
        return self.called[subject]

    def close(self) -> None:
        """Be called no more."""
        self._server.shutdown()
        self._server.server_close()


def main(*, events: int = 0) -> None:
    """Report alerts one after the other, and time each until the endpoint is called."""
    count = events or EVENTS
    print(machine())
    with stack.running() as (given, folder):
        names = stack.namespace(given["KAFKA_BOOTSTRAP_SERVERS"])
        endpoint = Endpoint()
        env = given | _settings(names, endpoint.port)
        key = _furnished(env, folder, endpoint.port)
        with _processes(env, names, folder) as (url, workers):
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=url, headers=headers, timeout=WITHIN_S) as client:
                asked_ms: dict[str, float] = {}

                def once(title: str) -> tuple[float, float]:
                    time.sleep(PAUSE_S)
                    asked_ms[title] = time.time() * 1000
                    return _once(client, endpoint, title)

                for number in range(WARM):
                    once(f"warm {number}")
                before = _cpu_s(workers)
                began = time.monotonic()
                took = [once(f"alert {number}") for number in range(count)]
                wall = time.monotonic() - began
                cpu = _cpu_s(workers) - before
        _tell_way(given["KAFKA_BOOTSTRAP_SERVERS"], names, asked_ms, endpoint.called_ms)
        endpoint.close()
    _tell(took, Run("latency", count, wall, cpu, 0.0))


def _tell(took: list[tuple[float, float]], run: Run) -> None:
    acked = sorted(seconds * 1000 for seconds, _ in took)
    called = sorted(seconds * 1000 for _, seconds in took)
    table("alerts, one after the other", [(run, 0.0)])
    for name, each in (("answered", acked), ("provider called", called)):
        print(
            f"  {name:<16} p50 {_part(each, 50):6.1f} ms  p90 {_part(each, 90):6.1f} ms"
            f"  p99 {_part(each, 99):6.1f} ms  longest {each[-1]:6.1f} ms"
        )
    report(
        run,
        ratio=0.03 / (_part(called, 50) / 1000),
        p50_ms=_part(called, 50),
        p99_ms=_part(called, 99),
        answered_p50_ms=_part(acked, 50),
    )


def _tell_way(servers: str, names: Names, asked_ms: Moments, called_ms: Moments) -> None:
    """Say how far an alert was when, by the moments at which its records were written."""
    written: dict[str, dict[str, float]] = {
        title: {"request": at} for title, at in asked_ms.items()
    }
    for name, topic, record, title in WAY:
        for message in kafka.read_all(servers, [names.topic(topic)]):
            found = written.get(title(decode(record, message.value() or b"")), {})
            found.setdefault(name, message.timestamp()[1])
    steps: dict[str, list[float]] = defaultdict(list)
    for alert, moments in written.items():
        ways = list((moments | {"call": called_ms[alert]}).items())
        for (_, before), (name, at) in itertools.pairwise(ways):
            steps[name].append(at - before)
    for name, each in steps.items():
        each.sort()
        parts = "  ".join(f"p{part} {_part(each, part):6.1f} ms" for part in (50, 90, 99))
        print(f"  to the {name:<9} {parts}")


def _part(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _once(client: httpx.Client, endpoint: Endpoint, title: str) -> tuple[float, float]:
    """Give the seconds until the sender had its answer, and until the provider was called."""
    body = {"title": title, "body": "3 % left", "severity": "critical", "dedup_key": title}
    began = time.perf_counter()
    client.post("/ingest/webhook", json=body).raise_for_status()
    answered = time.perf_counter()
    return answered - began, endpoint.wait_for(title) - began


def _settings(names: Names, port: int) -> dict[str, str]:
    return {
        "TOCSIN_NAMESPACE": names.namespace,
        "TOCSIN_WEBHOOK": "unsigned",
        "TOCSIN_WEBHOOK_HTTP": "yes",
        "TOCSIN_WEBHOOK_ALLOW": "127.0.0.0/8",
        "TOCSIN_WEBHOOK_PORTS": str(port),
    }


def _furnished(env: dict[str, str], folder: Path, port: int) -> str:
    """Make tables, a key, and one person who is told everything; give the key."""
    os.environ.update(env)
    file, rules = folder / "key", folder / "rules.yaml"
    rules.write_text(yaml.safe_dump(_rules(port)))
    assert admin(["migrate"]) == 0
    assert admin(["key", "--name", "bench", "--scope", "ingest", "--token-file", str(file)]) == 0
    assert admin(["apply", str(rules)]) == 0
    return file.read_text().strip()


def _rules(port: int) -> dict[str, object]:
    words = {"*": {"subject": "{{ title }}", "text": "{{ title }}: {{ body }}"}}
    addresses = {"webhook": f"http://127.0.0.1:{port}/hook"}
    limits = {"webhook": "10000/min"}
    return {
        "templates": [{"id": "alert", "parts": words}],
        "types": [{"id": "alert", "channels": ["webhook"], "excess": "digest"}],
        "recipients": [{"id": "ops", "addresses": addresses, "limits": limits}],
        "routes": [{"id": "all", "recipients": ["ops"]}],
    }


@contextmanager
def _processes(
    env: dict[str, str], names: Names, folder: Path
) -> Iterator[tuple[str, list[Process]]]:
    """Run all that stands between a source and a provider, and the views beside it."""
    ports = {name: stack.free_port() for name in (*STREAMS, "gateway", "sinks", "views")}
    workers = [stack.worker(name, env, names, folder / name, port=ports[name]) for name in STREAMS]
    for name, arguments in (
        ("gateway", ["connectors.serve"]),
        ("sinks", ["connectors.sinks", "webhook"]),
        ("views", ["connectors.views"]),
    ):
        own = {
            "TOCSIN_PORT" if name == "gateway" else "TOCSIN_METRICS_PORT": str(ports[name]),
            "TOCSIN_INSTANCE_ID": name,
        }
        workers.append(Process(arguments, env=env | own, log=folder / f"{name}.log"))
    try:
        for worker in workers:
            worker.log.parent.mkdir(exist_ok=True)
            worker.start()
        eventually(
            lambda: (
                all(_ready(ports[name]) for name in ("gateway", "sinks", "views"))
                and all("partitions ready" in each.log.read_text() for each in workers[:3])
            ),
            within_s=60,
            why="every process is ready",
        )
        yield f"http://127.0.0.1:{ports['gateway']}", workers
    finally:
        for worker in workers:
            worker.stop()


def _ready(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success


def _cpu_s(workers: list[Process]) -> float:
    return sum(cpu_s(psutil.Process(worker.pid)) for worker in workers)
