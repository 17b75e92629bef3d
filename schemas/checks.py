"""What every decoded record must keep, whatever form it came in."""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec

from schemas.errors import Invalid
from schemas.keys import TENANT
from schemas.reasons import Priority, RawStatus
from schemas.records import DEFAULT_TENANT, NO_PRIORITY, RawAlert, Record

R = TypeVar("R", bound=Record)

LATEST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last moment datetime can hold
TITLE_CHARS = 200  # a title made from a body's first line

_STATUSES = frozenset(status.value for status in RawStatus)
_FOREIGN_STATUSES = {
    "alerting": RawStatus.FIRING,
    "triggered": RawStatus.FIRING,
    "trigger": RawStatus.FIRING,
    "open": RawStatus.FIRING,
    "opened": RawStatus.FIRING,
    "alarm": RawStatus.FIRING,
    "active": RawStatus.FIRING,
    "ok": RawStatus.RESOLVED,
    "closed": RawStatus.RESOLVED,
    "recovered": RawStatus.RESOLVED,
    "resolve": RawStatus.RESOLVED,
    "nodata": RawStatus.NO_DATA,
    "insufficient_data": RawStatus.NO_DATA,
    "ack": RawStatus.ACKNOWLEDGED,
    "acked": RawStatus.ACKNOWLEDGED,
    "acknowledge": RawStatus.ACKNOWLEDGED,
}
_TIMES = ("until",)
# Avro's int where others are long; a test compares this list with the schemas.
SMALL = frozenset({"partition", "opened_partition", "position", "raise_by"})


def is_time(name: str) -> bool:
    """Say whether a field holds epoch milliseconds."""
    return name.endswith("_at") or name in _TIMES


def check_raw_alert(alert: RawAlert) -> RawAlert:
    """Give the alert as the agreement wants it; Invalid where it cannot be mended.

    A foreign status word becomes ours and a missing title the body's first line.
    """
    # This runs for every alert: one pass over what is nearly always right.
    if (
        alert.status in _STATUSES
        and alert.source
        and alert.title
        and not alert.title.isspace()
        and -1 <= alert.priority <= 3
        and 0 <= alert.occurred_at <= LATEST_MS
        and 0 <= alert.started_at <= LATEST_MS
        and 0 <= alert.received_at <= LATEST_MS
        and (alert.tenant == DEFAULT_TENANT or TENANT.fullmatch(alert.tenant))
    ):
        return alert
    return _mend_raw_alert(alert)


def _mend_raw_alert(alert: RawAlert) -> RawAlert:
    word = alert.status.strip().lower().replace(" ", "_").replace("-", "_")
    status = word if word in _STATUSES else _FOREIGN_STATUSES.get(word)
    if status is None:
        raise Invalid(f"status: {alert.status[:40]!r} is none of {', '.join(sorted(_STATUSES))}")
    title = alert.title.strip() or _first_line(alert.body)
    if not title:
        raise Invalid("title: missing, and body has no line to take its place")
    alert = msgspec.structs.replace(alert, status=str(status), title=title)
    return check(alert)


def _first_line(body: str) -> str:
    return body.strip().partition("\n")[0].strip()[:TITLE_CHARS]


def check(record: R) -> R:
    """Give the record as it is; Invalid where a field breaks the agreement."""
    rules = _rules(type(record))
    for name in rules.required:
        if not getattr(record, name):
            raise Invalid(f"{name}: missing")
    for name, lowest, highest in rules.numbers:
        value = getattr(record, name)
        if not lowest <= value <= highest:
            raise Invalid(f"{name}: {value} is not within {lowest} to {highest}")
    tenant = getattr(record, "tenant", DEFAULT_TENANT)
    if tenant != DEFAULT_TENANT and not TENANT.fullmatch(tenant):
        raise Invalid(f"tenant: {tenant[:60]!r} is not {TENANT.pattern}")
    return record


@dataclass(frozen=True, slots=True)
class _Rules:
    required: list[str]
    numbers: list[tuple[str, int, int]]


@cache
def _rules(record_type: type[Record]) -> _Rules:
    fields = msgspec.structs.fields(record_type)
    return _Rules(
        required=[field.name for field in fields if field.required and field.type is str],
        numbers=[(f.name, *_range(f.name, f.default)) for f in fields if f.type is int],
    )


def _range(name: str, unset: object) -> tuple[int, int]:
    if is_time(name):
        return 0, LATEST_MS
    if name.endswith("priority"):
        return NO_PRIORITY if unset == NO_PRIORITY else Priority.LOW, Priority.CRITICAL
    room = 1 << (31 if name in SMALL else 63)
    return -room, room - 1


def without_nul(value: Any) -> Any:
    """Give the value without NUL characters, which PostgreSQL's text refuses; bytes stay."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(without_nul, value))
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return type(value)(**{name: without_nul(getattr(value, name)) for name in names})
    return value
