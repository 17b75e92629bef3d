"""Make control records of what stands in YAML files, or say what is wrong and where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from connectors.admin import written
from connectors.admin.people_checks import (
    check_preference,
    check_recipient,
    check_type,
    flat_choices,
)
from connectors.admin.rule_checks import check_id, check_rule, check_tenant
from connectors.admin.template_files import check_template, flat_parts, versioned
from connectors.admin.wrong import Wrong, unknown
from connectors.admin.yaml_files import Mapping, Sequence, read
from schemas.control import Route, Rule, Silence
from schemas.errors import ConfigurationError
from schemas.notification import NotificationType, Preference, Recipient, Template

Control = Silence | Route | Rule | Recipient | Preference | NotificationType | Template
KINDS: dict[str, type[Control]] = {
    "silences": Silence,
    "routes": Route,
    "rules": Rule,
    "recipients": Recipient,
    "preferences": Preference,
    "types": NotificationType,
    "templates": Template,
}

_PERSON = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,199}")


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
                wrongs.append(f"{path}:{given.lines[section]}: {unknown(section, KINDS)}")
                continue
            spoken.add(KINDS[section])
            for where, entry in _entries(path, given, section, entries, wrongs):
                try:
                    record = _record(KINDS[section], entry, now=now)
                except Wrong as wrong:
                    line = _line(entry, wrong.field)
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
            raise Wrong(name, unknown(name, known))
        fields[name] = _value(name, value, now=now)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in fields:
            raise Wrong(field.name, "missing")
    try:
        record = msgspec.convert(fields, kind)
    except msgspec.ValidationError as wrong:
        said, _, path = str(wrong).partition(" - at `$.")
        raise Wrong(path.rstrip("`") or "id", said[:1].lower() + said[1:]) from wrong
    return _checked(record)


def _value(name: str, value: Any, *, now: int) -> Any:
    if name == "matchers":
        return written.matchers(value)
    if name == "escalation":
        return written.steps(value)
    if name.endswith("_at"):
        return written.moment(name, value, now=now)
    if name.endswith("_s") and isinstance(value, str):
        return written.span_ms(name, value) // 1000
    if name in {"min_priority", "set_priority"} and isinstance(value, str):
        return written.priority(name, value)
    if name in {"quiet_from", "quiet_to"} and value not in (None, ""):
        return written.clock_time(name, value)
    if name == "addresses":
        return _addresses(value)
    if name == "enabled" and isinstance(value, Mapping):
        return flat_choices(value)
    return flat_parts(value) if name == "parts" else value


def _addresses(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    for channel, given in value.items():
        if isinstance(given, int):
            raise Wrong(f"addresses.{channel}", "put numbers in quotes, or a + before them is lost")
    return {
        channel: [given] if isinstance(given, str) else given for channel, given in value.items()
    }


def _checked(record: Control) -> Control:
    check_tenant(record.tenant)
    if isinstance(record, Recipient | Preference):
        if not _PERSON.fullmatch(record.id):
            raise Wrong(
                "id",
                f"{record.id[:60]!r} is no name of a recipient: one line, at most 200 characters",
            )
        if isinstance(record, Recipient):
            check_recipient(record)
        else:
            check_preference(record)
        return record
    if isinstance(record, NotificationType):
        check_type(record)
        return record
    check_id(record.id)
    if isinstance(record, Template):
        check_template(record)
        return versioned(record)
    check_rule(record)
    return record


def _line(entry: Mapping, field: str) -> int:
    """Find the line of a field such as `addresses.email[1]`, or of what holds it."""
    line, place = entry.line, entry
    for word in re.findall(r"[^.\[\]]+", field):
        if isinstance(place, Mapping) and word in place:
            line, place = place.lines[word], place[word]
        elif isinstance(place, Sequence) and word.isdecimal() and int(word) < len(place):
            line, place = place.lines[int(word)], place[int(word)]
        else:
            break
    return line
