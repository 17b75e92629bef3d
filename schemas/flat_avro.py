"""Avro for records with flat fields, as straight-line code made once for each schema.

fastavro builds a dict on the way and looks every type up again for every record, which costs up
to three times as much (docs/decisions/0002-flat-avro.md). Here a schema becomes two functions
without loops over fields. The bytes are the same, which a test holds against fastavro for every
record and for any value; but NUL characters are not read.
"""

from collections.abc import Callable
from itertools import groupby
from textwrap import indent
from typing import Any, NamedTuple

import orjson
from msgspec import NODEFAULT
from msgspec.structs import astuple, fields

from schemas import avro_parts
from schemas.checks import without_nul

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int], tuple[Any, int]]

TEXTS = {"type": "array", "items": "string"}
_BY_NAME = "map"
_MAPS = {
    "string": "texts by name",
    "boolean": "choices by name",
    str(TEXTS): "lists by name",
}


# Empty is the commonest case and costs the least.
_SIZED = """\
    n = SIZES[raw[i]]
    i += 1
    if n:
        if n < 0:
            n = raw[i - 1]
            j = raw[i]
            if n & 1 or j > 127:
                n, i = read_size(raw, i - 1)
            else:  # two bytes: 64 to 8191
                n = (n & 127 | j << 7) >> 1
                i += 1
        j = i + n
        {name} = VALUE
        i = j
    else:
        {name} = EMPTY
"""
_COLLECTION = """\
    if raw[i]:
        {name}, i = READER(raw, i)
    else:
        {name} = EMPTY
        i += 1
"""


def _filled(form: str, **words: str) -> str:
    for word, text in words.items():
        form = form.replace(word, text)
    return form


# How a field of each kind is read into the variable {name}, from `raw` at `i`.
_READ = {
    "string": _filled(_SIZED, VALUE="raw[i:j].decode()", EMPTY="''"),
    "bytes": _filled(_SIZED, VALUE="raw[i:j]", EMPTY="b''"),
    "json": _filled(_SIZED, VALUE="loads(raw[i:j])", EMPTY="loads(b'')"),
    "boolean": "    {name} = BOOLEANS[raw[i]]\n    i += 1\n",
    "long": """\
    n = raw[i]
    if n < 128:
        {name} = SMALL[n]
        i += 1
    else:
        {name}, i = read_long(raw, i)
""",
    "moment": """\
    if raw[i]:
        {name} = MOMENTS[raw[i:i + MOMENT_BYTES]]
        if {name} < 0:
            {name}, i = read_long(raw, i)
        else:
            i += MOMENT_BYTES
    else:
        {name} = 0
        i += 1
""",
    "texts": _filled(_COLLECTION, READER="read_texts", EMPTY="[]"),
    "texts or null": """\
    n = raw[i]
    i += 1
    {name} = None
    if BRANCHES[n]:
        {name}, i = read_texts(raw, i)
""",
    "texts by name": _filled(_COLLECTION, READER="read_texts_by_name", EMPTY="{{}}"),
    "lists by name": _filled(_COLLECTION, READER="read_lists_by_name", EMPTY="{{}}"),
    "choices by name": _filled(_COLLECTION, READER="read_choices_by_name", EMPTY="{{}}"),
}
# How the value in {name} is made ready, and the parts of what is written for it.
_WRITE = {
    "string": ("    {name} = {name}.encode()\n", "LONGS[len({name})], {name}"),
    "word": ("", "WORDS[{name}]"),
    "bytes": ("", "LONGS[len({name})], {name}"),
    "json": ("    {name} = dumps({name})\n", "LONGS[len({name})], {name}"),
    "boolean": ("", "BOOLS[{name}]"),
    "long": ("", "LONGS[{name}]"),
    "moment": ("", "LONGS[{name}]"),
    "texts": ("", "write_texts({name})"),
    "texts or null": ("", "b'\\0' if {name} is None else b'\\2' + write_texts({name})"),
    "texts by name": ("", "write_texts_by_name({name})"),
    "lists by name": ("", "write_lists_by_name({name})"),
    "choices by name": ("", "write_choices_by_name({name})"),
}
# Fields that are given more often than not. Others that stand side by side mostly hold what they
# hold by default, and are read and written as one run of bytes.
_MOSTLY_GIVEN = frozenset(
    (
        *("id", "body", "severity", "labels", "dedup_key", "occurred_at", "received_at"),
        *("fingerprint", "count", "first_seen_at", "last_seen_at", "window_ends_at"),
        *("opened_partition", "opened_offset", "has_content", "source", "title"),
        *("created_at", "expires_at", "alert_id", "alert_seq", "data", "idempotency_key"),
        *("status", "priority", "type", "attempt", "detail"),
    )
)
# Texts of which a topic holds few different ones.
_WORDS = frozenset(
    (
        *("kind", "status", "subject_kind", "stage", "outcome", "reason"),
        *("source", "severity", "tenant", "type", "template", "channel", "provider"),
    )
)


_PARTS: dict[str, Any] = {
    **{name: part for name, part in vars(avro_parts).items() if not name.startswith("_")},
    "without_nul": without_nul,
    "astuple": astuple,
    "dumps": orjson.dumps,
    "BOOLEANS": (False, True),
    "BOOLS": (b"\0", b"\1"),
    "BRANCHES": {0: False, 2: True},
}


def kind_of(field: dict[str, Any], *, is_json: bool) -> str | None:
    """Name how a field is read and written; None where it is not flat."""
    kind, name = field["type"], field["name"]
    if kind == "string":
        return "json" if is_json else "string"
    if kind in ("int", "long"):
        return "moment" if name.endswith("_at") else "long"
    if kind in ("bytes", "boolean"):
        return str(kind)
    if kind == TEXTS:
        return "texts"
    if isinstance(kind, dict) and kind["type"] == _BY_NAME:
        return _MAPS.get(str(kind["values"]))
    return "texts or null" if kind == ["null", TEXTS] else None


def compiled(
    record_type: type[Any],
    schema: dict[str, Any],
    *,
    json_fields: frozenset[str],
    loads: Callable[[bytes], Any],
) -> tuple[Write, Read] | None:
    """Make the functions that write and read a record; None where a field is not flat.

    `json_fields` are strings in Avro and values in the record, read by `loads`.
    """
    names = [field["name"] for field in schema["fields"]]
    kinds = [kind_of(f, is_json=f["name"] in json_fields) for f in schema["fields"]]
    if None in kinds or names != [field.name for field in fields(record_type)]:
        return None
    groups = _groups(
        [(name, str(kind)) for name, kind in zip(names, kinds, strict=True)], record_type
    )
    space: dict[str, Any] = _PARTS | {"record_type": record_type, "loads": loads}
    for run in groups:
        if run.defaults:
            space[run.label] = run.defaults
            space[run.label + "_RAW"] = _default_bytes(run)
    # Field names come from our own schema files and are identifiers; nothing foreign gets here.
    exec(_reader(groups, names) + _writer(groups, names), space)  # noqa: S102 - our own text
    return space["write"], space["read"]


class _Group(NamedTuple):
    """Fields side by side; `defaults` where they are one run, nothing where it is one field."""

    label: str
    fields: list[tuple[str, str]]  # name and kind
    defaults: tuple[Any, ...]


def _groups(pairs: list[tuple[str, str]], record_type: type[Any]) -> list[_Group]:
    unset = {
        field.name: field.default_factory() if field.default is NODEFAULT else field.default
        for field in fields(record_type)
        if not field.required and field.name not in _MOSTLY_GIVEN
    }
    groups: list[_Group] = []
    for is_run, found in groupby(pairs, lambda pair: pair[0] in unset):
        many = list(found)
        defaults = tuple(unset[name] for name, _ in many) if is_run else ()
        if defaults and (len(many) > 1 or defaults[0]):
            groups.append(_Group(f"RUN{len(groups)}", many, defaults))
        else:
            groups += (_Group("", [pair], ()) for pair in many)
    return groups


def _default_bytes(run: _Group) -> bytes:
    names = ", ".join(name for name, _ in run.fields)
    ready, parts = _written(run.fields)
    space: dict[str, Any] = dict(_PARTS)
    exec(f"def default({names}):\n{ready}    return b''.join(({parts},))\n", space)  # noqa: S102
    return bytes(space["default"](*run.defaults))


def _written(pairs: list[tuple[str, str]]) -> tuple[str, str]:
    forms = [
        (name, _WRITE["word" if kind == "string" and name in _WORDS else kind])
        for name, kind in pairs
    ]
    ready = "".join(form[0].format(name=name) for name, form in forms)
    return ready, ", ".join(form[1].format(name=name) for name, form in forms)


def _writer(groups: list[_Group], names: list[str]) -> str:
    lines, parts = "", []
    for group in groups:
        ready, part = _written(group.fields)
        if group.defaults:
            held = "".join(f"{name}, " for name, _ in group.fields)
            lines += (
                f"    if ({held}) == {group.label}:\n        run = {group.label}_RAW\n    else:\n"
                f"{indent(ready, '    ')}        run = b''.join(({part},))\n"
            ).replace(" run = ", f" {group.label.lower()} = ")
            parts.append(group.label.lower())
        else:
            lines += ready
            parts.append(part)
    return (
        f"def write(record):\n    {', '.join(names)}, = astuple(record)\n"
        f"{lines}    return b''.join(({', '.join(parts)},))\n"
    )


def _reader(groups: list[_Group], names: list[str]) -> str:
    lines = ""
    for group in groups:
        reads = "".join(_READ[kind].format(name=name) for name, kind in group.fields)
        if group.defaults:
            pairs = zip(group.fields, group.defaults, strict=True)
            held = "".join(f"        {name} = {default!r}\n" for (name, _), default in pairs)
            raw = group.label + "_RAW"
            lines += (
                f"    if raw.startswith({raw}, i):\n{held}        i += len({raw})\n"
                f"    else:\n{indent(reads, '    ')}"
            )
        else:
            lines += reads
    given = ", ".join(f"{name}={name}" for name in names)
    pairs_of_texts = (pair for group in groups for pair in group.fields if pair[1] == "string")
    texts = ", ".join(name for name, _ in pairs_of_texts)
    return (
        f"def read(raw, i):\n{lines}    record = record_type({given})\n"
        f"    return (without_nul(record) if '\\0' in ''.join(({texts},)) else record), i\n"
    )
