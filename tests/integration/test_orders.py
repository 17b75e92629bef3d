"""An order is answered when the inbox shows that it was carried out, or with why it was not."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from schemas import keys
from schemas.codec import decode, encode
from schemas.fingerprint import fingerprint
from schemas.reasons import Reason
from schemas.records import AlertChange, AlertCommand, Decision, RawAlert
from schemas.topics import ALERTS_COMMANDS, ALERTS_RAW, Names
from tests.builders import HOUR
from tests.gateway import PARTITIONS, House
from tests.inbox import Rows, change, get, publish, refusal
from tests.processes import Process
from tests.topics import produce
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack


@pytest.fixture
def triage(home: House) -> Iterator[None]:
    """Carry orders out as triage would, but refuse what is said about the alert `closed`."""
    names, servers = Names(home.namespace), home.environment["KAFKA_BOOTSTRAP_SERVERS"]
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": names.group("triage"),
        }
    )
    orders = names.topic(ALERTS_COMMANDS)
    consumer.assign([TopicPartition(orders, each, OFFSET_BEGINNING) for each in range(PARTITIONS)])
    stopped = threading.Event()

    def work() -> None:
        seq = 1
        while not stopped.is_set():
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                command = decode(AlertCommand, message.value() or b"")
                assert keys.key("default", command.fingerprint) == message.key()
                seq += 1
                publish(home, [_carried_out(command, seq)])

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopped.set()
    thread.join()
    consumer.close()


def _carried_out(command: AlertCommand, seq: int) -> AlertChange | Decision:
    name = command.alert_id.removeprefix("alert-")
    if name == "closed":
        return refusal(command.id, Reason.UNKNOWN_ALERT, ident=command.id)
    said: dict[str, dict[str, Any]] = {
        "ack": {
            "kind": "acknowledged",
            "acknowledged": True,
            "acknowledged_by": command.actor,
        },
        "unack": {"kind": "unacknowledged"},
        "resolve": {"kind": "resolved", "status": "resolved"},
        "snooze": {"kind": "snoozed", "snoozed_until": command.until},
    }
    return change(name, seq, actor=command.actor, note=command.note, **said[command.kind])


@pytest.fixture
def views(home: House, tmp_path: Path) -> Iterator[Process]:
    """Run the views for the time of the test."""
    with Process(["connectors.views"], env=home.environment, log=tmp_path / "views.log") as process:
        yield process


async def _shown(inbox: httpx.AsyncClient, name: str) -> None:
    async def found() -> bool:
        return (await inbox.get(f"/api/notifications/{name}")).status_code == 200

    await eventually_async(found, within_s=20, why=f"{name} is in the inbox")


@pytest.mark.usefixtures("triage", "views")
async def test_an_order_is_answered_when_the_inbox_shows_it(
    home: House, inbox: httpx.AsyncClient
) -> None:
    """Acknowledge, take back, snooze, resolve: each answer shows the entry as it is then."""
    publish(home, [change("a")])
    await _shown(inbox, "alert-a")

    body = {"actor": "ann", "note": "on it"}
    acknowledged = await inbox.post("/api/notifications/print-a/ack", json=body)
    assert (200, True, "ann") == (
        acknowledged.status_code,
        acknowledged.json()["acknowledged"],
        acknowledged.json()["acknowledged_by"],
    )
    seq = acknowledged.json()["seq"]
    again = await inbox.post("/api/notifications/print-a/ack")
    assert (200, seq) == (again.status_code, again.json()["seq"])
    taken_back = await inbox.post("/api/notifications/print-a/unack")
    assert (200, False) == (taken_back.status_code, taken_back.json()["acknowledged"])
    snoozed = await inbox.post("/api/notifications/alert-a/snooze", json={"for_s": 600})
    assert 200 == snoozed.status_code
    assert snoozed.json()["snoozed_until"] is not None
    resolved = await inbox.post("/api/notifications/alert-a/resolve")
    assert (200, "resolved") == (resolved.status_code, resolved.json()["status"])
    late = await inbox.post("/api/notifications/alert-a/snooze", json={"for_s": 600})
    assert 409 == late.status_code

    history = (await get(inbox, "/notifications/alert-a"))["history"]
    assert ["resolved", "snoozed", "unacknowledged", "acknowledged", "fired"] == [
        entry["kind"] for entry in history
    ]
    assert {"note": "on it", "actor": "ann"}.items() <= history[3].items()


@pytest.fixture
def judging(home: House, tmp_path: Path) -> Iterator[Process]:
    """Run the real triage for the time of the test."""
    env = {**home.environment, "TOCSIN_DATA_DIR": str(tmp_path / "triage"), "TOCSIN_SESSION_S": "6"}
    with Process(["streams", "triage"], env=env, log=tmp_path / "triage.log") as process:
        yield process


def _heard(home: House, titles: Sequence[str], *, at: int) -> list[str]:
    """Let chat have told these at a moment, and give their fingerprints."""
    raws = [RawAlert(source="slack", title=title, occurred_at=at) for title in titles]
    prints = [fingerprint(raw) for raw in raws]
    pairs = [
        (keys.key(raw.tenant, each), encode(raw)) for raw, each in zip(raws, prints, strict=True)
    ]
    servers = home.environment["KAFKA_BOOTSTRAP_SERVERS"]
    produce(servers, Names(home.namespace).topic(ALERTS_RAW), pairs, timestamp=at)
    return prints


@pytest.mark.usefixtures("judging", "views")
async def test_what_nobody_takes_in_hand_leaves_the_open_ones_by_itself(
    home: House, inbox: httpx.AsyncClient
) -> None:
    """Three hours after a word in chat it is over; what was acknowledged can still be resolved."""
    now = time.time_ns() // 1_000_000
    left, cared_for = _heard(home, ["CPU is high", "Disk is full"], at=now - 3 * HOUR)
    await _shown(inbox, left)
    await _shown(inbox, cared_for)
    assert (await inbox.post(f"/api/notifications/{cared_for}/ack")).json()["acknowledged"]

    async def ended() -> bool:
        # A partition's time is that of its records, so time goes on while others speak.
        words = ("red", "green", "blue", "black", "white", "grey", "pink", "brown")
        _heard(home, words, at=time.time_ns() // 1_000_000)
        return bool((await get(inbox, f"/notifications/{left}"))["status"] == "resolved")

    await eventually_async(ended, within_s=20, why="the clock ends what nobody took in hand")
    history = (await get(inbox, f"/notifications/{left}"))["history"]
    assert [("resolved", "timeout"), ("fired", "")] == [(c["kind"], c["actor"]) for c in history]
    decisions = (await get(inbox, f"/notifications/{left}/explain"))["decisions"]
    assert "window_over" in {each["reason"] for each in decisions}
    listed = (await get(inbox, "/notifications", status="open"))["items"]
    still_open = {each["fingerprint"] for each in listed}
    assert left not in still_open
    assert cared_for in still_open
    assert 200 == (await inbox.post(f"/api/notifications/{left}/resolve")).status_code
    resolved = await inbox.post(f"/api/notifications/{cared_for}/resolve")
    assert (200, "resolved") == (resolved.status_code, resolved.json()["status"])


@pytest.mark.usefixtures("triage", "views")
async def test_an_order_that_comes_too_late_is_refused(
    home: House, inbox: httpx.AsyncClient
) -> None:
    """What triage no longer knows cannot be acknowledged, and the answer says so."""
    publish(home, [change("closed")])
    await _shown(inbox, "alert-closed")
    answer = await inbox.post("/api/notifications/alert-closed/ack")
    assert (409, "unknown_alert") == (answer.status_code, answer.json()["reason"])


async def test_an_order_that_nobody_has_carried_out_yet_is_on_its_way(
    inbox: httpx.AsyncClient, rows: Rows
) -> None:
    """While triage is away Kafka keeps the order, and the answer says so."""
    await rows(change("a"))
    answer = await inbox.post("/api/notifications/alert-a/ack")
    assert (202, "on its way") == (answer.status_code, answer.json()["status"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"for_s": 0},
        {"for_s": 60, "until": "2999-01-01T00:00:00Z"},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "tomorrow"},
        {"for": 60},
    ],
)
async def test_a_snooze_needs_an_end_to_come(
    inbox: httpx.AsyncClient, rows: Rows, body: dict[str, Any]
) -> None:
    """A snooze without an end, with two, or with one that is past is refused."""
    await rows(change("a"))
    answer = await inbox.post("/api/notifications/alert-a/snooze", json=body)
    assert 422 == answer.status_code
