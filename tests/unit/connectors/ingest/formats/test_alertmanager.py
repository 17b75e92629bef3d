"""Alertmanager: each alert on its own, under the sender's own identity."""

from typing import Any

import pytest

from connectors.ingest.formats.alertmanager import fingerprint, translate
from connectors.ingest.formats.answers import Payload, Refused, Taken
from schemas.records import RawAlert

NOW = 1_700_000_000_000
LABELS = {"alertname": "HighCPU", "severity": "critical", "host": "a"}


def group(*alerts: Any, **fields: Any) -> Payload:
    """Make a webhook payload."""
    return Payload(NOW, data={"version": "4", "status": "firing", "alerts": list(alerts)} | fields)


def alert(**fields: Any) -> dict[str, Any]:
    """Make an alert as the webhook has it."""
    return {"labels": LABELS, "fingerprint": "f1", "startsAt": "2023-01-01T00:00:00Z"} | fields


def taken(payload: Payload) -> tuple[RawAlert, ...]:
    """Give the alerts of a payload of which nothing is refused."""
    answer = translate(payload)
    assert isinstance(answer, Taken), answer
    assert () == answer.refused
    return answer.alerts


def test_fields() -> None:
    """Every field of an alert finds its place."""
    (found,) = taken(
        group(
            alert(
                status="firing",
                annotations={"summary": "CPU is high", "description": "for 5 min"},
                generatorURL="http://prometheus/graph",
                startsAt="2023-01-01T00:00:00.123456789+01:00",
            )
        )
    )
    assert found == RawAlert(
        source="alertmanager",
        title="CPU is high",
        body="for 5 min",
        severity="critical",
        labels=LABELS,
        dedup_key="f1",
        started_at=1_672_527_600_123,
        links=["http://prometheus/graph"],
    )


def test_start_is_never_the_event_time() -> None:
    """A repeat of a month-old alert speaks now, though it began a month ago."""
    (found,) = taken(group(alert(startsAt="2023-01-01T00:00:00Z")))
    assert (0, 1_672_531_200_000) == (found.occurred_at, found.started_at)


@pytest.mark.parametrize(
    ("own", "groups", "expected"),
    [
        ("resolved", "firing", "resolved"),
        ("firing", "resolved", "firing"),
        (None, "resolved", "resolved"),
        ({"state": "suppressed"}, "", "firing"),
        (None, "", "firing"),
    ],
)
def test_own_status_wins(own: Any, groups: str, expected: str) -> None:
    """An alert's own status wins over its group's, which counts where it has none."""
    (found,) = taken(group(alert(status=own), status=groups))
    assert expected == found.status


@pytest.mark.parametrize(
    ("ends_at", "expected"),
    [("2023-01-01T00:00:01Z", 1_672_531_201_000), ("0001-01-01T00:00:00Z", 0), (None, 0)],
)
def test_end_of_a_resolved_alert(ends_at: Any, expected: int) -> None:
    """A resolve happened at its end, where that is known."""
    (found,) = taken(group(alert(status="resolved", endsAt=ends_at)))
    assert expected == found.occurred_at


def test_version_3() -> None:
    """Version 3 with a number as group key and no fingerprint is named as version 4 names it."""
    (found,) = taken(
        Payload(NOW, data={"groupKey": 7, "alerts": [{"labels": {"alertname": "Down"}}]})
    )
    assert fingerprint({"alertname": "Down"}) == found.dedup_key


@pytest.mark.parametrize("link", ["", "?orgId=1", "javascript:alert(1)", "http://", None, 7])
def test_strange_links(link: Any) -> None:
    """Only absolute http addresses become links."""
    (found,) = taken(group(alert(generatorURL=link)))
    assert [] == found.links


def test_bad_alert_among_good_ones() -> None:
    """The good alerts of a group are taken and the bad one is named by its place."""
    answer = translate(group(alert(), "nonsense", {}, alert(fingerprint="f2")))
    assert isinstance(answer, Taken)
    assert ["f1", "f2"] == [each.dedup_key for each in answer.alerts]
    assert ["alerts[1]", "alerts[2].labels"] == [each.where for each in answer.refused]


@pytest.mark.parametrize("data", [None, {}, [], {"alerts": {}}, {"alerts": []}, "x", [[]]])
def test_refused(data: Any) -> None:
    """What holds no alert is refused."""
    assert isinstance(translate(Payload(NOW, data=data)), Refused)
