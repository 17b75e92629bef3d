"""`make run` gives a newcomer the whole product, and nothing is forgotten when it is stopped."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.local_stack import Product
from tests.waiting import eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

TEXT = "CPU usage above 90% on server-01"
STORY = "17 events became 5 entries: one entry x 12 (11 duplicates saved), 1 silenced, 1 resolved."


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, str]]:
    """Run the product once for all tests here, with what its first run printed."""
    folder = tmp_path_factory.mktemp("product")
    folder.chmod(0o711)  # PostgreSQL runs as another account when the run is root's
    product = Product(folder)
    try:
        yield product, product.run()
    finally:
        product.close()


@pytest.fixture
def product(started: tuple[Product, str]) -> Product:
    """Give the running product."""
    return started[0]


def _entries(client: httpx.Client, alert_id: str) -> list[dict[str, Any]]:
    answer = client.get("/api/notifications", params={"limit": 200}).raise_for_status()
    return [item for item in answer.json()["items"] if item["id"] == alert_id]


def _post(client: httpx.Client, text: str = TEXT) -> dict[str, Any]:
    answer = client.post("/ingest/slack", data={"text": text})
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


def test_the_samples_tell_their_story(started: tuple[Product, str]) -> None:
    """The run shows what seventeen events of five sources came to, and what to try next."""
    assert STORY in started[1], started[1]
    assert "/api/notifications'" in started[1]


def test_a_person_who_is_signed_in_decides_what_is_sent(product: Product) -> None:
    """What somebody turns off in the preferences is suppressed a moment later."""
    with product.signed_in() as ann, product.client() as program:
        asked = ann.get("/api/notifications/preferences").raise_for_status()
        own = asked.json()["own"]
        own["choices"]["maintenance"] = {"*": False}
        tag = {"If-Match": asked.headers["etag"]}
        answer = ann.put("/api/notifications/preferences", json=own, headers=tag)
        assert 200 == answer.status_code, answer.text
        message = {
            "user_id": answer.json()["recipient"],
            "subject": "Maintenance tonight",
            "body": "From 22:00 to 23:00.",
            "type": "maintenance",
            "channels": ["email"],
        }

        def became() -> list[tuple[str, str, str]]:
            accepted = program.post("/api/intents", json=message)
            assert 202 == accepted.status_code, accepted.text
            where = accepted.json()["status_url"]

            def ended() -> dict[str, Any] | None:
                state: dict[str, Any] = program.get(where).json()
                return state if state["status"] == "final" else None

            state = eventually(ended, within_s=20, why="the message came to its end")
            assert state is not None
            return [(each["channel"], each["status"], each["reason"]) for each in state["channels"]]

        # A preference and a message travel on topics of their own: it counts within a second.
        eventually(
            lambda: became() == [("email", "suppressed", "preference")],
            within_s=30,
            why="the mail is suppressed",
        )


def test_an_alert_is_taken_by_the_link_in_its_message(product: Product) -> None:
    """Whoever reads a message in the outbox can acknowledge its alert without any key."""
    with product.client() as client, httpx.Client(timeout=10) as reader:
        entry = _post(client, "Memory is short on server-02")

        def link() -> str:
            told = client.get("/api/outbox", params={"channel": "email", "limit": 200}).json()
            words = [item["text"] for item in told["items"] if item["alert_id"] == entry["id"]]
            return next(iter(re.findall(r"http\S+/a/\S+", " ".join(words))), "")

        url = eventually(link, within_s=30, why="a message names its link")
        assert "<button>" in reader.get(url).text
        assert 200 == reader.post(url).status_code
        eventually(
            lambda: _entries(client, entry["id"])[0]["acknowledged"],
            within_s=10,
            why="the inbox shows that it was acknowledged",
        )


def test_the_documentation_is_served(product: Product) -> None:
    """Whoever opens the API's address finds it described, ingest and inbox alike."""
    with product.client() as client:
        assert 200 == client.get("/docs").status_code
        described = client.get("/openapi.json").raise_for_status().json()["paths"]
    assert {"/ingest/{format}", "/api/notifications"} <= described.keys()


def test_a_duplicate_is_told_at_once_also_after_a_restart(product: Product) -> None:
    """The same text is one entry with a count, can be taken in hand, and outlives a restart."""
    with product.client() as client:
        first, second = _post(client), _post(client)
        assert (False, True) == (first["duplicate"], second["duplicate"])
        assert first["id"] == second["existing_id"]

        def counted() -> bool:
            return [2] == [entry["count"] for entry in _entries(client, first["id"])]

        eventually(counted, within_s=10, why="the inbox shows one entry x 2")
        client.post(f"/api/notifications/{first['id']}/ack").raise_for_status()
        eventually(
            lambda: _entries(client, first["id"])[0]["acknowledged"],
            within_s=10,
            why="the entry is acknowledged",
        )

    assert 0 == product.stop()
    assert [] == list((product.folder / "run").iterdir())
    assert STORY in product.run()

    with product.client() as client:
        third = _post(client)
        assert (True, first["id"]) == (third["duplicate"], third["existing_id"])
        eventually(
            lambda: [3] == [entry["count"] for entry in _entries(client, first["id"])],
            within_s=10,
            why="the inbox shows one entry x 3",
        )
        assert _entries(client, first["id"])[0]["acknowledged"]
