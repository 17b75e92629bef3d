"""`make bench NAME=ingest`: one ingest process, 50 connections, acks=all, Redis asked each time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from connectors.admin.commands import main as admin
from schemas import metrics, topics
from schemas.topics import Names
from tests.bench import stack
from tests.bench.measure import Run, Sampler, machine, report, table
from tests.processes import Process
from tests.waiting import eventually

EVENTS = 20_000
CONNECTIONS = 50
TARGET_S = 0.05


def main(*, events: int = 0) -> None:
    """Measure ingest beside the bare produce loop; the last line is JSON."""
    events = events or EVENTS
    print(machine())
    with stack.running() as (env, folder):
        names = stack.namespace(env["KAFKA_BOOTSTRAP_SERVERS"])
        bare = _bare(env["KAFKA_BOOTSTRAP_SERVERS"], names, events)
        run, called = _called(env, names, folder, events)
    ratio = run.rate / bare.rate
    table("ingest against the bare produce loop", [(bare, 1.0), (run, ratio)])
    print("ms: " + ", ".join(f"{n} {called[n]:.1f}" for n in ("p50_ms", "p99_ms", "worst_ms")))
    print(f"in the process itself {called['in_time']:.2%} took at most {TARGET_S * 1000:.0f} ms")
    told = {name: called[name] for name in ("p50_ms", "p99_ms", "in_time")}
    report(run, ratio=ratio, **told)


def _bare(servers: str, names: Names, events: int) -> Run:
    # On the decisions topic, which has as many partitions and nothing else on it.
    topic = names.topic(topics.DECISIONS)
    wall, cpu = map(float, _python("tests.bench.bare_produce", servers, topic, str(events)).split())
    return Run("bare produce loop", events, wall, cpu, 0.0)


def _called(
    env: dict[str, str], names: Names, folder: Path, events: int
) -> tuple[Run, dict[str, float]]:
    port = stack.free_port()
    env = env | {"TOCSIN_NAMESPACE": names.namespace, "TOCSIN_PORT": str(port)}
    token = _key(env, folder)
    server = Process(["connectors.serve", "--ingest-only"], env=env, log=folder / "ingest.log")
    server.start()
    try:
        ready = f"http://127.0.0.1:{port}/health/ready"
        eventually(lambda: httpx.get(ready).status_code == 200, within_s=30, why="ingest is ready")
        sampler = Sampler(server.pid)
        before = sampler.sample()
        arguments = (str(port), token, str(events), str(CONNECTIONS))
        called: dict[str, float] = json.loads(_python("tests.bench.callers", *arguments))
        after = sampler.sample()
        called["in_time"] = _in_time(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
    finally:
        server.stop()
    return Run("ingest", events, called["wall_s"], after[1] - before[1], sampler.peak_mib), called


def _in_time(exposed: str) -> float:
    """Give the share of requests that the process itself answered within the target.

    What the callers see includes their own waiting for a processor that they share.
    """
    told = {
        sample.labels.get("le", sample.name): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name.startswith(metrics.INGEST_SECONDS.name)
        and sample.labels.get("format", "webhook") == "webhook"
    }
    return told[str(TARGET_S)] / told["+Inf"]


def _key(env: dict[str, str], folder: Path) -> str:
    os.environ.update(env)
    file = folder / "key"
    assert admin(["migrate"]) == 0
    assert admin(["key", "--name", "bench", "--scope", "ingest", "--token-file", str(file)]) == 0
    return file.read_text().strip()


def _python(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
