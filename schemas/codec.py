"""Records to bytes and back: Avro for ourselves, plain JSON accepted from anyone.

Readers tell by the first bytes: C3 01 and eight bytes of schema fingerprint (Avro single-object
encoding), 0 and four bytes of schema id (Confluent's format), else JSON. `decode` raises
Undecodable, Invalid or, where a limit is given, Oversized, whatever the bytes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar, cast

import fastavro
import msgspec
import orjson
from fastavro.schema import fingerprint, to_parsing_canonical_form

from schemas.checks import check, check_raw_alert
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
        self.schema = fastavro.parse_schema(json.loads(schema_json(record_type)))
        self.mark = _mark(self.schema)
        self.by_mark = {_mark(s): s for s in map(_parsed, _texts(record_type))}
        self.by_mark[self.mark] = self.schema
        self.json = Reader(record_type)
        self.strict = msgspec.json.Decoder(record_type)
        kinds = {field.name: field.type for field in msgspec.structs.fields(record_type)}
        self.flat = set(kinds.values()) <= {str, int, bool, dict[str, str], list[str]}
        self.has_data = kinds.get("data") == dict[str, Any]
        self.has_headers = "headers" in kinds
        self.matchers = kinds.get("matchers")

    def body(self, record: Record) -> bytes:
        """Write the record's Avro without any head."""
        datum = msgspec.structs.asdict(record)
        if self.has_data:
            datum["data"] = orjson.dumps(datum["data"]).decode()
        if self.has_headers:
            datum["headers"] = [{"name": n, "value": v} for n, v in datum["headers"]]
        if self.matchers:
            datum["matchers"] = [msgspec.structs.asdict(m) for m in datum["matchers"]]
        out = BytesIO()
        fastavro.schemaless_writer(out, self.schema, datum)
        return out.getvalue()

    def read(self, raw: bytes, head: int, writer: Schema) -> Record:
        """Read the Avro after the head as the writer's schema says, in today's fields."""
        body = BytesIO(raw)
        body.seek(head)
        reader = None if writer is self.schema else self.schema
        fields = cast("dict[str, Any]", fastavro.schemaless_reader(body, writer, reader))
        if body.tell() != len(raw):
            raise Undecodable("bytes are left over after the record")
        if self.has_data:
            fields["data"] = loads(fields["data"].encode())
        if self.has_headers:
            fields["headers"] = [(h["name"], h["value"]) for h in fields["headers"]]
        if self.matchers:
            fields["matchers"] = msgspec.convert(fields["matchers"], self.matchers)
        return self.record_type(**fields)


def _texts(record_type: type[Record]) -> list[str]:
    return [text for _, text in released(record_type)]


def _parsed(text: str) -> Any:
    return fastavro.parse_schema(json.loads(text))


def _mark(schema: Any) -> bytes:
    # fastavro writes the fingerprint's bytes in wire order, little-endian.
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


@cache
def _form(record_type: type[Record]) -> _Form:
    return _Form(record_type)


class Codec:
    """Write and read records; with a registry's ids in Confluent's format, else without.

    `writer_ids` are the ids a registry gave to today's schemas. `schema_by_id` fetches another's
    schema; what it raises passes through, as a registry that is away is no fault of the record.
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
        self._fetched: dict[int, Any] = {}

    def encode(self, record: Record) -> bytes:
        """Write a record; Invalid where a field holds what Avro or UTF-8 cannot."""
        form = _form(type(record))
        head = self._heads.get(type(record)) or SINGLE_OBJECT + form.mark
        try:
            return head + form.body(record)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise Invalid(f"{type(record).__name__} cannot be written: {error}") from error

    def decode(self, record_type: type[R], raw: bytes, *, limit: int | None = None) -> R:
        """Read a record in any form; Oversized only where a `limit` of bytes is given."""
        if limit is not None and len(raw) > limit:
            raise Oversized(f"{len(raw)} bytes are more than {limit}")
        form = _form(record_type)
        try:
            record = self._read(form, raw)
            if record_type is RawAlert:
                return check_raw_alert(record)  # type: ignore[arg-type,return-value]
            return check(record)  # type: ignore[return-value]
        except TocsinError:
            raise
        except Exception as error:  # foreign bytes can break a reader in any way
            raise Undecodable(f"not a {record_type.__name__}: {error!r:.200}") from error

    def _read(self, form: _Form, raw: bytes) -> Record:
        first = raw[0] if raw else -1
        if first == _BRACE:
            return _read_json(form, raw)
        if first == SINGLE_OBJECT[0]:
            writer = form.by_mark.get(raw[2:SINGLE_OBJECT_HEAD]) if raw[1:2] == b"\x01" else None
            if writer is None:
                raise Undecodable("written with a schema that is none of ours")
            return form.read(raw, SINGLE_OBJECT_HEAD, writer)
        if first == 0:
            return form.read(raw, CONFLUENT_HEAD, self._writer(form, raw))
        text = raw.removeprefix(BOM).lstrip(BLANKS)
        if text[:1] != b"{":
            raise Undecodable("neither Avro nor a JSON object")
        return _read_json(form, text)

    def _writer(self, form: _Form, raw: bytes) -> Any:
        if len(raw) < CONFLUENT_HEAD:
            raise Undecodable("too short for Confluent's format")
        number = int.from_bytes(raw[1:CONFLUENT_HEAD], "big")
        if self._heads.get(form.record_type) == raw[:CONFLUENT_HEAD]:
            return form.schema
        if number not in self._fetched:
            if self._fetch is None:
                raise Undecodable(f"schema id {number} is unknown: no registry is configured")
            self._fetched[number] = fastavro.parse_schema(self._fetch(number))
        return self._fetched[number]


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
