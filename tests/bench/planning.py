"""`make bench NAME=planning`: a planning worker, wishes, limits and words included."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from schemas import keys, metrics, topics
from schemas.codec import encode
from schemas.notification import Preference, Recipient, Template
from schemas.records import Intent, Record
from schemas.topics import Names, Topic
from tests import topics as kafka
from tests.bench import stack
from tests.bench.measure import Run, Sampler, counter, machine, report, table

EVENTS = 60_000
PEOPLE = 10_000
ORDER = Template(
    id="order",
    version="v1",
    parts={
        "*.subject": "Your order {{ order }} is on its way",
        "*.text": """Hello {{ to.name }},
{% for item in items %}
- {{ item.count }} x {{ item.name }}
{% endfor %}
Your parcel comes {{ day }}.""",
        "email.html": "<p>Hello {{ to.name }}, your order <b>{{ order }}</b> comes {{ day }}.</p>",
    },
)


def people() -> Iterator[Recipient]:
    """Make people who have a mail address and a device, and a limit that is not in the way."""
    for number in range(PEOPLE):
        yield Recipient(
            id=f"p{number}",
            name=f"Person {number}",
            addresses={"email": [f"p{number}@example.org"], "push": [f"token-{number}"]},
            limits={"email": "100/h", "push": "100/h"},
            zone="Europe/Berlin",
        )


def wishes() -> Iterator[Preference]:
    """Make every second person want mail alone."""
    for number in range(PEOPLE):
        enabled = {"orders/push": False} if number % 2 else {"*/*": True}
        yield Preference(id=f"p{number}", enabled=enabled)


def intents(count: int, *, priority: int = 1) -> Iterator[Intent]:
    """Make intents for one person after the other."""
    now = time.time_ns() // 1_000_000
    for number in range(count):
        yield Intent(
            recipient=f"p{number % PEOPLE}",
            template="order",
            data={
                "order": f"A-{number}",
                "day": "tomorrow",
                "items": [{"count": 2, "name": "Teapot"}, {"count": 1, "name": "Kettle"}],
            },
            type="orders",
            priority=priority,
            idempotency_key=f"order-{number}",
            created_at=now,
        )


def put(servers: str, names: Names, topic: Topic, records: Iterator[Record]) -> int:
    """Write records under their recipients' keys and say how many."""
    pairs = (
        (keys.key("default", r.recipient if isinstance(r, Intent) else getattr(r, "id", "")), r)
        for r in records
    )
    name = names.topic(topic)
    return kafka.produce(servers, name, ((key, encode(record)) for key, record in pairs))


def furnished(servers: str) -> Names:
    """Give a fresh namespace in which everybody and the words are known."""
    names = stack.namespace(servers)
    put(servers, names, topics.CONTROL_TEMPLATES, iter((ORDER,)))
    put(servers, names, topics.CONTROL_RECIPIENTS, people())
    put(servers, names, topics.CONTROL_PREFERENCES, wishes())
    return names


def main(*, events: int = 0) -> None:
    """Measure the bare loop and planning, and print a table and a JSON line."""
    events = events or EVENTS
    print(machine())
    with stack.running() as (env, folder):
        servers = env["KAFKA_BOOTSTRAP_SERVERS"]
        names = furnished(servers)
        put(servers, names, topics.INTENTS, intents(events))
        bare = bare_loop(servers, names, events)
        run, said = worked_off(env, names, folder, events=events)
    table("planning against the bare loop", [(bare, 1.0), (run, run.rate / bare.rate)])
    report(run, ratio=run.rate / bare.rate, deliveries_per_intent=said / run.events)


def bare_loop(servers: str, names: Names, events: int) -> Run:
    """Run the bare loop in a process of its own."""
    target = names.topic(topics.DELIVERIES["slack", "normal"])
    source = names.topic(topics.INTENTS)
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare_planning", servers, source, target, str(events)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wall, cpu = map(float, out.split())
    return Run("bare loop", events, wall, cpu, 0.0)


def worked_off(
    env: dict[str, str], names: Names, folder: Path, *, events: int
) -> tuple[Run, float]:
    """Measure a worker from its first record to its last; say how many deliveries it queued."""
    port = stack.free_port()
    planning = stack.worker("planning", env, names, folder, port=port).start()
    try:
        sampler = Sampler(planning.pid)
        done = queued = start_events = start_queued = 0.0
        began = (0.0, 0.0)
        deadline = time.monotonic() + 600
        while done < events:
            assert planning.running(), planning.tail()
            assert time.monotonic() < deadline, planning.tail()
            at = sampler.sample()
            done = counter(port, metrics.RECORDS_IN.name)
            queued = counter(port, metrics.PLANNED.name, ['status="queued"'])
            if done and not start_events:
                began, start_events, start_queued = at, done, queued
            # Asking costs the worker some milliseconds each time, so it is asked seldom.
            time.sleep(0.25)
        ended = sampler.sample()
    finally:
        planning.stop()
    wall, cpu = ended[0] - began[0], ended[1] - began[1]
    run = Run("planning", int(done - start_events), wall, cpu, sampler.peak_mib)
    return run, queued - start_queued
