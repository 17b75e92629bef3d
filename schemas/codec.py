"""Records to bytes and back: Avro for ourselves, plain JSON accepted from anyone.

Readers tell by the first bytes: C3 01 and eight bytes of schema fingerprint (Avro single-object
encoding), 0 and four bytes of schema id (Confluent's format), else JSON. `decode` raises
Undecodable, Invalid or, where a limit is given, Oversized, whatever the bytes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin

import fastavro
import msgspec
import orjson
from fastavro.schema import fingerprint, to_parsing_canonical_form
from msgspec import Struct

from schemas import flat_avro
from schemas.checks import check, check_raw_alert, without_nul
from schemas.errors import Invalid, Oversized, TocsinError, Undecodable
from schemas.plain_json import BLANKS, BOM, Reader, loads, unknown_fields
from schemas.records import RawAlert, Record

__all__ = ["Codec", "decode", "encode", "schema_json", "unknown_fields"]

R = TypeVar("R", bound=Record)
Schema = dict[str, Any]

AVRO = Path(__file__).parent / "avro"
SINGLE_OBJECT = b"\xc3\x01"
SINGLE_OBJECT_HEAD = 10
CONFLUENT_HEAD = 5
_BRACE = ord("{")
_PAST = "the record ends before or after its bytes do"


def schema_json(record_type: type[Record]) -> str:
    """Give the record's schema as a registry takes it."""
    return (AVRO / f"{record_type.AVRO}.avsc").read_text()


def released(record_type: type[Record]) -> Iterator[tuple[int, str]]:
    """Give every released version of the record's schema, oldest first."""
    folder = AVRO / "released" / record_type.AVRO
    for version in sorted(int(path.stem) for path in folder.glob("*.avsc")):
        yield version, (folder / f"{version}.avsc").read_text()


class _Form:
    """Hold what one kind of record needs to be written and read."""

    def __init__(self, record_type: type[Record]) -> None:
        self.record_type = record_type
        self.schema: Schema = _parsed(schema_json(record_type))
        self.head = _head(self.schema)
        self.by_head = {_head(s): s for s in map(_parsed, _texts(record_type))}
        self.by_head[self.head] = self.schema
        self.json = Reader(record_type)
        self.strict = msgspec.json.Decoder(record_type)
        kinds = {field.name: field.type for field in msgspec.structs.fields(record_type)}
        self.flat = set(kinds.values()) <= {str, int, bool, dict[str, str], list[str]}
        json_fields = frozenset(name for name, kind in kinds.items() if kind == dict[str, Any])
        self.json_fields = json_fields
        self.has_headers = "headers" in kinds
        self.lists = {name: kind for name, kind in kinds.items() if _is_list_of_structs(kind)}
        functions = flat_avro.compiled(
            record_type, self.schema, json_fields=json_fields, loads=loads
        )
        self.write: flat_avro.Write = functions[0] if functions else self._write
        self.read: flat_avro.Read = functions[1] if functions else self._read

    def _write(self, record: Record) -> bytes:
        datum = msgspec.structs.asdict(record)
        for name in self.json_fields:
            datum[name] = orjson.dumps(datum[name]).decode()
        if self.has_headers:
            datum["headers"] = [{"name": n, "value": v} for n, v in datum["headers"]]
        for name in self.lists:
            datum[name] = [msgspec.structs.asdict(item) for item in datum[name]]
        out = BytesIO()
        fastavro.schemaless_writer(out, self.schema, datum)
        return out.getvalue()

    def _read(self, raw: bytes, head: int) -> tuple[Record, int]:
        return self.resolve(raw, head, self.schema)

    def resolve(self, raw: bytes, head: int, writer: Schema) -> tuple[Record, int]:
        """Read what stands after the head as the writer's schema says, in today's fields."""
        body = BytesIO(raw)
        body.seek(head)
        reader = None if writer is self.schema else self.schema
        fields = cast("dict[str, Any]", fastavro.schemaless_reader(body, writer, reader))
        for name in self.json_fields:
            fields[name] = loads(fields[name].encode())
        if self.has_headers:
            fields["headers"] = [(h["name"], h["value"]) for h in fields["headers"]]
        for name, kind in self.lists.items():
            fields[name] = msgspec.convert(fields[name], kind)
        record = self.record_type(**fields)
        return (without_nul(record) if b"\0" in raw[head:] else record), body.tell()


def _is_list_of_structs(kind: Any) -> bool:
    items = get_args(kind)
    return get_origin(kind) is list and isinstance(items[0], type) and issubclass(items[0], Struct)


def _texts(record_type: type[Record]) -> list[str]:
    return [text for _, text in released(record_type)]


def _parsed(text: str) -> Schema:
    return cast("Schema", fastavro.parse_schema(json.loads(text)))


def _head(schema: Any) -> bytes:
    # fastavro writes the fingerprint's bytes in wire order, little-endian.
    return SINGLE_OBJECT + bytes.fromhex(
        fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    )


class _Forms(dict[type[Record], _Form]):
    def __missing__(self, record_type: type[Record]) -> _Form:
        self[record_type] = form = _Form(record_type)
        return form


_FORMS = _Forms()


class Codec:
    """Write and read records; with a registry's ids in Confluent's format, else without.

    `writer_ids` are the ids a registry gave to today's schemas. `schema_by_id` fetches another's
    schema; a TocsinError that it raises passes through, as a registry that is away is no fault of
    the record.
    """

    def __init__(
        self,
        *,
        writer_ids: Mapping[type[Record], int] | None = None,
        schema_by_id: Callable[[int], Schema] | None = None,
    ) -> None:
        self._heads = {
            record_type: b"\0" + number.to_bytes(4, "big")
            for record_type, number in (writer_ids or {}).items()
        }
        self._fetch = schema_by_id
        self._fetched: dict[tuple[type[Record], int], Schema] = {}

    def encode(self, record: Record) -> bytes:
        """Write a record; Invalid where a field holds what Avro or UTF-8 cannot."""
        form = _FORMS[type(record)]
        head = self._heads.get(type(record)) or form.head
        try:
            return head + form.write(record)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise Invalid(f"{type(record).__name__} cannot be written: {error}") from error

    def decode(self, record_type: type[R], raw: bytes, *, limit: int | None = None) -> R:
        """Read a record in any form; Oversized only where a `limit` of bytes is given."""
        if limit is not None and len(raw) > limit:
            raise Oversized(f"{len(raw)} bytes are more than {limit}")
        form = _FORMS[record_type]
        try:
            if raw.startswith(form.head):  # nearly always
                record, end = form.read(raw, SINGLE_OBJECT_HEAD)
                if end != len(raw):
                    raise Undecodable(_PAST)
            else:
                record = self._read(form, raw)
            if record_type is RawAlert:
                return check_raw_alert(record)  # type: ignore[return-value]
            return check(record)  # type: ignore[no-any-return]
        except TocsinError:
            raise
        except Exception as error:  # foreign bytes can break a reader in any way
            raise Undecodable(f"not a {record_type.__name__}: {error!r:.200}") from error

    def _read(self, form: _Form, raw: bytes) -> Any:
        first = raw[0] if raw else -1
        if first == _BRACE:
            return _read_json(form, raw)
        if first == SINGLE_OBJECT[0]:
            head, writer = SINGLE_OBJECT_HEAD, form.by_head.get(raw[:SINGLE_OBJECT_HEAD])
            if writer is None:
                raise Undecodable("written with a schema that is none of ours")
        elif first == 0:
            head, writer = CONFLUENT_HEAD, self._writer(form, raw)
        else:
            text = raw.removeprefix(BOM).lstrip(BLANKS)
            if text[:1] != b"{":
                raise Undecodable("neither Avro nor a JSON object")
            return _read_json(form, text)
        if writer is form.schema:
            record, end = form.read(raw, head)
        else:
            record, end = form.resolve(raw, head, writer)
        if end != len(raw):
            raise Undecodable(_PAST)
        return record

    def _writer(self, form: _Form, raw: bytes) -> Schema:
        if len(raw) < CONFLUENT_HEAD:
            raise Undecodable("too short for Confluent's format")
        if self._heads.get(form.record_type) == raw[:CONFLUENT_HEAD]:
            return form.schema
        number = int.from_bytes(raw[1:CONFLUENT_HEAD], "big")
        key = (form.record_type, number)
        if key not in self._fetched:
            if self._fetch is None:
                raise Undecodable(f"schema id {number} is unknown: no registry is configured")
            schema = cast("Schema", fastavro.parse_schema(self._fetch(number)))
            # Where it says the same as one of ours, ours is the faster to read.
            self._fetched[key] = form.by_head.get(_head(schema), schema)
        return self._fetched[key]


def _read_json(form: _Form, raw: bytes) -> Record:
    # A \u may be a NUL or half a character, which the strict reader would let pass.
    if form.flat and b"\\u" not in raw:
        try:
            return form.strict.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # the forgiving reader judges
    return form.record_type(**form.json.fields(raw))


_plain = Codec()
encode = _plain.encode
decode = _plain.decode
