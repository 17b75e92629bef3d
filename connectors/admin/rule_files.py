"""Make silences, routes and rules of what stands in YAML files, or say what is wrong and where."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from connectors.admin.rule_checks import Wrong, check_rule
from connectors.admin.yaml_files import Mapping, Sequence, read
from schemas.control import Matcher, Route, Rule, Silence
from schemas.errors import ConfigurationError
from schemas.reasons import Priority

Control = Silence | Route | Rule
KINDS: dict[str, type[Control]] = {"silences": Silence, "routes": Route, "rules": Rule}

_SPAN = re.compile(r"(\d+)(ms|s|m|h|d|w)")
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MATCHER = re.compile(r"\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_PRIORITIES = {each.name.lower(): int(each) for each in Priority}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold what the files say, and of which kinds they speak at all."""

    records: list[Control]
    kinds: frozenset[type[Control]]


def load(paths: Iterable[Path], *, now: int) -> Loaded:
    """Read every file; ConfigurationError lists all that is wrong, each with file and line.

    Times may be `now`, `+2h`, `-30m` or ISO 8601, spans `90s`, `1h 30m` or seconds.
    """
    wrongs: list[str] = []
    out: list[Control] = []
    spoken: set[type[Control]] = set()
    places: dict[tuple[type[Control], str, str], str] = {}
    for path in paths:
        given = read(path)
        for section, entries in given.items():
            if section not in KINDS:
                wrongs.append(f"{path}:{given.lines[section]}: {_unknown(section, KINDS)}")
                continue
            spoken.add(KINDS[section])
            for where, entry in _entries(path, given, section, entries, wrongs):
                try:
                    record = _record(KINDS[section], entry, now=now)
                except Wrong as wrong:
                    line = entry.lines.get(wrong.field.partition("[")[0], entry.line)
                    wrongs.append(f"{path}:{line}: {where}.{wrong.field}: {wrong}")
                    continue
                identity = (type(record), record.tenant, record.id)
                if identity in places:
                    wrongs.append(f"{path}:{entry.line}: {where}.id: also at {places[identity]}")
                places[identity] = f"{path}:{entry.line}"
                out.append(record)
    if wrongs:
        raise ConfigurationError("\n".join(["nothing was applied:", *wrongs]))
    return Loaded(out, frozenset(spoken))


def _entries(
    path: Path, given: Mapping, section: str, entries: Any, wrongs: list[str]
) -> Iterable[tuple[str, Mapping]]:
    if entries is None:
        return
    if not isinstance(entries, Sequence):
        wrongs.append(f"{path}:{given.lines[section]}: {section}: expected a list")
        return
    for number, (entry, line) in enumerate(zip(entries, entries.lines, strict=True)):
        if not isinstance(entry, Mapping):
            wrongs.append(f"{path}:{line}: {section}[{number}]: expected names and values")
            continue
        name = entry.get("id")
        yield (f"{section}[{name}]" if isinstance(name, str) else f"{section}[{number}]"), entry


def _record(kind: type[Control], entry: Mapping, *, now: int) -> Control:
    known = {field.name for field in msgspec.structs.fields(kind)}
    fields: dict[str, Any] = {}
    for name, value in entry.items():
        if name not in known:
            raise Wrong(name, _unknown(name, known))
        fields[name] = _value(name, value, now=now)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in fields:
            raise Wrong(field.name, "missing")
    try:
        record = msgspec.convert(fields, kind)
    except msgspec.ValidationError as wrong:
        said, _, path = str(wrong).partition(" - at `$.")
        raise Wrong(path.rstrip("`") or "id", said[:1].lower() + said[1:]) from wrong
    check_rule(record)
    return record


def _value(name: str, value: Any, *, now: int) -> Any:
    if name == "matchers":
        return _matchers(value)
    if name.endswith("_at"):
        return moment(name, value, now=now)
    if name.endswith("_s") and isinstance(value, str):
        return span_ms(name, value) // 1000
    if name in {"min_priority", "set_priority"} and isinstance(value, str):
        if value.lower() not in _PRIORITIES:
            raise Wrong(name, f"{value!r} is none of 0 to 3, {', '.join(_PRIORITIES)}")
        return _PRIORITIES[value.lower()]
    return value


def _matchers(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Wrong("matchers", "expected a list")
    out: list[Any] = []
    for number, each in enumerate(value):
        if isinstance(each, str):
            out.append(matcher(each, field=f"matchers[{number}]"))
        elif isinstance(each, Mapping):
            unknown = each.keys() - {"name", "op", "value"}
            if unknown:
                raise Wrong(f"matchers[{number}]", _unknown(min(unknown), ("name", "op", "value")))
            out.append(dict(each))
        else:
            raise Wrong(f"matchers[{number}]", 'expected text as in severity="critical"')
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


def _unknown(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"
    return f"{name!r} is not known{hint}"
