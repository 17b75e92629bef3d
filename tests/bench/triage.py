"""`make bench NAME=triage`: a triage worker with durable state beside the bare loop."""

import subprocess
import sys
import time
from pathlib import Path

from schemas import metrics, topics
from schemas.topics import Names
from tests import topics as kafka
from tests.bench import stack
from tests.bench.loads import alerts, keyed
from tests.bench.measure import Run, Sampler, counter, machine, report, table

EVENTS = 400_000
NEW_ONE_IN = 8
CASES = (
    ("avro, 1 in 8 new", "avro", NEW_ONE_IN),
    ("json, 1 in 8 new", "json", NEW_ONE_IN),
    ("avro, all new", "avro", 1),
)


def main(*, events: int = 0) -> None:
    """Measure every case and print a table and the JSON line of the first."""
    events = events or EVENTS
    print(machine())
    runs: list[tuple[Run, float]] = []
    ratios: dict[str, float] = {}
    with stack.running() as (env, folder):
        for title, wire, new_one_in in CASES:
            bare, triage = case(
                env, folder, title=title, wire=wire, troubles=events // new_one_in, events=events
            )
            ratios[title] = triage.rate / bare.rate
            runs += [(bare, 1.0), (triage, ratios[title])]
            table(title, runs[-2:])
    table("triage against the bare loop", runs)
    first = runs[1][0]
    more = {
        f"rate_{t.replace(', ', '_').replace(' ', '_')}": r.rate
        for (r, _), t in zip(runs[1::2], ratios, strict=True)
    }
    more |= {
        f"ratio_{t.replace(', ', '_').replace(' ', '_')}": ratio for t, ratio in ratios.items()
    }
    report(
        Run("triage", first.events, first.wall_s, first.cpu_s, max(r.peak_mib for r, _ in runs)),
        ratio=runs[1][1],
        **more,
    )


def case(
    env: dict[str, str], folder: Path, *, title: str, wire: str, troubles: int, events: int
) -> tuple[Run, Run]:
    """Fill a fresh namespace and let the bare loop, then triage, work it off."""
    servers = env["KAFKA_BOOTSTRAP_SERVERS"]
    names = stack.namespace(servers)
    source = names.topic(topics.ALERTS_RAW)
    kafka.produce(servers, source, keyed(alerts(events, troubles=troubles), wire=wire))
    bare = bare_loop(servers, source, events, name=f"bare loop, {title}")
    return bare, worked_off(env, names, folder, events=events, name=f"triage, {title}")


def bare_loop(servers: str, source: str, events: int, *, name: str) -> Run:
    """Run the bare loop in a process of its own."""
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare", servers, source, str(events)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wall, cpu = map(float, out.split())
    return Run(name, events, wall, cpu, 0.0)


def worked_off(env: dict[str, str], names: Names, folder: Path, *, events: int, name: str) -> Run:
    """Start a worker and measure it from its first record to its last checkpoint."""
    port = stack.free_port()
    worker = stack.triage(env, names, folder, port=port).start()
    try:
        sampler = Sampler(worker.pid)
        done, began = 0.0, (0.0, 0.0)
        deadline = time.monotonic() + 600
        start_events = 0.0
        while done < events:
            assert worker.running(), worker.tail()
            assert time.monotonic() < deadline, worker.tail()
            at = sampler.sample()
            done = counter(port, metrics.RECORDS_IN.name)
            if done and not start_events:
                began, start_events = at, done
            # Asking costs the worker some milliseconds each time, so it is asked seldom.
            time.sleep(0.25)
        ended = sampler.sample()
        lag = kafka.lag_of(env["KAFKA_BOOTSTRAP_SERVERS"], names.group("triage"))
        while lag([names.topic(topics.ALERTS_RAW)]):
            assert time.monotonic() < deadline, worker.tail()
        sampler.sample()
    finally:
        worker.stop()
    return Run(
        name, int(done - start_events), ended[0] - began[0], ended[1] - began[1], sampler.peak_mib
    )
