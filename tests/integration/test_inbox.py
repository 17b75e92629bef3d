"""The inbox shows a tenant its own alerts, all of them, and nothing to whoever may not look."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.reasons import Reason
from tests.builders import NOON
from tests.conftest import Stack
from tests.gateway import House
from tests.inbox import Rows, change, client_of, get, ids, refusal
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack


async def test_the_newest_comes_first_and_says_all(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """An entry says what it is, how often it came and how it stands, times in ISO 8601."""
    await rows(change("old"), change("new", last_seen_at=NOON + 9000, priority=3))
    item = (await get(inbox, "/notifications"))["items"][0]

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
    assert {"alert-b", "alert-c"} == set(await ids(inbox, source="email"))
    assert ["alert-b"] == await ids(inbox, status="resolved")
    assert {"alert-a", "alert-c"} == set(await ids(inbox, status="open"))
    assert {"alert-b", "alert-c"} == set(await ids(inbox, priority="high,3"))
    assert ["alert-c"] == await ids(inbox, acknowledged="true")
    assert 2 == (await get(inbox, "/notifications", acknowledged="false", limit=1))["total"]


async def test_a_walk_meets_each_entry_once(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """By cursor, in pages of any size, everything comes exactly once, also while more arrives."""
    # Many share a moment, so that the order must not depend on time alone.
    await rows(*(change(f"{n:03}", last_seen_at=NOON + n // 7) for n in range(100)))
    whole = await ids(inbox, limit=200)
    assert 100 == len(set(whole))
    for size in (1, 7, 33, 100, 200):
        walked: list[str] = []
        cursor: str | None = None
        while True:
            page = await get(
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
    assert ["alert-2", "alert-1"] == await ids(inbox, limit=2, offset=2)


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
    by_id = await get(inbox, "/notifications/alert-a")
    assert [2, 1] == [entry["seq"] for entry in by_id["history"]]
    assert "alert-b" == (await get(inbox, "/notifications/print-a"))["id"]
    assert 404 == (await inbox.get("/api/notifications/nothing")).status_code


async def test_why_is_explained(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Decisions about an alert, or about records of its fingerprint, are told with reasons."""
    await rows(
        change("a"),
        refusal("alert-a", Reason.SILENCED, ident="d1"),
        refusal("elsewhere", Reason.DUPLICATE, ident="d2", fingerprint="print-a"),
        refusal("other", Reason.NO_ROUTE, ident="d3", fingerprint="print-b"),
    )
    said = await get(inbox, "/notifications/alert-a/explain")
    assert {"silenced", "duplicate"} == {each["reason"] for each in said["decisions"]}


async def test_statistics_count_what_was_saved(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Twelve complaints that became one entry are eleven duplicates saved."""
    await rows(change("a"), change("a", 12, count=12))
    await rows(change("b", source="email", acknowledged=True, priority=3))
    said = await get(inbox, "/stats")
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

    assert ["alert-a"] == await ids(inbox)
    assert 1 == (await get(inbox, "/notifications/alert-a"))["count"]
    assert {"slack": 1} == (await get(inbox, "/stats"))["by_source"]
    for path in ("", "/explain"):
        answer = await inbox.get(f"/api/notifications/alert-theirs{path}")
        assert 404 == answer.status_code
    for order in ("ack", "unack", "resolve", "unsnooze"):
        answer = await inbox.post(f"/api/notifications/print-theirs/{order}")
        assert 404 == answer.status_code
    async with client_of(home, theirs) as blue:
        assert {"alert-theirs", "alert-a"} == set(await ids(blue))


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


async def test_while_postgres_is_away_the_inbox_says_come_again(
    stack: Stack, inbox: httpx.AsyncClient, rows: Rows
) -> None:
    """The answer is 503 with a time to wait, and afterwards all is as before."""
    await rows(change("a"))
    assert ["alert-a"] == await ids(inbox)
    stack.postgres.kill()
    answer = await inbox.get("/api/stats")
    assert (503, True) == (answer.status_code, "retry-after" in answer.headers)
    stack.postgres.start()

    async def back() -> bool:
        return (await inbox.get("/api/stats")).status_code == 200

    await eventually_async(back, within_s=20, why="the inbox answers again")
