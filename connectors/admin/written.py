"""Written: times, spans, matchers, steps and priorities, read as people write them in files."""

import re
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from connectors.admin.wrong import Wrong, unknown
from connectors.admin.yaml_files import Mapping
from schemas.control import EscalationStep, Matcher
from schemas.reasons import Priority

_SPAN = re.compile(r"(\d+)(ms|s|m|h|d|w)")
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MATCHER = re.compile(r"\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_PRIORITIES = {each.name.lower(): int(each) for each in Priority}


def priority(name: str, value: str) -> int:
    """Read a priority as a word."""
    if value.lower() not in _PRIORITIES:
        raise Wrong(name, f"{value!r} is none of 0 to 3, {', '.join(_PRIORITIES)}")
    return _PRIORITIES[value.lower()]


def matchers(value: Any) -> list[Any]:
    """Read a list of matchers, as text or as name, op and value."""
    if not isinstance(value, list):
        raise Wrong("matchers", "expected a list")
    out: list[Any] = []
    for number, each in enumerate(value):
        if isinstance(each, str):
            out.append(matcher(each, field=f"matchers[{number}]"))
        elif isinstance(each, Mapping):
            others = each.keys() - {"name", "op", "value"}
            if others:
                raise Wrong(f"matchers[{number}]", unknown(min(others), ("name", "op", "value")))
            out.append(dict(each))
        else:
            raise Wrong(f"matchers[{number}]", 'expected text as in severity="critical"')
    return out


def steps(value: Any) -> list[Any]:
    """Read the steps of an escalation, each with its span."""
    if not isinstance(value, list):
        raise Wrong("escalation", "expected a list of steps")
    known = {field.name: field.required for field in msgspec.structs.fields(EscalationStep)}
    out = []
    for number, each in enumerate(value):
        where = f"escalation[{number}]"
        if not isinstance(each, Mapping):
            raise Wrong(where, "expected names and values, as {after_s: 5m, recipients: [ann]}")
        for name in each:
            if name not in known:
                raise Wrong(f"{where}.{name}", unknown(name, known))
        missing = [name for name, required in known.items() if required and name not in each]
        if missing:
            raise Wrong(where, f"{missing[0]} is missing")
        span = each["after_s"]
        if isinstance(span, str):
            span = span_ms(f"{where}.after_s", span) // 1000
        out.append({**each, "after_s": span})
    return out


def matcher(given: str, *, field: str = "matchers") -> dict[str, str]:
    """Read a matcher as Alertmanager writes it: `name="value"`, `!=`, `=~` or `!~`."""
    found = _MATCHER.fullmatch(given)
    if not found:
        raise Wrong(field, f'{given!r} is not like severity="critical"')
    name, op, value = found.groups()
    if value[:1] in {'"', "'"}:
        if len(value) < 2 or value[-1] != value[0]:
            raise Wrong(field, f"the quote in {given!r} does not end")
        value = value[1:-1].replace('\\"', '"') if value[0] == '"' else value[1:-1]
    return msgspec.structs.asdict(Matcher(name=name, op=op, value=value))


def moment(name: str, value: Any, *, now: int) -> int:
    """Read a time as epoch milliseconds."""
    if isinstance(value, bool) or value is None:
        raise Wrong(name, "expected a time, as now, +2h or 2026-03-01T08:00:00Z")
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        # YAML says that a time without a zone is UTC.
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    text = str(value).strip()
    if text == "now":
        return now
    if text[:1] in {"+", "-"}:
        sign = 1 if text[0] == "+" else -1
        return now + sign * span_ms(name, text[1:])
    try:
        return moment(name, datetime.fromisoformat(text), now=now)
    except ValueError as wrong:
        raise Wrong(name, f"{text!r} is no time: say now, +2h or 2026-03-01T08:00:00Z") from wrong


def span_ms(name: str, given: str) -> int:
    """Read a span as `90s`, `2h` or `1h30m` in milliseconds."""
    text = re.sub(r"\s+", "", given)
    if not re.fullmatch(r"(?:\d+(?:ms|s|m|h|d|w))+", text):
        raise Wrong(name, f"{given!r} is no span: say 90s, 30m, 2h, 1h30m or 7d")
    return sum(int(number) * _MS[unit] for number, unit in _SPAN.findall(text))


def clock_time(name: str, value: Any) -> str:
    """Read a time of day as `HH:MM`.

    YAML takes an unquoted 22:00 for a number of base sixty, which is understood here too.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return f"{value // 60:02}:{value % 60:02}"
    if not isinstance(value, str) or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        raise Wrong(name, f"{value!r} is no time of day: say '22:00'")
    return value.zfill(5)
