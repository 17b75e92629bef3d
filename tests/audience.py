"""Those who are told in tests of the whole way, how sources report, and what reached whom."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson

from tests.exchange import Exchange
from tests.fakes.beside import Beside
from tests.fakes.receiver import Request
from tests.waiting import eventually

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


def people(hook: str) -> dict[str, Any]:
    """Describe the words, people and routes; webhooks go below this address."""

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
                        "subject": "{% if ends %}Resolved: {% elif escalation_step is defined %}"
                        "Step {{ escalation_step }}: {% endif %}{{ title }}",
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
            person("tom", webhook=f"{hook}/tom"),
            person("ida"),
            person("jon"),
        ],
        "preferences": [
            {"id": "hal", "quiet_from": hours(-2), "quiet_to": hours(2), "zone": "UTC"}
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
            route("traced", "tom", channels=["webhook"]),
            route("unheeded", "ida", escalation=[{"after_s": "6s", "recipients": ["jon"]}]),
        ],
    }


def hours(ahead: int) -> str:
    """Name the full hour of a day so many hours from now, in UTC."""
    return time.strftime("%H:00", time.gmtime(time.time() + ahead * 3600))


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


def told(client: httpx.Client, fingerprint: str) -> list[dict[str, Any]]:
    """Give whom an alert reached and whom it did not."""
    answer = client.get(f"/api/notifications/{fingerprint}")
    return list(answer.json()["told"]) if answer.is_success else []


def holds(exchange: Exchange, check: Callable[[], Any], *, why: str) -> None:
    """Wait until something holds; a failure shows what the processes said."""
    try:
        eventually(check, within_s=WITHIN_S, why=why)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{exchange.tails()}") from error
