"""The delivery log shows what the events add up to, and reports run on it unchanged."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.stores.postgres import Database
from schemas import keys
from schemas.deliveries import DeliveryEvent
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.topics import CONTROL_PREFERENCES, CONTROL_TEMPLATES, Names
from tests import topics
from tests.builders import NOON
from tests.conftest import Stack
from tests.deliveries import delivery_event as event
from tests.gateway import House
from tests.inbox import change, database, publish, rows, store
from tests.processes import Process
from tests.waiting import eventually

pytestmark = pytest.mark.stack

# As people write it who never heard of Tocsin: it must run unchanged.
MONITORING = (
    "SELECT channel, COUNT(*) FILTER (WHERE status = 'delivered') * 100.0 / COUNT(*)"
    " AS delivery_rate, COUNT(*) FILTER (WHERE status = 'failed') AS failures,"
    " AVG(EXTRACT(EPOCH FROM (delivered_at - created_at))) AS avg_delivery_seconds"
    " FROM notification_log WHERE created_at >= NOW() - INTERVAL '24 hours' GROUP BY channel;"
)
STATISTICS = (
    "SELECT tenant, channel, status, deliveries FROM delivery_stats WHERE deliveries <> 0"
    " ORDER BY 1, 2, 3"
)
COUNTED = (
    "SELECT tenant, channel, status, count(*) AS deliveries FROM notification_log"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_CHOICES: dict[str, Sequence[Any]] = {
    "provider": ("", "smtp", "sendgrid"),
    "provider_id": ("", "m1", "m2"),
    "replay": ("", "", "r1", "r2"),
    "corrects": ("", "sent", "delivered"),
    "maybe_repeat": (False, True),
    "created_at": (0, NOON),
    "until": (0, NOON + 60_000),
    "attempt": (0, 1, 2),
    "error": ("", "no such mailbox"),
}
_STATUSES = (
    "queued", "held", "retrying", "sent", "delivered", "failed", "expired", "superseded", "opened",
    "clicked",
)  # fmt: skip


@pytest.fixture
def views(home: House, tmp_path: Path) -> Iterator[Process]:
    """Give the views' process, not started; it is gone after the test."""
    process = Process(["connectors.views"], env=home.environment, log=tmp_path / "views.log")
    yield process
    process.kill()
    print(process.tail())


def _wait(home: House, query: str, expected: object, *, within_s: float = 30) -> None:
    eventually(lambda: rows(home, query) == expected, within_s=within_s, why=query)


def _life(seed: random.Random, tenant: str) -> list[DeliveryEvent]:
    out = []
    for number in range(seed.randint(1, 9)):
        fields = {name: seed.choice(values) for name, values in _CHOICES.items()}
        made = event(seed.choice("ab"), seed.choice(_STATUSES), at=seed.randrange(4), **fields)
        out.append(msgspec.structs.replace(made, id=f"e{number}", tenant=tenant))
    return out


async def _written(opened: Database, batches: Sequence[Sequence[DeliveryEvent]]) -> None:
    for batch in batches:
        await store(opened, batch)


async def test_order_portions_and_repeats_do_not_matter(home: House) -> None:
    """Forty lives, each told in order at once, and shuffled with repeats in portions: same rows."""
    seed = random.Random(11)
    async with database(home) as opened:
        for life in range(40):
            events = _life(seed, f"told{life}")
            await _written(opened, [events])
            again = [msgspec.structs.replace(e, tenant=f"mixed{life}") for e in events]
            again += seed.sample(again, seed.randint(0, len(again)))
            seed.shuffle(again)
            cut = sorted(seed.choices(range(len(again) + 1), k=2))
            await _written(opened, [again[: cut[0]], again[cut[0] : cut[1]], again[cut[1] :]])

    found: dict[str, dict[Any, Any]] = {"told": {}, "mixed": {}}
    for row in rows(home, "SELECT * FROM notification_log"):
        tenant = row.pop("tenant")
        way = tenant.rstrip("0123456789")
        found[way][tenant.removeprefix(way), row["id"]] = row
    assert found["told"]
    assert found["told"] == found["mixed"]
    assert rows(home, COUNTED) == rows(home, STATISTICS)


def test_the_monitoring_query_runs_unchanged(home: House, views: Process) -> None:
    """Rate, failures and mean seconds per channel come out of the log as any team asks for them."""
    now = rows(home, "SELECT (extract(epoch FROM now()) * 1000)::bigint AS ms")[0]["ms"]
    times = {"created_at": now, "occurred_at": now}
    done = {"created_at": now, "occurred_at": now + 3000}
    publish(
        home,
        [
            *(event(str(n), "queued", **times) for n in range(4)),
            event("0", "delivered", **done),
            event("1", "delivered", **done | {"occurred_at": now + 5000}),
            event("2", "failed", **done),
            event("old", "failed", created_at=NOON),
            event("sms", "delivered", channel="sms", **times),
        ],
    )
    views.start()
    _wait(home, "SELECT count(*) AS n FROM delivery_events", [{"n": 9}])

    report = {row["channel"]: row for row in rows(home, MONITORING)}
    assert (50, 1, 4) == (
        report["email"]["delivery_rate"],
        report["email"]["failures"],
        report["email"]["avg_delivery_seconds"],
    )
    assert (100, 0, 0) == (
        report["sms"]["delivery_rate"],
        report["sms"]["failures"],
        report["sms"]["avg_delivery_seconds"],
    )


def test_killed_again_and_again_the_log_neither_loses_nor_doubles(
    home: House, views: Process
) -> None:
    """After three kill -9 under load every delivery stands as its last event says, counted once."""
    seed = random.Random(5)
    waves = ("queued", "retrying", "delivered")
    for number, status in enumerate(waves):
        publish(home, [event(str(n), status, at=number) for n in range(200)])
        views.start()
        reached = seed.randrange(number * 200, (number + 1) * 200)
        eventually(
            lambda reached=reached: (  # type: ignore[misc]
                rows(home, "SELECT count(*) AS n FROM delivery_events")[0]["n"] >= reached
            ),
            within_s=30,
            why=f"{reached} events before the kill",
        )
        views.kill()
    views.start()
    _wait(home, "SELECT count(*) AS n FROM delivery_events", [{"n": 600}])

    assert [{"status": "delivered", "n": 200}] == rows(
        home, "SELECT status, count(*) AS n FROM notification_log GROUP BY 1"
    )
    assert rows(home, COUNTED) == rows(home, STATISTICS)


def test_people_and_words_are_rows_until_they_are_removed(home: House, views: Process) -> None:
    """The last word under each key is kept, and a removal takes the row away."""
    publish(
        home,
        [
            Template(id="alert", version="1", parts={"*.text": "{{ title }}"}),
            Template(id="alert", version="2", parts={"*.text": "{{ title }}!"}),
            Template(id="gone", version="1"),
            Preference(id="ann", enabled={"marketing/*": False}, quiet_from="22:00", zone="UTC"),
            Preference(id="bob"),
            Recipient(id="ann", addresses={"email": ["ann@example.org"]}, locale="de"),
            NotificationType(id="news", digest_s=900, fallback=["push", "sms"]),
        ],
    )
    servers, names = home.environment["KAFKA_BOOTSTRAP_SERVERS"], Names(home.namespace)
    views.start()
    _wait(home, "SELECT count(*) AS n FROM notification_templates", [{"n": 2}])
    _wait(home, "SELECT count(*) AS n FROM notification_preferences", [{"n": 2}])
    for topic, ident in ((CONTROL_TEMPLATES, "gone"), (CONTROL_PREFERENCES, "bob")):
        topics.remove(servers, names.topic(topic), keys.key("default", ident))

    _wait(home, "SELECT name, version FROM notification_templates", [
        {"name": "alert", "version": "2"}
    ])  # fmt: skip
    _wait(home, "SELECT user_id, enabled, quiet_from FROM notification_preferences", [
        {"user_id": "ann", "enabled": {"marketing/*": False}, "quiet_from": "22:00"}
    ])  # fmt: skip
    _wait(home, "SELECT id, addresses FROM recipients", [
        {"id": "ann", "addresses": {"email": ["ann@example.org"]}}
    ])  # fmt: skip
    _wait(home, "SELECT name, digest_s, fallback FROM notification_types", [
        {"name": "news", "digest_s": 900, "fallback": ["push", "sms"]}
    ])  # fmt: skip


def test_a_status_that_does_not_exist_holds_nobody_up(home: House, views: Process) -> None:
    """An event that says nonsense becomes a dead letter; its neighbours are shown."""
    publish(home, [event("a", "perhaps"), event("b", "delivered"), change("c")])
    views.start()
    _wait(home, "SELECT id FROM notification_log", [{"id": "delivery-b"}])
    _wait(home, "SELECT reason FROM dead_letters", [{"reason": "invalid"}])


def test_the_log_catches_up_after_postgres_was_away(
    stack: Stack, home: House, views: Process
) -> None:
    """What became of deliveries while PostgreSQL was away is shown after it came back."""
    views.start()
    publish(home, [event("a", "queued")])
    _wait(home, "SELECT status FROM notification_log", [{"status": "pending"}])
    stack.postgres.kill()
    publish(home, [event("a", "delivered", at=5)])
    eventually(lambda: "waiting" in views.tail(), within_s=20, why="the views wait")
    stack.postgres.start()
    _wait(home, "SELECT status FROM notification_log", [{"status": "delivered"}])
