"""The whole way: what a source reports reaches the people it concerns, on their channels."""

import time
from typing import Any

import httpx
import pytest

from tests.audience import (
    REPORTS,
    holds,
    mailed,
    outbox,
    posted,
    report,
    told,
)
from tests.exchange import TRIAGE, Exchange
from tests.fakes.beside import Beside
from tests.inbox import rows
from tests.waiting import eventually

pytestmark = pytest.mark.stack


def test_what_is_critical_reaches_people_from_every_source(
    exchange: Exchange, client: httpx.Client, mails: Beside, hooks: Beside
) -> None:
    """A critical alert in any format is mailed, texted and posted to whom its route names."""
    words = {form: f"outage seen by {form}" for form in REPORTS}
    for form, made in REPORTS.items():
        client.post(f"/ingest/{form}", **made(words[form])).raise_for_status()

    def reached() -> bool:
        by_mail = " ".join(subject for subject, _ in mailed(mails, "eve"))
        by_hook = " ".join(each.body.decode() for each in posted(hooks, "eve"))
        by_text = " ".join(each["text"] for each in outbox(client, "eve"))
        return all(
            each in by_mail and each in by_hook and each in by_text for each in words.values()
        )

    holds(exchange, reached, why="every report is mailed, posted and texted")
    assert len(REPORTS) == len(mailed(mails, "eve")) == len(posted(hooks, "eve"))
    assert {"sms"} == {each["channel"] for each in outbox(client, "eve")}


def test_what_is_high_is_mailed_word_for_word_and_every_view_agrees(
    exchange: Exchange, client: httpx.Client, mails: Beside
) -> None:
    """A high alert mails title and body once; a duplicate tells nobody; all views say the same."""
    first = report(client, "mailed by the shop", priority="high")
    alert = first["fingerprint"]
    holds(exchange, lambda: mailed(mails, "mia"), why="it is mailed")

    def known() -> bool:
        return report(client, "mailed by the shop", priority="high")["duplicate"] is True

    holds(exchange, known, why="its sender hears that it is known")

    holds(
        exchange,
        lambda: ["sent"] == [each["status"] for each in told(client, alert)],
        why="the inbox says that it was sent",
    )
    (seen,) = told(client, alert)
    intent = client.get(f"/api/intents/{seen['intent_id']}").json()
    said = client.get(f"/api/intents/{seen['intent_id']}/explain").json()
    alert_id = seen["alert_id"]
    asked = f"SELECT * FROM notification_log WHERE alert_id = '{alert_id}'"
    (row,) = rows(exchange.house, asked)
    assert [("mailed by the shop", "mailed by the shop: Only 3 % are left.")] == mailed(
        mails, "mia"
    )
    assert ("mia", "email", "sent") == (seen["recipient"], seen["channel"], seen["status"])
    assert [("email", "sent")] == [(c["channel"], c["status"]) for c in intent["channels"]]
    assert ["queued", "sent"] == [s["outcome"] for s in said["steps"] if s["kind"] == "event"]
    assert ("mia", "email", "sent", "sg-1", "alert") == (
        row["user_id"],
        row["channel"],
        row["status"],
        row["provider_id"],
        row["template_name"],
    )


def test_an_intent_over_http_goes_the_same_way(
    exchange: Exchange, client: httpx.Client, mails: Beside
) -> None:
    """An intent that is posted is known at once, mailed, and told final channel by channel."""
    asked = {
        "user_id": "bob",
        "subject": "Your order is on its way",
        "body": "It comes tomorrow.",
        "channels": ["email", "sms"],
    }
    answer = client.post("/api/intents", json=asked)
    assert 202 == answer.status_code, answer.text
    accepted = answer.json()
    assert client.get(accepted["status_url"]).is_success

    def channels() -> dict[str, str]:
        found = client.get(accepted["status_url"]).json()["channels"]
        return {each["channel"]: each["status"] for each in found}

    wanted = {"email": "sent", "sms": "suppressed"}
    holds(exchange, lambda: channels() == wanted, why="it is mailed; there is no number to text to")
    assert [("Your order is on its way", "It comes tomorrow.")] == mailed(mails, "bob")


def test_a_silence_holds_back_until_it_ends(
    exchange: Exchange, client: httpx.Client, mails: Beside
) -> None:
    """What a silence covers tells nobody; when it ends, who is concerned is told by the clock."""
    ends_at = time.time() + 14
    exchange.apply(
        {
            "silences": [
                {
                    "id": "short",
                    "title_regex": "hushed",
                    "starts_at": "-1h",
                    "ends_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends_at)),
                }
            ]
        },
        name="silence",
    )

    def muted() -> str:
        # Those that came before triage knew of the silence are told at once, and not counted.
        made = report(client, f"hushed {time.time_ns()}", priority="critical")
        alert: dict[str, Any] = {}

        def seen() -> bool:
            alert.update(
                client.get(f"/api/notifications/{made['fingerprint']}").raise_for_status().json()
            )
            return True

        eventually(seen, within_s=10, why="the inbox shows it")
        return str(alert["title"]) if alert["muted_by"] else ""

    title = eventually(muted, within_s=10, why="triage obeys the silence")
    assert time.time() < ends_at, "the machine was too slow to test anything"
    assert title not in dict(mailed(mails, "sam"))

    holds(exchange, lambda: title in dict(mailed(mails, "sam")), why="sam is told by the clock")
    assert time.time() >= int(ends_at)


def test_what_nobody_acknowledges_reaches_the_next_person(
    exchange: Exchange, client: httpx.Client, mails: Beside
) -> None:
    """Jon is mailed of what Ida leaves alone, once, whatever dies; what she took never reaches him.

    The inbox shows the step and why, and the end reaches both.
    """
    left = report(client, "unheeded smoke", priority="high")["fingerprint"]
    taken = report(client, "unheeded water", priority="high")["fingerprint"]

    def acknowledged() -> bool:
        return client.post(f"/api/notifications/{taken}/ack").status_code == 200

    holds(exchange, acknowledged, why="Ida takes one in hand")
    exchange.kill(TRIAGE)
    exchange.start()
    holds(exchange, lambda: mailed(mails, "jon"), why="Jon is mailed of the other")
    history = client.get(f"/api/notifications/{left}").json()["history"]
    assert [("repeated", "escalated to jon"), ("fired", "")] == [
        (each["kind"], each["note"]) for each in history
    ]
    explained = client.get(f"/api/notifications/{left}/explain").json()["decisions"]
    assert [("escalation_step", "unheeded")] == [(d["reason"], d["rule_id"]) for d in explained]

    report(client, "unheeded smoke", status="resolved")
    holds(exchange, lambda: len(mailed(mails, "jon")) == 2, why="Jon learns that it is over")
    assert ["Step 1: unheeded smoke", "Resolved: unheeded smoke"] == [
        subject for subject, _ in mailed(mails, "jon")
    ]
    # Two alerts lie in partitions of their own, and their beginnings come in either order.
    *begun, ended = [subject for subject, _ in mailed(mails, "ida")]
    assert (["unheeded smoke", "unheeded water"], "Resolved: unheeded smoke") == (
        sorted(begun),
        ended,
    )


def test_an_end_follows_its_beginning(
    exchange: Exchange, client: httpx.Client, mails: Beside, hooks: Beside
) -> None:
    """A resolve reaches those who were told, after the fire, and nobody else."""
    names = [f"ending {number:02d}" for number in range(20)]
    for name in names:
        report(client, name, priority="high")
        report(client, name, status="resolved")  # hard on the heels of the fire

    def ended() -> bool:
        return len(posted(hooks, "ria")) == len(mailed(mails, "ria")) == 2 * len(names)

    holds(exchange, ended, why="every beginning and every end is told")
    subjects = [subject for subject, _ in mailed(mails, "ria")]
    bodies = [each.body.decode() for each in posted(hooks, "ria")]
    for name in names:
        assert subjects.index(name) < subjects.index(f"Resolved: {name}")
        (end,) = (n for n, body in enumerate(bodies) if f"Resolved: {name}" in body)
        (begin,) = (n for n, body in enumerate(bodies) if f'"{name}"' in body and n != end)
        assert begin < end
    told_of_it = [request.body for request in mails.receiver.requests if b"ending" in request.body]
    assert 2 * len(names) == len(told_of_it)


def test_the_end_of_what_was_only_held_is_told_nobody(
    exchange: Exchange, client: httpx.Client, hooks: Beside
) -> None:
    """In quiet hours a beginning waits; its end cancels it and is itself dropped."""
    alert = report(client, "waiting for the morning", priority="normal")["fingerprint"]
    holds(
        exchange,
        lambda: ["held"] == [each["status"] for each in told(client, alert)],
        why="it is held for the night",
    )
    (held,) = told(client, alert)
    assert "quiet_hours" == held["reason"]

    report(client, "waiting for the morning", status="resolved")
    holds(
        exchange,
        lambda: ["superseded", "suppressed"] == sorted(x["status"] for x in told(client, alert)),
        why="its end cancels it",
    )
    found = {each["status"]: each["reason"] for each in told(client, alert)}
    assert {"superseded": "resolved_first", "suppressed": "not_told"} == found
    assert [] == posted(hooks, "hal")
