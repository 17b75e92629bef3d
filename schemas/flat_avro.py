"""Avro for records with flat fields, as straight-line code made once for each schema.

fastavro builds a dict on the way and looks every type up again for every record; reading and
writing alerts that way took half of a worker's time (docs/decisions/0002-flat-avro.md). Here a
schema becomes two functions without loops over fields. The bytes are the same, which a test
holds against fastavro for every record and for any value; but NUL characters are not read.
"""

from collections.abc import Callable
from typing import Any

import orjson

from schemas.checks import without_nul

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int], tuple[Any, int]]

LONG_MIN, LONG_MAX = -(1 << 63), (1 << 63) - 1
MEMO = 16_384  # longs remembered; moments repeat within a record and within a millisecond
MOMENT_BYTES = 6  # a varint of the years 1987 to 2527 in milliseconds
LONGEST_VARINT = 10  # bytes of 7 bits for 64 bits

TEXTS = {"type": "array", "items": "string"}
TEXTS_BY_NAME = {"type": "map", "values": "string"}


class _Longs(dict[int, bytes]):
    """Give the bytes of any long; a bounded memory of those given before."""

    def __missing__(self, value: int) -> bytes:
        if not LONG_MIN <= value <= LONG_MAX:
            raise OverflowError(f"{value} is no 64-bit number")
        rest = (value << 1) ^ (value >> 63)
        out = bytearray()
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
        if len(self) >= MEMO:
            self.clear()
        self[value] = written = bytes(out)
        return written


class _Moments(dict[bytes, int]):
    """Give the long that six bytes spell, or -1 where it is not six bytes long."""

    def __missing__(self, raw: bytes) -> int:
        if len(raw) < MOMENT_BYTES or raw[5] > 127 or min(raw[:5]) < 128:
            return -1
        a, b, c, d, e, f = raw
        rest = (
            a & 127 | (b & 127) << 7 | (c & 127) << 14 | (d & 127) << 21 | (e & 127) << 28 | f << 35
        )
        if len(self) >= MEMO:
            self.clear()
        self[raw] = value = (rest >> 1) ^ -(rest & 1)
        return value


LONGS = _Longs()
MOMENTS = _Moments()
# One byte of a varint: what it says alone, or that it does not (a continuation, a negative size).
SMALL = tuple((n >> 1) ^ -(n & 1) for n in range(128))
SIZES = tuple(n >> 1 if n < 128 and not n & 1 else -1 for n in range(256))


def read_long(raw: bytes, at: int) -> tuple[int, int]:
    """Read a long and say where it ends; ValueError where it is longer than 64 bits."""
    value = shift = 0
    for end in range(at, at + LONGEST_VARINT):
        byte = raw[end]
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 64:
                break
            return (value >> 1) ^ -(value & 1), end + 1
        shift += 7
    raise ValueError("a number is longer than 64 bits")


def read_size(raw: bytes, at: int) -> tuple[int, int]:
    """Read how many bytes follow and where they start; ValueError where it is negative."""
    size, start = read_long(raw, at)
    if size < 0:
        raise ValueError("a size is negative")
    return size, start


def _read_count(raw: bytes, at: int) -> tuple[int, int]:
    count, at = read_long(raw, at)
    if count < 0:  # the block says its bytes too, so that it can be skipped
        _, at = read_size(raw, at)
        count = -count
    return count, at


def _read_run(raw: bytes, at: int, many: int) -> tuple[list[str], int]:
    sizes = SIZES
    run: list[str] = []
    for _ in range(many):
        size = sizes[raw[at]]
        at += 1
        if size < 0:
            size, at = read_size(raw, at - 1)
        end = at + size
        run.append(raw[at:end].decode())
        at = end
    if "\0" in "".join(run):
        run = [text.replace("\0", "") for text in run]
    return run, at


def _read_runs(raw: bytes, at: int, *, per_item: int) -> tuple[list[str], int]:
    runs: list[str] = []
    while raw[at]:
        count, at = _read_count(raw, at)
        run, at = _read_run(raw, at, count * per_item)
        runs += run
    return runs, at + 1


def read_texts(raw: bytes, at: int) -> tuple[list[str], int]:
    """Read an array of texts and say where it ends."""
    many = SIZES[raw[at]]
    if many > 0:
        texts, end = _read_run(raw, at + 1, many)
        if not raw[end]:
            return texts, end + 1
    return _read_runs(raw, at, per_item=1)


def read_texts_by_name(raw: bytes, at: int) -> tuple[dict[str, str], int]:
    """Read a map of texts and say where it ends."""
    many = SIZES[raw[at]]
    if many > 0:
        texts, end = _read_run(raw, at + 1, many + many)
        if not raw[end]:
            names = iter(texts)
            return dict(zip(names, names, strict=True)), end + 1
    texts, end = _read_runs(raw, at, per_item=2)
    names = iter(texts)
    return dict(zip(names, names, strict=True)), end


def write_texts(texts: list[str]) -> bytes:
    """Write an array of texts."""
    if not texts:
        return b"\0"
    parts = [LONGS[len(texts)]]
    for text in texts:
        raw = text.encode()
        parts += (LONGS[len(raw)], raw)
    parts.append(b"\0")
    return b"".join(parts)


def write_texts_by_name(texts: dict[str, str]) -> bytes:
    """Write a map of texts."""
    if not texts:
        return b"\0"
    parts = [LONGS[len(texts)]]
    for name, text in texts.items():
        key, raw = name.encode(), text.encode()
        parts += (LONGS[len(key)], key, LONGS[len(raw)], raw)
    parts.append(b"\0")
    return b"".join(parts)


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
    space: dict[str, Any] = globals() | {
        "record_type": record_type,
        "loads": loads,
        "without_nul": without_nul,
        "dumps": orjson.dumps,
        "BOOLEANS": (False, True),
        "BOOLS": (b"\0", b"\1"),
        "BRANCHES": {0: False, 2: True},
    }
    exec(source, space)  # noqa: S102 - our own text, see above
    return space["write"], space["read"]
