"""The inbox shows a tenant its own alerts, and an order is shown when it was carried out."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from fastapi import FastAPI

from connectors import parts as shared
from connectors.admin.commands import main as admin
from connectors.api.app import routes
from connectors.settings import Settings
from connectors.stores.credentials import Credentials, new_token
from connectors.stores.postgres import Database
from schemas import keys
from schemas.codec import decode
from schemas.errors import DatabaseUnavailable
from schemas.reasons import Outcome, Reason, Stage, SubjectKind
from schemas.records import AlertChange, AlertCommand, Decision, Record
from schemas.topics import ALERTS_COMMANDS, Names
from tests.builders import NOON
from tests.conftest import Stack
from tests.gateway import PARTITIONS, House, house
from tests.inbox import change, database, publish, store
from tests.processes import Process
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack


@pytest.fixture
def home(stack: Stack, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give topics, tables and keys under a namespace of the test's own."""
    return house(stack, namespace, tmp_path, monkeypatch)


@pytest.fixture
def token(home: House, tmp_path: Path) -> str:
    """Give a key that may read and write."""
    return home.make_key(tmp_path, name="inbox", scope="read,write")


@asynccontextmanager
async def _client(home: House, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the inbox, which runs in this process."""
    parts = shared.made(Settings.from_env(home.environment))
    app = FastAPI()
    app.include_router(routes(parts))
    async with AsyncExitStack() as opened:
        await parts.database.open()
        opened.push_async_callback(parts.database.close)
        await opened.enter_async_context(parts.producer)
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {token}"}
        yield await opened.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://inbox", headers=headers)
        )


@pytest.fixture
async def inbox(home: House, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client whose key may read and write."""
    async with _client(home, token) as client:
        yield client


@pytest.fixture
async def rows(home: House) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Give a way to write changes straight into the views."""
    async with database(home) as opened:

        async def write(*records: Record) -> None:
            await store(opened, records)

        yield write


Rows = Callable[..., Awaitable[None]]


async def _get(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/api{path}", params=params)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _ids(client: httpx.AsyncClient, **params: Any) -> list[str]:
    return [item["id"] for item in (await _get(client, "/notifications", **params))["items"]]


async def test_the_newest_comes_first_and_says_all(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """An entry says what it is, how often it came and how it stands, times in ISO 8601."""
    await rows(change("old"), change("new", last_seen_at=NOON + 9000, priority=3))
    item = (await _get(inbox, "/notifications"))["items"][0]

    assert ("alert-new", 3, "critical") == (item["id"], item["priority"], item["priority_name"])
    assert "2023-11-14T22:13:29.000Z" == item["last_seen_at"]
    assert (False, None, {"host": "new"}) == (
        item["acknowledged"],
        item["acknowledged_at"],
        item["labels"],
    )


async def test_filters_choose(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Source, state, priority and acknowledgement narrow the list, and the total with it."""
    await rows(
        change("a", source="slack", priority=1),
        change("b", source="email", priority=2, status="resolved"),
        change("c", source="email", priority=3, acknowledged=True),
    )
    assert {"alert-b", "alert-c"} == set(await _ids(inbox, source="email"))
    assert ["alert-b"] == await _ids(inbox, status="resolved")
    assert {"alert-a", "alert-c"} == set(await _ids(inbox, status="open"))
    assert {"alert-b", "alert-c"} == set(await _ids(inbox, priority="high,3"))
    assert ["alert-c"] == await _ids(inbox, acknowledged="true")
    assert 2 == (await _get(inbox, "/notifications", acknowledged="false", limit=1))["total"]


async def test_a_walk_meets_each_entry_once(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """By cursor, in pages of any size, everything comes exactly once, also while more arrives."""
    # Many share a moment, so that the order must not depend on time alone.
    await rows(*(change(f"{n:03}", last_seen_at=NOON + n // 7) for n in range(100)))
    whole = await _ids(inbox, limit=200)
    assert 100 == len(set(whole))
    for size in (1, 7, 33, 100, 200):
        walked: list[str] = []
        cursor: str | None = None
        while True:
            page = await _get(
                inbox, "/notifications", limit=size, **({"cursor": cursor} if cursor else {})
            )
            walked += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
            if size == 33:
                await rows(change(f"newcomer-{len(walked)}", last_seen_at=NOON + 10_000))
        assert whole == [each for each in walked if "newcomer" not in each]
        assert len(walked) == len(set(walked))


async def test_offset_skips(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Whoever counts pages may do so."""
    await rows(*(change(str(n), last_seen_at=NOON + n) for n in range(5)))
    assert ["alert-2", "alert-1"] == await _ids(inbox, limit=2, offset=2)


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"limit": 0}, "query.limit"),
        ({"limit": 201}, "query.limit"),
        ({"offset": -1}, "query.offset"),
        ({"cursor": "nonsense"}, "query.cursor"),
        ({"cursor": "W10", "offset": 3}, "query.cursor"),
        ({"priority": "urgent"}, "query.priority"),
        ({"status": "closed"}, "query.status"),
        ({"acknowledged": "perhaps"}, "query.acknowledged"),
        ({"source": "a\0b"}, "query.source"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    inbox: httpx.AsyncClient, params: dict[str, Any], where: str
) -> None:
    """The answer names the part of the question that is wrong."""
    answer = await inbox.get("/api/notifications", params=params)
    assert (422, "application/problem+json") == (
        answer.status_code,
        answer.headers["content-type"],
    )
    assert where == answer.json()["where"]


async def test_one_entry_by_id_or_fingerprint_with_its_history(
    inbox: httpx.AsyncClient, rows: Rows
) -> None:
    """A fingerprint leads to the last alert under it; history is newest first."""
    again = change("b", fingerprint="print-a", first_seen_at=NOON + 5, opened_offset=5)
    await rows(change("a"), change("a", 2, actor="ann"), again)
    by_id = await _get(inbox, "/notifications/alert-a")
    assert [2, 1] == [entry["seq"] for entry in by_id["history"]]
    assert "alert-b" == (await _get(inbox, "/notifications/print-a"))["id"]
    assert 404 == (await inbox.get("/api/notifications/nothing")).status_code


async def test_why_is_explained(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Decisions about an alert, or about records of its fingerprint, are told with reasons."""
    await rows(
        change("a"),
        _refusal("alert-a", Reason.SILENCED, ident="d1"),
        _refusal("elsewhere", Reason.DUPLICATE, ident="d2", fingerprint="print-a"),
        _refusal("other", Reason.NO_ROUTE, ident="d3", fingerprint="print-b"),
    )
    said = await _get(inbox, "/notifications/alert-a/explain")
    assert {"silenced", "duplicate"} == {each["reason"] for each in said["decisions"]}


def _refusal(subject: str, reason: Reason, *, ident: str, fingerprint: str = "") -> Decision:
    return Decision(
        id=ident,
        subject_kind=str(SubjectKind.RECORD),
        subject_id=subject,
        stage=str(Stage.COMMAND),
        outcome=str(Outcome.DROPPED),
        reason=str(reason),
        fingerprint=fingerprint,
        occurred_at=NOON,
    )


async def test_statistics_count_what_was_saved(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Twelve complaints that became one entry are eleven duplicates saved."""
    await rows(change("a"), change("a", 12, count=12))
    await rows(change("b", source="email", acknowledged=True, priority=3))
    said = await _get(inbox, "/stats")
    assert (2, 1, 13, 11) == (
        said["total"],
        said["unacknowledged"],
        said["occurrences"],
        said["duplicates_saved"],
    )
    assert {"slack": 1, "email": 1} == said["by_source"]


async def test_a_tenant_sees_nothing_of_another(
    home: House, inbox: httpx.AsyncClient, rows: Rows, tmp_path: Path
) -> None:
    """Lists, entries, explanations, statistics and orders stop at the tenant's own alerts."""
    await rows(change("a"), change("theirs", tenant="blue", source="sms"))
    await rows(change("a", 7, count=7, tenant="blue"))
    theirs = home.make_key(tmp_path, "--tenant", "blue", name="blue", scope="read,write")

    assert ["alert-a"] == await _ids(inbox)
    assert 1 == (await _get(inbox, "/notifications/alert-a"))["count"]
    assert {"slack": 1} == (await _get(inbox, "/stats"))["by_source"]
    for path in ("", "/explain"):
        answer = await inbox.get(f"/api/notifications/alert-theirs{path}")
        assert 404 == answer.status_code
    for order in ("ack", "unack", "resolve", "unsnooze"):
        answer = await inbox.post(f"/api/notifications/print-theirs/{order}")
        assert 404 == answer.status_code
    async with _client(home, theirs) as blue:
        assert {"alert-theirs", "alert-a"} == set(await _ids(blue))


async def test_only_a_key_with_the_scope_gets_in(
    home: House, inbox: httpx.AsyncClient, rows: Rows, tmp_path: Path
) -> None:
    """No key, an unknown key, a key for something else: refused; basic works like bearer."""
    await rows(change("a"))
    reader = home.make_key(tmp_path, name="reader", scope="read")
    sender = home.make_key(tmp_path, name="sender", scope="ingest")

    async def ask(authorization: str, method: str = "GET", path: str = "/stats") -> int:
        headers = {b"Authorization": authorization.encode("latin-1")}
        return (await inbox.request(method, f"/api{path}", headers=headers)).status_code

    assert 401 == await ask("")
    assert 401 == await ask("Bearer toc_unknown")
    assert 401 == await ask("Bearer schlüssel")
    assert 401 == await ask("Basic !!!")
    assert 403 == await ask(f"Bearer {sender}")
    assert 200 == await ask(f"Bearer {reader}")
    assert 403 == await ask(f"Bearer {reader}", "POST", "/notifications/alert-a/ack")
    assert (
        200
        == (
            await inbox.get("/api/stats", headers={"Authorization": ""}, auth=("any", reader))
        ).status_code
    )


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
        return _refusal(command.id, Reason.UNKNOWN_ALERT, ident=command.id)
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

    history = (await _get(inbox, "/notifications/alert-a"))["history"]
    assert ["resolved", "snoozed", "unacknowledged", "acknowledged", "fired"] == [
        entry["kind"] for entry in history
    ]
    assert {"note": "on it", "actor": "ann"}.items() <= history[3].items()


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


async def test_while_postgres_is_away_the_inbox_says_come_again(
    stack: Stack, inbox: httpx.AsyncClient, rows: Rows
) -> None:
    """The answer is 503 with a time to wait, and afterwards all is as before."""
    await rows(change("a"))
    assert ["alert-a"] == await _ids(inbox)
    stack.postgres.kill()
    answer = await inbox.get("/api/stats")
    assert (503, True) == (answer.status_code, "retry-after" in answer.headers)
    stack.postgres.start()

    async def back() -> bool:
        return (await inbox.get("/api/stats")).status_code == 200

    await eventually_async(back, within_s=20, why="the inbox answers again")


async def test_a_known_key_opens_also_while_postgres_is_away(
    stack: Stack, home: House, token: str
) -> None:
    """A key seen before opens, one never seen cannot be judged, a revoked one is refused."""
    now = [0.0]
    schema = Names(home.namespace).database_schema()
    opened = Database(url=home.environment["DATABASE_URL"], schema=schema)
    await opened.open()
    credentials = Credentials(opened, clock=lambda: now[0])
    try:
        found = await credentials.find(token)
        assert found is not None
        assert ("default", "inbox") == (found.tenant, found.name)
        assert await credentials.find("toc_wrong") is None
        stack.postgres.kill()
        now[0] += 1000
        assert found == await credentials.find(token)
        now[0] += 1000
        with pytest.raises(DatabaseUnavailable):
            await credentials.find(new_token())
        stack.postgres.start()
        await asyncio.to_thread(admin, ["revoke", "inbox"])
        now[0] += 1000

        async def refused() -> bool:
            now[0] += 1000
            return await credentials.find(token) is None

        await eventually_async(refused, within_s=20, why="the revoked key is refused")
    finally:
        await opened.close()
