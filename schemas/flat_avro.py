"""Avro for records with flat fields, as straight-line code made once for each schema.

fastavro builds a dict on the way and looks every type up again for every record, which costs up
to three times as much (docs/decisions/0002-flat-avro.md). Here a schema becomes two functions
without loops over fields. The bytes are the same, which a test holds against fastavro for every
record and for any value; but NUL characters are not read.
"""

from collections.abc import Callable
from typing import Any

import orjson

from schemas.avro_parts import (
    LONGS,
    MOMENT_BYTES,
    MOMENTS,
    SIZES,
    SMALL,
    read_long,
    read_size,
    read_texts,
    read_texts_by_name,
    write_texts,
    write_texts_by_name,
)
from schemas.checks import without_nul

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int], tuple[Any, int]]

TEXTS = {"type": "array", "items": "string"}
TEXTS_BY_NAME = {"type": "map", "values": "string"}


# Empty is the commonest case and costs the least.
_SIZED = """\
    n = SIZES[raw[i]]
    i += 1
    if n:
        if n < 0:
            n, i = read_size(raw, i - 1)
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
}
_WRITE = {
    "string": ("    {name} = record.{name}.encode()\n", "LONGS[len({name})], {name}"),
    "bytes": ("    {name} = record.{name}\n", "LONGS[len({name})], {name}"),
    "json": ("    {name} = dumps(record.{name})\n", "LONGS[len({name})], {name}"),
    "boolean": ("", "BOOLS[record.{name}]"),
    "long": ("", "LONGS[record.{name}]"),
    "moment": ("", "LONGS[record.{name}]"),
    "texts": ("", "write_texts(record.{name})"),
    "texts or null": (
        "    {name} = record.{name}\n",
        "b'\\0' if {name} is None else b'\\2' + write_texts({name})",
    ),
    "texts by name": ("", "write_texts_by_name(record.{name})"),
}


_PARTS = {
    "LONGS": LONGS,
    "MOMENTS": MOMENTS,
    "MOMENT_BYTES": MOMENT_BYTES,
    "SIZES": SIZES,
    "SMALL": SMALL,
    "read_long": read_long,
    "read_size": read_size,
    "read_texts": read_texts,
    "read_texts_by_name": read_texts_by_name,
    "write_texts": write_texts,
    "write_texts_by_name": write_texts_by_name,
    "without_nul": without_nul,
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
    if kind == TEXTS_BY_NAME:
        return "texts by name"
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
    if None in kinds:
        return None
    pairs = [(name, kind) for name, kind in zip(names, kinds, strict=True) if kind]
    # Field names come from our own schema files and are identifiers; nothing foreign gets here.
    reads = "".join(_READ[kind].format(name=name) for name, kind in pairs)
    given = ", ".join(f"{name}={name}" for name in names)
    writes = "".join(_WRITE[kind][0].format(name=name) for name, kind in pairs)
    parts = ", ".join(_WRITE[kind][1].format(name=name) for name, kind in pairs)
    texts = ", ".join(name for name, kind in pairs if kind == "string")
    source = (
        f"def read(raw, i):\n{reads}"
        f"    record = record_type({given})\n"
        f"    return (without_nul(record) if '\\0' in ''.join(({texts},)) else record), i\n"
        f"def write(record):\n{writes}    return b''.join(({parts},))\n"
    )
    space: dict[str, Any] = _PARTS | {"record_type": record_type, "loads": loads}
    exec(source, space)  # noqa: S102 - our own text, see above
    return space["write"], space["read"]
