"""What is old goes from the views, and what is not stays, with every total as it should be."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.admin.commands import main as admin
from connectors.settings import Keeping
from connectors.stores.postgres import Database
from connectors.stores.pruning import BATCH, TABLES, Busy, Pruner
from connectors.stores.queries import outbox, prune
from schemas.records import DeadLetter, Decision, Record
from schemas.topics import ALERTS_CHANGES, DELIVERIES_EVENTS, Names
from tests.builders import DAY, NOON
from tests.conftest import Stack
from tests.deliveries import delivery_event
from tests.gateway import House, free_port
from tests.inbox import change, database, get, rows, store
from tests.processes import Process
from tests.waiting import eventually

pytestmark = pytest.mark.stack

KEEP = Keeping(days=90, step_days=30)
NOW = NOON + 100 * DAY  # what lies at noon is old for all that is kept
STATISTICS = (
    "SELECT tenant, source, status, priority, acknowledged, alerts, occurrences"
    " FROM alert_stats WHERE alerts <> 0 OR occurrences <> 0 ORDER BY 1, 2, 3, 4, 5"
)
ALERTS = (
    "SELECT tenant, source, status, priority, acknowledged, count(*) AS alerts,"
    " sum(count)::bigint AS occurrences FROM alerts GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
)
DELIVERY_STATISTICS = (
    "SELECT tenant, channel, status, deliveries FROM delivery_stats WHERE deliveries <> 0"
    " ORDER BY 1, 2, 3"
)
DELIVERIES = (
    "SELECT tenant, channel, status, count(*) AS deliveries FROM notification_log"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)


@pytest.fixture
async def opened(home: House) -> AsyncIterator[Database]:
    """Open the views' database."""
    async with database(home) as held:
        yield held


def pruner(home: House, opened: Database, **more: Any) -> Pruner:
    """Make a pruner that does not pause."""
    return Pruner(opened, KEEP, Names(home.namespace), **({"pause_s": 0.0} | more))


def resolved(name: str, *, at: int, seq: int = 3, **fields: Any) -> Record:
    """Build the end of an alert."""
    times = {"first_seen_at": at, "last_seen_at": at, "occurred_at": at}
    more = {"kind": "resolved", "status": "resolved", "has_content": True}
    return change(name, seq, **(times | more | fields))


def one_of_each(name: str, at: int) -> list[Record]:
    """Build a record of every kind at a moment."""
    return [
        resolved(name, at=at),
        delivery_event(name, "delivered", occurred_at=at, created_at=at),
        Decision(
            id=f"d-{name}", subject_kind="alert", subject_id=name, stage="silence",
            outcome="muted", reason="silenced", occurred_at=at,
        ),
        DeadLetter(
            id=f"l-{name}", topic="alerts.raw", partition=0, offset=7, stage="decode",
            reason="undecodable", occurred_at=at,
        ),
    ]  # fmt: skip


async def recorded(opened: Database, name: str, at: int) -> None:
    """Record a message and an accepted intent at a moment."""
    message: dict[str, Any] = dict.fromkeys(outbox.COLUMNS, "")
    numbers = ("attempt", "priority", "alert_seq", "created_at")
    message |= dict.fromkeys(numbers, 0) | {"maybe_repeat": False, "payload": {}}
    message |= {"tenant": "default", "delivery_id": name, "recorded_at": at}
    async with opened.transaction() as connection:
        await outbox.record(connection, message)
        await connection.execute(
            "INSERT INTO intents VALUES ('default', %s, 'ann', '', '', 1, NULL, %s, 0, %s)",
            (name, at, at),
        )


def held(home: House) -> dict[str, int]:
    """Count the rows of every table that is pruned."""
    return {table: rows(home, f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}


def totals_are_right(home: House) -> bool:
    """Say whether statistics tell of the rows that are there, and of no others."""
    return rows(home, STATISTICS) == rows(home, ALERTS) and rows(home, DELIVERY_STATISTICS) == rows(
        home, DELIVERIES
    )


async def test_what_is_old_goes_and_the_rest_stays(home: House, opened: Database) -> None:
    """Each table loses what is older than it is kept, statistics too, and nothing else."""
    for name, at in (("old", NOON), ("young", NOW - DAY), ("steps", NOW - 60 * DAY)):
        await store(opened, one_of_each(name, at))
        await recorded(opened, name, at)
    counted = await pruner(home, opened).count(now=NOW)
    assert dict.fromkeys(TABLES, 3) == held(home)
    gone = await pruner(home, opened).prune(now=NOW)
    # Steps of 60 days ago are over 30 days old; alerts and deliveries of then are not over 90.
    steps, log = ("decisions", "delivery_events", "dead_letters"), ("outbox", "intents")
    expected = dict.fromkeys(steps, 2) | dict.fromkeys((*log, "notification_log", "alerts"), 1)
    assert expected == counted
    assert expected | {"alerts": 2} == gone  # the alert and its one change
    assert {table: 3 - count for table, count in expected.items()} == held(home)
    assert [{"n": 2}] == rows(home, "SELECT count(*) AS n FROM alert_changes")
    assert totals_are_right(home)
    assert {} == await pruner(home, opened).prune(now=NOW)


async def test_what_still_matters_is_kept_however_old(home: House, opened: Database) -> None:
    """An open alert, one that was resolved yesterday, and what waits for its time stay."""
    await store(
        opened,
        [
            change("open"),
            resolved("late", at=NOW - DAY, first_seen_at=NOON, last_seen_at=NOON),
            delivery_event("waits", "held", created_at=NOON, until=NOW + DAY),
        ],
    )
    before = held(home)
    await pruner(home, opened).prune(now=NOW)
    # The step that said so is as old as any.
    assert before | {"delivery_events": 0} == held(home)


async def test_large_ones_go_in_portions(home: House, opened: Database) -> None:
    """An alert with more changes than a portion holds goes whole in the end, and is told of."""
    changes = [change("long", seq, occurred_at=NOON + seq) for seq in range(1, 26)]
    await store(opened, [*changes, *(resolved(f"a{n}", at=NOON) for n in range(25))])
    await store(opened, [resolved("long", at=NOON, seq=26)])
    told: list[int] = []
    small = pruner(home, opened, batch=10, told=lambda _table, count: told.append(count))
    assert {"alerts": 26 + 25 + 25 + 1} == await small.prune(now=NOW)
    assert max(told) <= 20
    assert 0 == sum(held(home).values())
    assert totals_are_right(home)


async def test_one_process_prunes_at_a_time(home: House, opened: Database) -> None:
    """A second one leaves the work to the first, and takes it up when that is gone."""
    await store(opened, one_of_each("old", NOON))
    async with opened.transaction() as first:
        assert await prune.alone(first, opened.schema)
        with pytest.raises(Busy):
            await pruner(home, opened).prune(now=NOW)
    assert 1 == (await pruner(home, opened).prune(now=NOW))["decisions"]


async def test_who_reads_is_not_held_up(
    home: House, opened: Database, inbox: httpx.AsyncClient
) -> None:
    """While a batch goes, the inbox answers as if nothing happened."""
    await store(opened, one_of_each("old", NOON))
    async with opened.transaction() as connection:
        await prune.hold_writers(connection, Names(home.namespace).topic(ALERTS_CHANGES))
        gone = await prune.alerts(connection, "default", before=NOW, now=NOW, most=BATCH)
        assert 2 == gone
        assert 1 == (await get(inbox, "/notifications"))["total"]
    assert 0 == (await get(inbox, "/notifications"))["total"]


async def test_totals_are_right_whoever_writes_meanwhile(home: House, opened: Database) -> None:
    """Old alerts and deliveries that are written while they are pruned are counted right."""
    names = Names(home.namespace)
    alerts, events = names.topic(ALERTS_CHANGES), names.topic(DELIVERIES_EVENTS)
    stop = asyncio.Event()

    async def write() -> None:
        for wave in range(40):
            seq = wave + 3
            changes = [resolved(f"a{n}", at=NOON, seq=seq, count=seq) for n in range(20)]
            steps = [
                delivery_event(f"d{n}", ("sent", "delivered")[wave % 2], at=wave) for n in range(20)
            ]
            await store(opened, changes, place=alerts)
            await store(opened, steps, place=events)
        stop.set()

    async def delete() -> None:
        while not stop.is_set():
            await pruner(home, opened, batch=7).prune(now=NOW)

    await asyncio.gather(write(), delete())
    assert totals_are_right(home)
    await pruner(home, opened).prune(now=NOW)
    assert totals_are_right(home)
    assert 0 == sum(held(home).values())


async def test_the_operator_can_look_first(
    home: House,
    opened: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A look says what would go and changes nothing; the command deletes it; 0 keeps for ever."""
    await store(opened, one_of_each("old", NOON))
    monkeypatch.setenv("TOCSIN_KEEP_STEPS_DAYS", "30")
    assert 0 == await asyncio.to_thread(admin, ["prune", "--dry-run"])
    said = capsys.readouterr().out
    assert "decisions: 1 rows from before" in said
    assert "alerts" not in said
    assert 1 == held(home)["decisions"]
    assert 0 == await asyncio.to_thread(admin, ["prune"])
    assert "decisions: 1 rows deleted" in capsys.readouterr().out
    assert (0, 1) == (held(home)["decisions"], held(home)["alerts"])


async def test_the_views_prune_beside_their_work(
    home: House, opened: Database, stack: Stack, tmp_path: Path
) -> None:
    """A running process deletes what is old, and its metrics tell how much."""
    del stack
    await store(opened, one_of_each("old", NOON))
    port = free_port()
    kept = {"TOCSIN_KEEP_DAYS": "90", "TOCSIN_KEEP_STEPS_DAYS": "30"}
    env = {**home.environment, **kept, "TOCSIN_METRICS_PORT": str(port)}
    views = Process(["connectors.views"], env=env, log=tmp_path / "views.log")
    views.start()
    try:
        gone = await asyncio.to_thread(
            eventually,
            lambda: 0 == sum(held(home).values()),
            within_s=30,
            why="old rows are gone",
        )
        assert gone
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'tocsin_view_pruned_total{table="alerts"} 2.0' in text
    finally:
        views.kill()
