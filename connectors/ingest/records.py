"""Make the record that goes to Kafka of what a translator gave."""

from typing import Any

from msgspec.structs import replace

from schemas.limits import CUT_LABEL, FIELD_BYTES
from schemas.records import RawAlert
from schemas.senders import LIFE_CYCLE

HOUR_MS = 3_600_000


def finish(alert: RawAlert, *, tenant: str, source: str, received_at: int) -> RawAlert:
    """Fill in what only we know, and cut what is too long.

    `source` is what the key's own source is called; it names alerts that came without one.
    A sender that gave no time spoke when we heard it.
    """
    cut, fields = _cut(alert)
    if cut:
        fields["labels"] = {**fields.get("labels", alert.labels), CUT_LABEL: ",".join(cut)}
    if source and alert.source == "webhook":
        fields["source"] = source
    return replace(
        alert,
        tenant=tenant,
        received_at=received_at,
        occurred_at=alert.occurred_at or received_at,
        **fields,
    )


def opens_until(alert: RawAlert) -> int:
    """Say until when the same fingerprint is a duplicate of this alert; 0: until it is resolved.

    It is the default of triage, whose own word replaces it where a rule says otherwise.
    """
    if alert.dedup_key or alert.source in LIFE_CYCLE:
        return 0
    return alert.occurred_at + HOUR_MS


TEXTS = ("source", "title", "body", "severity", "dedup_key", "id")
# No character takes more than four bytes: what is shorter than this needs no counting.
SURELY_FITS = FIELD_BYTES // 4


def _cut(alert: RawAlert) -> tuple[list[str], dict[str, Any]]:
    """Name the fields that are too long, and give them cut."""
    names: list[str] = []
    fields: dict[str, Any] = {}
    for name in TEXTS:
        value = getattr(alert, name)
        short = _short(value)
        if short is not value:
            names.append(name)
            fields[name] = short
    if any(len(value) > SURELY_FITS for pair in alert.labels.items() for value in pair):
        labels = {_short(name): _short(value) for name, value in alert.labels.items()}
        if labels != alert.labels:
            names.append("labels")
            fields["labels"] = labels
    links = [link for link in alert.links if len(link.encode()) <= FIELD_BYTES]
    if len(links) != len(alert.links):
        names.append("links")
        fields["links"] = links
    return names, fields


def _short(value: str) -> str:
    if len(value) <= SURELY_FITS:
        return value
    raw = value.encode()
    return value if len(raw) <= FIELD_BYTES else raw[:FIELD_BYTES].decode(errors="ignore")
