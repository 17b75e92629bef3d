"""Alertmanager's webhook, version 4 and 3, and the alert lists of its API.

An alert's own status wins over the group's, and its given fingerprint over a computed one.
`startsAt` is when the trouble began and never says when the sender spoke.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.ingest.formats import reading
from connectors.ingest.formats.answers import Answer, Payload, Refused, Taken
from schemas.reasons import RawStatus
from schemas.records import RawAlert

SOURCE = "alertmanager"
# FNV-1a, 64 bit: how Prometheus makes a fingerprint of a label set.
FNV_START = 14695981039346656037
FNV_PRIME = 1099511628211
SEPARATOR = b"\xff"


def translate(payload: Payload) -> Answer:
    """Take each alert of a group on its own; those that cannot be read are refused by place."""
    data = payload.data
    if isinstance(data, list):
        groups = [each if _is_group(each) else {"alerts": [each]} for each in data]
        names = [f"[{place}]" for place in range(len(data))]
    elif _is_group(data):
        groups, names = [data], [""]
    else:
        return Refused("Alertmanager sends an object with a list of alerts", "alerts")
    alerts: list[RawAlert] = []
    refused: list[Refused] = []
    for group, name in zip(groups, names, strict=True):
        for alert in _group(group, name, payload.received_at):
            (refused if isinstance(alert, Refused) else alerts).append(alert)  # type: ignore[arg-type]
    if alerts:
        return Taken(tuple(alerts), tuple(refused), many=True)
    return refused[0] if refused else Refused("the list holds no alert", "alerts")


def _is_group(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("alerts"), list)


def _group(group: Mapping[str, Any], name: str, received_at: int) -> Iterator[RawAlert | Refused]:
    for place, alert in enumerate(group["alerts"]):
        where = f"{name}.alerts[{place}]".lstrip(".")
        if isinstance(alert, dict):
            yield _alert(alert, group, where, received_at)
        else:
            yield Refused("an alert is a JSON object", where)


def _alert(
    alert: Mapping[str, Any], group: Mapping[str, Any], where: str, received_at: int
) -> RawAlert | Refused:
    given = alert.get("labels")
    labels = reading.labels(given if given is not None else group.get("commonLabels"))
    notes = _object(alert.get("annotations")) or _object(group.get("commonAnnotations"))
    title = reading.one_line(reading.first(notes, ("summary",))) or labels.get("alertname", "")
    body = reading.first(notes, ("description", "message"))
    if not title:
        title, body = reading.head_and_rest(body)
    if not title and labels:
        title = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))[:120]
    if not title:
        return Refused("neither labels nor a summary say what it is", f"{where}.labels")
    status = _status(alert, group, received_at)
    ended_at = reading.moment(alert.get("endsAt"))
    return RawAlert(
        source=SOURCE,
        title=title,
        body=body,
        severity=labels.get("severity", ""),
        status=status,
        labels=labels,
        dedup_key=reading.first(alert, ("fingerprint",)) or (fingerprint(labels) if labels else ""),
        occurred_at=ended_at if status == RawStatus.RESOLVED else 0,
        started_at=reading.moment(alert.get("startsAt")),
        links=reading.links(alert.get("generatorURL")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _status(alert: Mapping[str, Any], group: Mapping[str, Any], received_at: int) -> RawStatus:
    own = alert.get("status")
    if isinstance(own, dict):  # the API says active, suppressed or unprocessed
        own = own.get("state")
    if isinstance(own, str) and own:
        return reading.status(own)
    if isinstance(group.get("status"), str) and group["status"]:
        return reading.status(group["status"])
    ended_at = reading.moment(alert.get("endsAt"))
    return RawStatus.RESOLVED if 0 < ended_at <= received_at else RawStatus.FIRING


def fingerprint(labels: Mapping[str, str]) -> str:
    """Name a label set as Prometheus does, so that version 3 and 4 name one alert alike."""
    value = FNV_START
    for name in sorted(labels):
        for byte in name.encode() + SEPARATOR + labels[name].encode() + SEPARATOR:
            value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"
