"""Make the samples of a run: one outage as five sources tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

# Numbers are taken out of texts before they are compared, so a run is told by a word: the
# samples of two runs must stay two stories.
WORDS = (
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett",
    "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango",
    "uniform", "victor", "whiskey", "xray", "yankee", "zulu",
)  # fmt: skip
COMPLAINTS = 12
DOWN_FOR = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold one request to ingest: a form where `form` is given, else JSON."""

    source: str
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None


def word_of(run: int) -> str:
    """Return the word that tells a run from all others; runs count from 1."""
    rest, place = divmod(run - 1, len(WORDS))
    return f"{word_of(rest)}-{WORDS[place]}" if rest else WORDS[place]


def samples(word: str, now: datetime) -> list[Sample]:
    """Return the requests of a run in the order in which they are sent."""
    began = now - DOWN_FOR
    return [
        *(_complaint(word, began + timedelta(seconds=10 * n), n) for n in range(COMPLAINTS)),
        _database_down(word, began),
        _error_rate(word, "firing", began),
        _page(word),
        _report(word),
        _error_rate(word, "resolved", now),
    ]


def _complaint(word: str, moment: datetime, count: int) -> Sample:
    request = uuid5(NAMESPACE_URL, f"{word}/{count}")
    said = (
        f"[{moment:%Y-%m-%d %H:%M:%S}] shop {word}: checkout cannot reach the payments database "
        f"(attempt {count + 1}, request {request})"
    )
    return Sample("slack", form={"text": said})


def _database_down(word: str, began: datetime) -> Sample:
    labels = {"alertname": "PaymentsDatabaseDown", "severity": "critical", "shop": word}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {
            "summary": f"Payments database of shop {word} is down",
            "description": "No answer on its port for two minutes.",
        },
        "startsAt": began.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": uuid5(NAMESPACE_URL, word).hex[:16],
    }
    whole = {
        "version": "4",
        "groupKey": f'{{}}:{{shop="{word}"}}',
        "status": "firing",
        "receiver": "tocsin",
        "groupLabels": {"shop": word},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "alerts": [alert],
    }
    return Sample("alertmanager", json=whole)


def _error_rate(word: str, status: str, moment: datetime) -> Sample:
    body = {
        "title": f"Shop {word}: one order in five fails",
        "body": "HTTP 500 from /orders, all of them while the payment is written.",
        "priority": "high",
        "severity": "error",
        "labels": {"service": "checkout", "shop": word},
        "dedup_key": f"order-errors-{word}",
        "status": status,
        "occurred_at": moment.isoformat(),
    }
    return Sample("webhook", json=body)


def _page(word: str) -> Sample:
    form = {
        "From": "+15005550006",
        "To": "+15005550001",
        "Body": f"Customers of shop {word} say that they cannot pay. Please call back.",
        "MessageSid": f"SM{uuid5(NAMESPACE_URL, f'sms/{word}').hex}",
    }
    return Sample("sms", form=form)


def _report(word: str) -> Sample:
    body = {
        "subject": f"Nightly report of shop {word} is late",
        "body": "It waits for the payments database.",
    }
    return Sample("email", json=body)
