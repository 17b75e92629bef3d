"""The whole way: what a source reports reaches the people it concerns, on their channels."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import orjson
import pytest

from tests.conftest import Stack, remove_topics
from tests.exchange import Exchange
from tests.fakes.beside import Beside, receiving_beside
from tests.fakes.receiver import Act, Request, sendgrid_yes
from tests.gateway import house
from tests.inbox import rows
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WITHIN_S = 20.0
# Each format's own way to say it; the words name the case, so that a route can find it.
REPORTS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "alertmanager": lambda words: {
        "json": {
            "version": "4",
            "status": "firing",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": words, "severity": "critical"},
                    "annotations": {"summary": words},
                    "startsAt": "2026-03-01T08:00:00Z",
                    "fingerprint": secrets.token_hex(8),
                }
            ],
        }
    },
    "email": lambda words: {"json": {"subject": words, "body": "See the graphs."}},
    "slack": lambda words: {"data": {"text": words}},
    "sms": lambda words: {
        "data": {"From": "+12025550100", "To": "+12025550101", "Body": words, "MessageSid": "SM1"}
    },
    "webhook": lambda words: {"json": {"title": words, "severity": "critical"}},
}


def _people(hook: str) -> dict[str, Any]:
    def person(name: str, **more: str) -> dict[str, Any]:
        return {"id": name, "addresses": {"email": f"{name}@example.org"} | more}

    def route(title: str, to: str, **more: Any) -> dict[str, Any]:
        matchers = [f'title=~".*{title}.*"']
        return {"id": title, "matchers": matchers, "recipients": [to], **more}

    return {
        "templates": [
            {
                "id": "alert",
                "parts": {
                    "*": {
                        "subject": "{% if ends %}Resolved: {% endif %}{{ title }}",
                        "text": "{{ title }}: {{ body }}",
                    }
                },
            }
        ],
        "types": [
            {
                "id": "alert",
                "channels": ["email"],
                "excess": "digest",
                "limits": {"email": "500/h", "sms": "500/h", "webhook": "500/h"},
            }
        ],
        "recipients": [
            person("eve", sms="+12025550110", webhook=f"{hook}/eve"),
            person("mia"),
            person("sam"),
            person("ria", webhook=f"{hook}/ria"),
            person("bob", webhook=f"{hook}/bob"),
            person("hal", webhook=f"{hook}/hal"),
        ],
        "preferences": [
            {"id": "hal", "quiet_from": _hours(-2), "quiet_to": _hours(2), "zone": "UTC"}
        ],
        "rules": [
            {
                "id": "outages",
                "kind": "priority",
                "matchers": ['title=~".*outage.*"'],
                "set_priority": "critical",
            }
        ],
        "routes": [
            route("outage", "eve", channels=["email", "sms", "webhook"]),
            route("mailed", "mia"),
            route("hushed", "sam"),
            route("ending", "ria", channels=["email", "webhook"], continue_matching=True),
            route("waiting", "hal", channels=["webhook"]),
        ],
    }


def _hours(ahead: int) -> str:
    return time.strftime("%H:00", time.gmtime(time.time() + ahead * 3600))


@pytest.fixture(scope="module")
def mails() -> Iterator[Beside]:
    """Give a local SendGrid."""
    with receiving_beside(sendgrid_yes()) as server:
        yield server


@pytest.fixture(scope="module")
def hooks() -> Iterator[Beside]:
    """Give an endpoint for webhooks."""
    with receiving_beside(Act()) as server:
        yield server


@pytest.fixture(scope="module")
def running(
    running_stack: Stack,
    tmp_path_factory: pytest.TempPathFactory,
    mails: Beside,
    hooks: Beside,
) -> Iterator[Exchange]:
    """Start every process once; tests part by their words and people."""
    folder, namespace = tmp_path_factory.mktemp("exchange"), f"t{secrets.token_hex(4)}"
    with pytest.MonkeyPatch.context() as patch:
        exchange = Exchange(
            house(running_stack, namespace, folder, patch),
            folder,
            settings=provider_settings(mails, hooks),
        )
        exchange.apply(_people(hooks.receiver.url("")), name="people")
        exchange.start()
        yield exchange
        exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


def provider_settings(mails: Beside, hooks: Beside) -> dict[str, str]:
    """Lead the sinks to the local servers."""
    return {
        "TOCSIN_SENDGRID_API_KEY": "SG.local",
        "TOCSIN_SENDGRID_URL": mails.receiver.url(""),
        "TOCSIN_MAIL_FROM": "Tocsin <alerts@example.org>",
        "TOCSIN_WEBHOOK": "unsigned",
        "TOCSIN_WEBHOOK_HTTP": "yes",
        "TOCSIN_WEBHOOK_ALLOW": "127.0.0.0/8",
        "TOCSIN_WEBHOOK_PORTS": str(hooks.receiver.port),
    }


@pytest.fixture
def exchange(stack: Stack, running: Exchange) -> Exchange:
    """Give the running processes."""
    del stack
    running.start()
    return running


@pytest.fixture
def client(exchange: Exchange) -> Iterator[httpx.Client]:
    """Give a client that may do everything."""
    with exchange.client() as opened:
        yield opened


def mailed(mails: Beside, to: str) -> list[tuple[str, str]]:
    """Give the subjects and texts of what was mailed to a person, in order."""
    found = []
    for request in list(mails.receiver.requests):
        mail = orjson.loads(request.body)
        if mail["personalizations"][0]["to"][0]["email"] == f"{to}@example.org":
            found.append((mail["subject"], mail["content"][0]["value"]))
    return found


def posted(hooks: Beside, to: str) -> list[Request]:
    """Give what was posted to a person's endpoint, in order."""
    return [each for each in list(hooks.receiver.requests) if each.path == f"/{to}"]


def outbox(client: httpx.Client, recipient: str) -> list[dict[str, Any]]:
    """Give what the sandbox keeps for a person."""
    answer = client.get("/api/outbox", params={"recipient": recipient, "limit": 200})
    return list(answer.raise_for_status().json()["items"])


def report(client: httpx.Client, words: str, **more: Any) -> dict[str, Any]:
    """Report an alert by the plain webhook and give the answer."""
    body = {"title": words, "body": "Only 3 % are left.", "dedup_key": words, **more}
    return dict(client.post("/ingest/webhook", json=body).raise_for_status().json())


def told(client: httpx.Client, alert_id: str) -> list[dict[str, Any]]:
    """Give whom an alert reached and whom it did not."""
    answer = client.get(f"/api/notifications/{alert_id}")
    return list(answer.json()["told"]) if answer.is_success else []


def holds(exchange: Exchange, check: Callable[[], Any], *, why: str) -> None:
    """Wait until something holds; a failure shows what the processes said."""
    try:
        eventually(check, within_s=WITHIN_S, why=why)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{exchange.tails()}") from error


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
    alert_id = first["id"]
    holds(exchange, lambda: mailed(mails, "mia"), why="it is mailed")
    again = report(client, "mailed by the shop", priority="high")
    assert (True, alert_id) == (again["duplicate"], again["existing_id"])

    holds(
        exchange,
        lambda: ["sent"] == [each["status"] for each in told(client, alert_id)],
        why="the inbox says that it was sent",
    )
    (seen,) = told(client, alert_id)
    intent = client.get(f"/api/intents/{seen['intent_id']}").json()
    said = client.get(f"/api/intents/{seen['intent_id']}/explain").json()
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
            alert.update(client.get(f"/api/notifications/{made['id']}").raise_for_status().json())
            return True

        eventually(seen, within_s=10, why="the inbox shows it")
        return str(alert["title"]) if alert["muted_by"] else ""

    title = eventually(muted, within_s=10, why="triage obeys the silence")
    assert time.time() < ends_at, "the machine was too slow to test anything"
    assert title not in dict(mailed(mails, "sam"))

    holds(exchange, lambda: title in dict(mailed(mails, "sam")), why="sam is told by the clock")
    assert time.time() >= int(ends_at)


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
    others = [mailed(mails, other) for other in ("bob", "hal")]
    assert [[], []] == others


def test_the_end_of_what_was_only_held_is_told_nobody(
    exchange: Exchange, client: httpx.Client, hooks: Beside
) -> None:
    """In quiet hours a beginning waits; its end cancels it and is itself dropped."""
    alert_id = report(client, "waiting for the morning", priority="normal")["id"]
    holds(
        exchange,
        lambda: ["held"] == [each["status"] for each in told(client, alert_id)],
        why="it is held for the night",
    )
    (held,) = told(client, alert_id)
    assert "quiet_hours" == held["reason"]

    report(client, "waiting for the morning", status="resolved")
    holds(
        exchange,
        lambda: ["superseded", "suppressed"] == sorted(x["status"] for x in told(client, alert_id)),
        why="its end cancels it",
    )
    found = {each["status"]: each["reason"] for each in told(client, alert_id)}
    assert {"superseded": "resolved_first", "suppressed": "not_told"} == found
    assert [] == posted(hooks, "hal")
