"""The views show what the topics say: all of it, once, whatever stops in between."""

import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from connectors.stores.heard import Heard, HeardAnswer
from connectors.stores.redis import Redis
from schemas.codec import decode
from schemas.records import AlertChange, DeadLetter, Decision
from schemas.topics import ALERTS_CHANGES, DEAD_LETTERS, Names
from tests import topics
from tests.builders import HOUR
from tests.conftest import Stack
from tests.gateway import House, free_port
from tests.inbox import change, publish, rows
from tests.processes import Process
from tests.waiting import eventually, eventually_async

pytestmark = pytest.mark.stack


@pytest.fixture
def port() -> int:
    """Give the port on which the views tell how they are."""
    return free_port()


@pytest.fixture
def views(home: House, tmp_path: Path, port: int) -> Iterator[Process]:
    """Give the views' process, not started; it is gone after the test."""
    env = {
        **home.environment,
        "TOCSIN_METRICS_PORT": str(port),
        "TOCSIN_INSTANCE_ID": "first",
    }
    process = Process(["connectors.views"], env=env, log=tmp_path / "views.log")
    yield process
    process.kill()
    print(process.tail())


def _count(home: House, table: str) -> int:
    return int(rows(home, f"SELECT count(*) AS n FROM {table}")[0]["n"])


def _wait(home: House, table: str, count: int, *, within_s: float = 30) -> None:
    eventually(
        lambda: _count(home, table) == count, within_s=within_s, why=f"{count} rows in {table}"
    )


STATISTICS = (
    "SELECT tenant, source, status, priority, acknowledged, alerts, occurrences"
    " FROM alert_stats WHERE alerts > 0 ORDER BY 1, 2, 3, 4, 5"
)
COUNTED = (
    "SELECT tenant, source, status, priority, acknowledged, count(*) AS alerts,"
    " sum(count)::bigint AS occurrences FROM alerts GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
)


def test_an_alert_is_shown_as_its_last_change_says(home: House, views: Process) -> None:
    """State comes from the highest change, text from the last that had some, history is whole."""
    acknowledged = change("a", 3, kind="acknowledged", acknowledged=True, acknowledged_by="ann")
    publish(home, [change("a"), change("a", 2, count=12), acknowledged])
    views.start()
    _wait(home, "alert_changes", 3)

    alert = rows(home, "SELECT * FROM alerts")[0]
    assert (3, True, "ann", acknowledged.occurred_at) == (
        alert["seq"],
        alert["acknowledged"],
        alert["acknowledged_by"],
        alert["acknowledged_at"],
    )
    assert ("Disk full on a", {"host": "a"}) == (alert["title"], alert["labels"])
    kinds = [row["kind"] for row in rows(home, "SELECT kind FROM alert_changes ORDER BY seq")]
    assert ["fired", "repeated", "acknowledged"] == kinds


def test_decisions_and_dead_letters_are_kept(home: House, views: Process) -> None:
    """Whoever asks why finds the decision, and what could not be taken lies there as it came."""
    decision = Decision(
        id="d1", subject_kind="alert", subject_id="alert-a", stage="silence", outcome="muted",
        reason="silenced",
    )  # fmt: skip
    letter = DeadLetter(
        id="l1", topic="alerts.raw", partition=0, offset=7, stage="decode", reason="undecodable",
        key=b"\xff", value=b"\x00\x01", headers=[("fp", b"\xfe")],
    )  # fmt: skip
    publish(home, [decision, letter])
    views.start()
    _wait(home, "decisions", 1)
    _wait(home, "dead_letters", 1)

    assert "silenced" == rows(home, "SELECT reason FROM decisions")[0]["reason"]
    kept = rows(home, "SELECT key, value, headers FROM dead_letters")[0]
    assert (b"\xff", b"\x00\x01") == (bytes(kept["key"]), bytes(kept["value"]))


def test_reading_everything_again_changes_nothing(home: House, views: Process) -> None:
    """The same topics read twice give the same rows and the same statistics."""
    publish(home, [change(f"{n}", seq) for n in range(20) for seq in (1, 2, 3)])
    views.start()
    _wait(home, "alert_changes", 60)
    before = rows(home, STATISTICS)
    assert 0 == views.stop()

    rows(home, "UPDATE view_offsets SET next_offset = 0 RETURNING topic")
    publish(home, [change("late")])
    views.start()
    _wait(home, "alerts", 21)

    assert 61 == _count(home, "alert_changes")
    assert 60 == before[0]["occurrences"]
    assert rows(home, COUNTED) == rows(home, STATISTICS)


def test_killed_again_and_again_it_neither_loses_nor_doubles(home: House, views: Process) -> None:
    """After six kill -9 under load every change was applied once, and the sums are right."""
    seed = random.Random(7)
    alerts = 300
    for wave in range(6):
        publish(home, [change(f"{n}", wave + 1) for n in range(alerts)])
        views.start()
        reached = seed.randrange(wave * alerts, (wave + 1) * alerts + 1)
        eventually(
            lambda reached=reached: _count(home, "alert_changes") >= reached,  # type: ignore[misc]
            within_s=30,
            why=f"{reached} changes before the kill",
        )
        views.kill()
    views.start()
    _wait(home, "alert_changes", 6 * alerts)

    assert [{"alerts": alerts, "lowest": 6}] == rows(
        home, "SELECT count(*) AS alerts, min(seq) AS lowest FROM alerts"
    )
    assert rows(home, COUNTED) == rows(home, STATISTICS)
    assert 6 * alerts == rows(home, STATISTICS)[0]["occurrences"]


def test_two_workers_share_the_work_and_the_sums_stay_right(
    home: House, views: Process, tmp_path: Path
) -> None:
    """A second worker that joins and leaves under load doubles nothing."""
    publish(home, [change(f"{n}", 1) for n in range(500)])
    views.start()
    _wait(home, "alerts", 500)
    other = Process(["connectors.views"], env=home.environment, log=tmp_path / "other.log")
    with other:
        for wave in range(2, 8):
            publish(home, [change(f"{n}", wave) for n in range(500)])
        _wait(home, "alert_changes", 3500)
    publish(home, [change(f"{n}", 8) for n in range(500)])
    _wait(home, "alert_changes", 4000, within_s=45)

    assert rows(home, COUNTED) == rows(home, STATISTICS)


def test_views_catch_up_after_postgres_was_away(stack: Stack, home: House, views: Process) -> None:
    """What was said while PostgreSQL was away is shown after it came back."""
    views.start()
    publish(home, [change("before")])
    _wait(home, "alerts", 1)

    stack.postgres.kill()
    publish(home, [change("during"), change("before", 2)])
    eventually(lambda: "waiting" in views.tail(), within_s=20, why="the views wait")
    stack.postgres.start()

    _wait(home, "alert_changes", 3)
    assert views.running()


def test_views_start_before_postgres(stack: Stack, home: House, views: Process) -> None:
    """Views that start while PostgreSQL is away work as soon as it is there."""
    publish(home, [change("a")])
    stack.postgres.stop()
    views.start()
    eventually(lambda: "waiting" in views.tail(), within_s=20, why="the views wait")
    stack.postgres.start()
    _wait(home, "alerts", 1)


def test_a_record_that_cannot_be_taken_holds_nobody_up(home: House, views: Process) -> None:
    """Bytes that are no record become a dead letter with its reason; the next ones are shown."""
    names, servers = Names(home.namespace), home.environment["KAFKA_BOOTSTRAP_SERVERS"]
    place = names.topic(ALERTS_CHANGES)
    topics.produce(servers, place, [(b"default:x", b"not a record"), (b"default:x", b"")])
    publish(home, [change("good"), change("huge", priority=3, count=2**62)])
    publish(home, [change("huge", 2, priority=3, count=2**62), change("fine")])
    publish(home, [change("more", priority=3, count=2**62)])  # this sum is no bigint any more
    views.start()
    _wait(home, "dead_letters", 3)

    shown = {row["alert_id"] for row in rows(home, "SELECT alert_id FROM alerts")}
    assert {"alert-good", "alert-fine"} < shown
    letters = [
        decode(DeadLetter, message.value() or b"")
        for message in topics.read_all(servers, [names.topic(DEAD_LETTERS)])
    ]
    assert {"undecodable", "invalid"} == {letter.reason for letter in letters}
    assert {place} == {letter.topic for letter in letters}
    assert b"not a record" in {letter.value for letter in letters}


async def _hear(home: House, name: str, offset: int) -> HeardAnswer | None:
    connection = Redis(url=home.environment["REDIS_URL"])
    try:
        return await Heard(connection, Names(home.namespace)).hear(
            tenant="default",
            fingerprint=f"print-{name}",
            alert_id="mine",
            partition=0,
            offset=offset,
            until=0,
        )
    finally:
        await connection.close()


def _forever(name: str, seq: int = 1) -> AlertChange:
    return change(name, seq, window_ends_at=0, opened_offset=3)


async def test_an_empty_redis_is_filled_from_the_view(home: House, views: Process) -> None:
    """After Redis lost everything, a known alert is a duplicate again."""
    publish(home, [_forever("a")])
    views.start()
    _wait(home, "alerts", 1)
    views.stop()
    client = redis.Redis.from_url(home.environment["REDIS_URL"])
    client.delete(*client.keys(f"{home.namespace}.*"))

    views.start()
    marker = Names(home.namespace).redis("heard-filled")
    eventually(lambda: client.exists(marker), within_s=20, why="Redis is filled")
    assert HeardAnswer(duplicate=True, alert_id="alert-a") == await _hear(home, "a", 9)


async def test_redis_emptied_under_way_is_filled_too(home: House, views: Process) -> None:
    """Views notice within seconds that Redis is empty, and fill it."""
    publish(home, [_forever("a")])
    views.start()
    _wait(home, "alerts", 1)
    client = redis.Redis.from_url(home.environment["REDIS_URL"])
    marker = Names(home.namespace).redis("heard-filled")
    eventually(lambda: client.exists(marker), within_s=20, why="Redis was filled at the start")
    client.delete(*client.keys(f"{home.namespace}.*"))

    eventually(lambda: client.exists(marker), within_s=20, why="Redis is filled again")
    assert HeardAnswer(duplicate=True, alert_id="alert-a") == await _hear(home, "a", 9)


async def test_views_go_on_without_redis_and_tell_it_later(
    stack: Stack, home: House, views: Process
) -> None:
    """While Redis is away the view stays current; Redis learns what it missed."""
    views.start()
    publish(home, [_forever("before")])
    _wait(home, "alerts", 1)
    stack.valkey.kill()
    publish(home, [_forever("during")])
    _wait(home, "alerts", 2)
    stack.valkey.start()

    async def known() -> bool:
        found = await _hear(home, "during", 3)  # the opener's own place, so nothing is noted
        return found == HeardAnswer(duplicate=False, alert_id="alert-during")

    await eventually_async(known, within_s=20, why="Redis knows what it missed")


def test_health_and_metrics_are_told(home: House, views: Process, port: int) -> None:
    """Whoever watches sees that the views are ready and how much they wrote."""
    publish(home, [change("a")])
    views.start()
    _wait(home, "alerts", 1)
    url = f"http://127.0.0.1:{port}"
    eventually(
        lambda: httpx.get(f"{url}/health/ready").status_code == 200, within_s=10, why="ready"
    )
    assert 200 == httpx.get(f"{url}/health/live").status_code
    topic = Names(home.namespace).topic(ALERTS_CHANGES)
    assert f'tocsin_view_rows_total{{topic="{topic}"}} 1.0' in httpx.get(f"{url}/metrics").text


def test_asked_to_stop_it_stops(home: House, views: Process) -> None:
    """SIGTERM ends the views cleanly, at work or not."""
    publish(home, [change("a", last_seen_at=HOUR)])
    views.start()
    _wait(home, "alerts", 1)
    assert 0 == views.stop(within_s=15)
