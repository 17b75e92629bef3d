"""Any JSON: known fields are understood, unknown ones are kept, and nothing is guessed wrong."""

from typing import Any

import pytest

from connectors.ingest.formats.answers import Payload, Refused, Taken
from connectors.ingest.formats.webhook import translate
from schemas.records import NO_PRIORITY, RawAlert

NOW = 1_700_000_000_000


def only(data: Any) -> RawAlert:
    """Give the one alert of a payload."""
    answer = translate(Payload(NOW, data=data))
    assert isinstance(answer, Taken), answer
    (alert,) = answer.alerts
    return alert


def test_all_fields() -> None:
    """Every field that the address promises to understand is understood."""
    assert RawAlert(
        source="billing",
        title="Payments fail",
        body="12 in a minute",
        severity="sev1",
        priority=3,
        status="resolved",
        labels={"region": "eu", "shard": "7"},
        dedup_key="pay-1",
        occurred_at=1_672_531_200_000,
        links=["https://x.test/1"],
        id="e1",
    ) == only(
        {
            "source": "billing",
            "title": "Payments fail",
            "body": "12 in a minute",
            "severity": "sev1",
            "priority": 3,
            "status": "ok",
            "labels": {"region": "eu", "shard": 7},
            "dedup_key": "pay-1",
            "occurred_at": "2023-01-01T00:00:00Z",
            "url": "https://x.test/1",
            "id": "e1",
        }
    )


@pytest.mark.parametrize(
    ("given", "priority", "severity"),
    [
        (0, 0, ""),
        ("2", 2, ""),
        ("Critical", 3, ""),
        ("P3", NO_PRIORITY, "p3"),
        (7, NO_PRIORITY, "7"),
        (None, NO_PRIORITY, ""),
        ([1], NO_PRIORITY, ""),
    ],
)
def test_priority(given: Any, priority: int, severity: str) -> None:
    """A priority of ours is taken as it is, any other word is the sender's severity."""
    alert = only({"title": "x", "priority": given})
    assert (priority, severity) == (alert.priority, alert.severity)


def test_unknown_payload_is_kept_whole() -> None:
    """What we were not told about is shown as it came."""
    alert = only({"name": "job", "host": "a", "metric": {"value": 1}})
    assert ("job", '{"host":"a","metric":{"value":1}}') == (alert.title, alert.body)


def test_payload_without_any_name() -> None:
    """A payload in which no field is known still becomes an alert that shows it."""
    assert '{"host":"a","state2":"x"}' == only({"host": "a", "state2": "x"}).title


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"a": None, "b": True, "c": 1.5, "": "x"}, {"b": "true", "c": "1.5"}),
        (["env:prod", "team=core", "bare"], {"env": "prod", "team": "core", "bare": "true"}),
        ("env:prod, bare", {"env": "prod", "bare": "true"}),
        (7, {}),
        (None, {}),
    ],
)
def test_labels(labels: Any, expected: dict[str, str]) -> None:
    """Labels come as an object, a list or a comma list."""
    assert expected == only({"title": "x", "labels": labels}).labels


def test_nul_and_half_characters_are_taken_out() -> None:
    """No text holds what a database refuses."""
    assert "a?b" == only({"title": "a\0\ud800b"}).title


def test_list_takes_the_good_ones() -> None:
    """A list gives its good alerts and names the bad ones."""
    answer = translate(Payload(NOW, data=[{"title": "a"}, 7, {}, {"title": "b"}]))
    assert isinstance(answer, Taken)
    assert ["a", "b"] == [each.title for each in answer.alerts]
    assert ["[1]", "[2]"] == [each.where for each in answer.refused]


@pytest.mark.parametrize("data", [None, [], {}, 7, "text", {"title": " "}, {"title": None}])
def test_refused(data: Any) -> None:
    """What says nothing is refused."""
    assert isinstance(translate(Payload(NOW, data=data)), Refused)
