"""Whoever asks learns what became of an intent and its deliveries, of the own tenant alone."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.stores.queries import intents, outbox
from schemas.reasons import Outcome, Reason, Stage, SubjectKind
from schemas.records import Decision
from tests.builders import HOUR, NOON
from tests.deliveries import delivery_event as event
from tests.gateway import House
from tests.inbox import Rows, change, client_of, database, get

pytestmark = pytest.mark.stack

UNTIL = NOON + 8 * HOUR


def _decision(subject: str, stage: Stage, reason: Reason, *, at: int = 0) -> Decision:
    return Decision(
        id=f"{subject}:{stage}",
        subject_kind=str(SubjectKind.INTENT),
        subject_id=subject,
        stage=str(stage),
        outcome=str(Outcome.HELD),
        reason=str(reason),
        occurred_at=NOON + at,
    )


async def _accept(home: House, *names: str, tenant: str = "default") -> None:
    rows = [
        {
            "tenant": tenant,
            "id": f"intent-{name}",
            "recipient": "ann",
            "template": "welcome",
            "type": "account",
            "priority": 1,
            "channels": ["email", "sms"],
            "created_at": NOON,
            "expires_at": NOON + HOUR,
            "accepted_at": NOON,
        }
        for name in names
    ]
    async with database(home) as opened, opened.transaction() as connection:
        await intents.insert(connection, rows)
        await intents.insert(connection, [row | {"recipient": "late"} for row in rows])


async def test_an_accepted_intent_says_so_before_it_is_planned(
    home: House, inbox: httpx.AsyncClient
) -> None:
    """Right after the 202 the intent is there, accepted, as its sender gave it."""
    await _accept(home, "a")
    said = await get(inbox, "/intents/intent-a")
    assert ("accepted", "ann", ["email", "sms"], []) == (
        said["status"],
        said["recipient"],
        said["requested_channels"],
        said["channels"],
    )
    assert 404 == (await inbox.get("/api/intents/intent-b")).status_code


async def test_an_intent_is_told_channel_by_channel(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Delivered, held until, suppressed and over the limit stand side by side, each with why."""
    await rows(
        event("mail", "queued", intent_id="i"),
        event("mail", "delivered", intent_id="i", at=90, provider="sandbox"),
        event("text", "held", intent_id="i", channel="sms", address="", until=UNTIL,
              reason="quiet_hours"),
        event("push", "suppressed", intent_id="i", channel="push", address="",
              reason="no_address"),
        event("slack", "rate_limited", intent_id="i", channel="slack", address="",
              reason="rate_limited"),
    )  # fmt: skip
    said = await get(inbox, "/intents/i")
    assert ("pending", "ann", "alert") == (said["status"], said["recipient"], said["template"])
    assert {
        "email": ("delivered", "", None),
        "sms": ("held", "the recipient's quiet hours", "2023-11-15T06:13:20.000Z"),
        "push": ("suppressed", "the recipient has no address for this channel", None),
        "slack": (
            "rate_limited",
            "the recipient has had as many messages on this channel as are allowed",
            None,
        ),
    } == {
        each["channel"]: (each["status"], each["why"], each["held_until"])
        for each in said["channels"]
    }


async def test_an_intent_is_explained_in_words(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Decisions and steps come in order of time, as sentences."""
    await rows(
        event("a", "held", intent_id="i", until=UNTIL, reason="quiet_hours", at=5),
        event("a", "queued", intent_id="i", at=10),
        event("a", "delivered", intent_id="i", at=20, provider="smtp", attempt=1),
        _decision("i", Stage.QUIET_HOURS, Reason.QUIET_HOURS, at=5),
        _decision("other", Stage.PLANNING, Reason.DUPLICATE),
    )
    said = await get(inbox, "/intents/i/explain")
    expected = [
        "quiet hours: held, the recipient's quiet hours",
        "email: held until 2023-11-15T06:13:20.000Z: the recipient's quiet hours",
        "email: queued",
        "email: delivered (smtp)",
    ]
    assert expected == [step["said"] for step in said["steps"]]
    about = await get(inbox, "/deliveries/delivery-a/explain")
    assert expected == [step["said"] for step in about["steps"]]


async def test_an_intent_of_which_only_a_decision_is_known_is_explained(
    inbox: httpx.AsyncClient, rows: Rows
) -> None:
    """A second copy that was dropped explains itself, though it made no delivery."""
    await rows(_decision("twice", Stage.PLANNING, Reason.DUPLICATE))
    said = await get(inbox, "/intents/twice/explain")
    assert ["duplicate"] == [step["reason"] for step in said["steps"]]
    assert 404 == (await inbox.get("/api/intents/never/explain")).status_code


async def test_deliveries_are_listed_by_what_is_asked(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Recipient, channel, status, intent and alert narrow the list; pending is all that is open."""
    await rows(
        event("a", "queued", created_at=NOON + 1),
        event("b", "held", recipient="bob", created_at=NOON + 2),
        event("c", "failed", channel="sms", created_at=NOON + 3, alert_id="alert-x"),
        event("d", "suppressed", channel="none", address="", created_at=NOON + 4),
    )

    async def found(**params: Any) -> list[str]:
        page = await get(inbox, "/deliveries", **params)
        return [item["id"].removeprefix("delivery-") for item in page["items"]]

    assert ["d", "c", "b", "a"] == await found()
    assert ["b"] == await found(recipient="bob")
    assert ["c"] == await found(channel="sms", status="failed")
    assert ["d"] == await found(channel="none")
    assert ["b", "a"] == await found(status="pending")
    assert ["b"] == await found(status="held")
    assert ["a"] == await found(intent="intent-a")
    assert ["c"] == await found(alert="alert-x")


async def test_a_walk_meets_each_delivery_once(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """By cursor, in pages of any size, everything comes exactly once."""
    await rows(*(event(f"{n:02}", "queued", created_at=NOON + n // 7) for n in range(50)))
    for size in (1, 7, 50):
        walked: list[str] = []
        params: dict[str, Any] = {"limit": size}
        while True:
            page = await get(inbox, "/deliveries", **params)
            walked += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert [f"delivery-{n:02}" for n in reversed(range(50))] == walked


@pytest.mark.parametrize(
    ("path", "params", "where"),
    [
        ("/deliveries", {"limit": 201}, "query.limit"),
        ("/deliveries", {"cursor": "nonsense"}, "query.cursor"),
        ("/deliveries", {"recipient": "a\0b"}, "query.recipient"),
        ("/outbox", {"cursor": "-1"}, "query.cursor"),
        ("/outbox", {"cursor": "9" * 30}, "query.cursor"),
        ("/outbox", {"channel": "pigeon"}, "query.channel"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    inbox: httpx.AsyncClient, path: str, params: dict[str, Any], where: str
) -> None:
    """The answer names the part of the question that is wrong."""
    answer = await inbox.get(f"/api{path}", params=params)
    assert (422, where) == (answer.status_code, answer.json().get("where"))


async def test_a_delivery_tells_its_whole_life(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """State, attempts, a possible repeat and each step with its error are shown."""
    await rows(
        event("a", "queued"),
        event("a", "retrying", at=9, attempt=1, until=NOON + 60_000, error="HTTP 503",
              reason="provider_unavailable", maybe_repeat=True),
        event("a", "sent", at=60_000, attempt=2, provider="sendgrid", provider_id="m-1"),
    )  # fmt: skip
    said = await get(inbox, "/deliveries/delivery-a")
    assert ("sent", 2, True, "sendgrid", "m-1") == (
        said["status"],
        said["attempts"],
        said["maybe_repeat"],
        said["provider"],
        said["provider_id"],
    )
    assert [("queued", ""), ("retrying", "HTTP 503"), ("sent", "")] == [
        (step["status"], step["error"]) for step in said["events"]
    ]
    assert 404 == (await inbox.get("/api/deliveries/nothing")).status_code


async def test_an_alert_lists_who_was_told(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """The alert's page names each delivery it caused, and statistics count them."""
    await rows(
        change("a"),
        event("1", "delivered", alert_id="alert-a"),
        event("2", "suppressed", alert_id="alert-a", channel="sms", address="", recipient="bob"),
        event("3", "delivered", alert_id="alert-b"),
    )
    told = (await get(inbox, "/notifications/alert-a"))["told"]
    assert {("ann", "delivered"), ("bob", "suppressed")} == {
        (each["recipient"], each["status"]) for each in told
    }
    counted = (await get(inbox, "/stats"))["deliveries"]
    assert {"email": {"delivered": 2}, "sms": {"suppressed": 1}} == counted


async def _record(home: House, *, number: int, channel: str, tenant: str = "default") -> None:
    message: dict[str, Any] = dict.fromkeys(outbox.COLUMNS, "")
    message |= {
        "tenant": tenant,
        "delivery_id": f"delivery-{number}",
        "recipient": "ann",
        "channel": channel,
        "text": "Hello",
        "payload": {"n": number},
        "attempt": 1,
        "priority": 1,
        "maybe_repeat": False,
        "alert_seq": 0,
        "created_at": NOON,
        "recorded_at": NOON + number,
    }
    async with database(home) as opened, opened.transaction() as connection:
        await outbox.record(connection, message)


async def test_the_outbox_shows_what_would_have_been_sent(
    home: House, inbox: httpx.AsyncClient
) -> None:
    """Newest first, by channel and recipient, page by page."""
    for number, channel in enumerate(("email", "sms", "email")):
        await _record(home, number=number, channel=channel)
    await _record(home, number=9, channel="email", tenant="blue")

    page = await get(inbox, "/outbox", limit=2)
    assert [{"n": 2}, {"n": 1}] == [item["payload"] for item in page["items"]]
    rest = await get(inbox, "/outbox", limit=2, cursor=page["next_cursor"])
    assert ([{"n": 0}], None) == (
        [item["payload"] for item in rest["items"]],
        rest["next_cursor"],
    )
    assert 1 == len((await get(inbox, "/outbox", channel="sms", recipient="ann"))["items"])
    assert [] == (await get(inbox, "/outbox", recipient="bob"))["items"]


async def test_a_tenant_sees_nothing_of_another(
    home: House, inbox: httpx.AsyncClient, rows: Rows, tmp_path: Path
) -> None:
    """Intents, deliveries, explanations and counts stop at the tenant's own."""
    theirs = home.make_key(tmp_path, "--tenant", "blue", name="blue", scope="read")
    await rows(
        event("a", "delivered", tenant="blue"),
        event("a", "queued"),
        event("b", "failed", tenant="blue"),
    )
    await _accept(home, "c", tenant="blue")

    assert "queued" == (await get(inbox, "/deliveries/delivery-a"))["status"]
    assert ["queued"] == [
        step["status"] for step in (await get(inbox, "/deliveries/delivery-a"))["events"]
    ]
    for path in (
        "/deliveries/delivery-b",
        "/deliveries/delivery-b/explain",
        "/intents/intent-b",
        "/intents/intent-b/explain",
        "/intents/intent-c",
    ):
        assert 404 == (await inbox.get(f"/api{path}")).status_code
    assert {"email": {"pending": 1}} == (await get(inbox, "/stats"))["deliveries"]
    async with client_of(home, theirs) as blue:
        assert 2 == len((await get(blue, "/deliveries"))["items"])


async def test_only_a_key_with_the_scope_gets_in(
    home: House, inbox: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Whoever may only send learns nothing of what was delivered."""
    sender = home.make_key(tmp_path, name="sender", scope="ingest")
    async with client_of(home, sender) as client:
        for path in ("/deliveries", "/outbox", "/intents/x", "/intents/x/explain"):
            assert 403 == (await client.get(f"/api{path}")).status_code
