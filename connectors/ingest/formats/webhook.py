"""Any JSON: the fields that we know by their names, the rest kept as text."""

from collections.abc import Mapping
from typing import Any

from connectors.ingest.formats import reading
from connectors.ingest.formats.answers import Answer, Payload, Refused, Taken
from schemas.reasons import Priority
from schemas.records import NO_PRIORITY, RawAlert

SOURCE = "webhook"

TITLES = ("title", "summary", "subject", "alertname", "alert_name", "name", "text", "message")
BODIES = ("body", "description", "details", "text", "message")
KEYS = ("dedup_key", "dedupKey", "fingerprint")
MOMENTS = ("occurred_at", "occurredAt", "timestamp", "time")
ADDRESSES = ("links", "link", "url")
KNOWN = {
    *TITLES, *BODIES, *KEYS, *MOMENTS, *ADDRESSES,
    "priority", "severity", "labels", "status", "state", "started_at", "source", "id",
}  # fmt: skip
WORDS = {each.name.lower(): int(each) for each in Priority}


def translate(payload: Payload) -> Answer:
    """Take an object as one alert, and a list of objects as many."""
    data = payload.data
    if payload.form is not None:
        data = {name: values[0] for name, values in payload.form.items() if values}
    if isinstance(data, list):
        return _many(data)
    if not isinstance(data, dict):
        return Refused("an alert is a JSON object, or a list of them")
    alert = _alert(data, "")
    return alert if isinstance(alert, Refused) else Taken((alert,))


def _many(data: list[Any]) -> Answer:
    if not data:
        return Refused("the list holds no alert")
    alerts: list[RawAlert] = []
    refused: list[Refused] = []
    for place, each in enumerate(data):
        alert = (
            _alert(each, f"[{place}].")
            if isinstance(each, dict)
            else Refused("an alert is a JSON object", f"[{place}]")
        )
        (refused if isinstance(alert, Refused) else alerts).append(alert)  # type: ignore[arg-type]
    if not alerts:
        return refused[0]
    return Taken(tuple(alerts), tuple(refused), many=True)


def _alert(data: Mapping[str, Any], place: str) -> RawAlert | Refused:
    if not data:
        return Refused("the object is empty", place.rstrip("."))
    title, rest = reading.head_and_rest(reading.first(data, TITLES))
    body = reading.first(data, BODIES)
    if body in {title, f"{title}\n{rest}"}:
        body = rest
    unknown = {name: value for name, value in data.items() if name not in KNOWN}
    structured = {name: data[name] for name in BODIES if isinstance(data.get(name), dict | list)}
    if not body and (unknown or structured):
        # A payload that we were not told about is shown as it came, so that nothing is lost.
        body = reading.as_json({**structured, **unknown})
    if not title:
        title = reading.one_line(body)[:120]
    if not title:
        return Refused("no title, and nothing to make one of", f"{place}title")
    priority, severity = _rank(data)
    return RawAlert(
        source=reading.first(data, ("source",)) or SOURCE,
        title=title,
        body=body,
        severity=severity,
        priority=priority,
        status=reading.status(data.get("status", data.get("state"))),
        labels=reading.labels(data.get("labels")),
        dedup_key=reading.first(data, KEYS),
        occurred_at=next(filter(None, (reading.moment(data.get(n)) for n in MOMENTS)), 0),
        started_at=reading.moment(data.get("started_at")),
        links=reading.links(*(data.get(name) for name in ADDRESSES)),
        id=reading.first(data, ("id",)),
    )


def _rank(data: Mapping[str, Any]) -> tuple[int, str]:
    """Read priority 0 to 3 or its name; any other word is the sender's own severity."""
    severity = reading.first(data, ("severity",))
    given = reading.first(data, ("priority",)).lower()
    if given in {"0", "1", "2", "3"}:
        return int(given), severity
    if given in WORDS:
        return WORDS[given], severity
    return NO_PRIORITY, severity or given
