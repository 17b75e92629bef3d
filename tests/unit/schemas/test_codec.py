"""Records survive the wire, and nothing on the wire can break a reader."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import Invalid, KafkaUnavailable, Oversized, Undecodable
from schemas.records import AlertChange, Intent, RawAlert, Record
from tests.unit.schemas.drawing import RECORDS, any_record, drawn

ALERT = RawAlert(source="webhook", title="Disk full", labels={"host": "db1"}, occurred_at=1_700)
EVERY_RECORD = pytest.mark.parametrize("record_type", RECORDS, ids=lambda record: record.AVRO)


def schema(record_type: type[Record]) -> dict[str, Any]:
    """Read the record's schema of today."""
    parsed: dict[str, Any] = json.loads(codec.schema_json(record_type))
    return parsed


@given(any_record)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    """Nothing is lost or changed on the wire."""
    assert record == codec.decode(type(record), codec.encode(record))


@given(any_record)
def test_our_bytes_are_avro(record: Record) -> None:
    """Any Avro library reads what we write."""
    raw = codec.encode(record)
    form = codec._FORMS[type(record)]  # the only place that knows fastavro's way of writing

    assert raw[:2] == b"\xc3\x01"
    assert form._write(record) == raw[10:]


@given(any_record)
def test_a_reader_through_fastavro_sees_the_same(record: Record) -> None:
    """Our own reader and a well-kept library agree."""
    form = codec._FORMS[type(record)]
    raw = codec.encode(record)

    assert (record, len(raw)) == form.resolve(raw, 10, form.schema)


FLAT = [kind for kind in RECORDS if codec._FORMS[kind].write.__name__ == "write"]


@pytest.mark.parametrize("record_type", FLAT, ids=lambda record: record.AVRO)
@given(data=st.data())
def test_what_is_left_out_is_written_like_the_rest(
    record_type: type[Record], data: st.DataObject
) -> None:
    """A record of few fields, and one that differs in one field, are Avro and come back."""
    full = data.draw(drawn(record_type))
    required = [field.name for field in msgspec.structs.fields(record_type) if field.required]
    other = data.draw(st.sampled_from(record_type.__struct_fields__))
    brief = record_type(**{name: getattr(full, name) for name in {*required, other}})
    raw = codec.encode(brief)

    assert codec._FORMS[record_type]._write(brief) == raw[10:]
    assert brief == codec.decode(record_type, raw)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 127, 128, 8191, 8192, 65_536])
def test_texts_of_any_length_come_back(size: int) -> None:
    """How long a text is never changes how it is read."""
    alert = msgspec.structs.replace(ALERT, body="x" * size, labels={"y": "z" * size})

    assert alert == codec.decode(RawAlert, codec.encode(alert))


def test_fingerprints_are_those_of_the_specification() -> None:
    """The schema's mark is CRC-64-AVRO in little-endian order."""
    assert bytes.fromhex("8a8f25cce724dd63") == codec._head("null")[2:]
    assert (0x7275D51A3F395C8F).to_bytes(8, "little") == codec._head("int")[2:]


@given(drawn(RawAlert))
def test_json_of_all_fields_reads_as_the_record(record: Record) -> None:
    """An alert may come as plain JSON."""
    assert record == codec.decode(RawAlert, msgspec.json.encode(record))


@given(drawn(RawAlert), st.booleans())
def test_the_quick_and_the_forgiving_reader_agree(record: Record, ascii_only: bool) -> None:
    """How a text is escaped never changes what it says."""
    given_fields = msgspec.structs.asdict(record)
    raw = json.dumps(given_fields, ensure_ascii=ascii_only).encode()

    assert record == codec.decode(RawAlert, raw)
    assert record == codec.decode(RawAlert, raw.replace(b"{", b'{"more": 1, ', 1))


@EVERY_RECORD
@given(raw=st.binary(max_size=200))
def test_no_bytes_break_a_reader(record_type: type[Record], raw: bytes) -> None:
    """Foreign bytes are read or refused, and nothing else."""
    reads_or_refuses(record_type, raw)
    reads_or_refuses(record_type, codec._FORMS[record_type].head + raw)
    reads_or_refuses(record_type, b"{" + raw + b"}")


@given(any_record, st.integers(0, 200), st.binary(max_size=3), st.integers(0, 3))
def test_no_damage_breaks_a_reader(record: Record, at: int, put: bytes, cut: int) -> None:
    """A damaged record of ours is read or refused, and nothing else."""
    raw = codec.encode(record)

    reads_or_refuses(type(record), raw[:at] + put + raw[at + cut :])
    reads_or_refuses(type(record), raw[:at])
    reads_or_refuses(type(record), raw + put)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@EVERY_RECORD
@given(data=st.data())
def test_no_json_breaks_a_reader(record_type: type[Record], data: st.DataObject) -> None:
    """JSON of any shape is read or refused, and what is read can be written again."""
    names = [field.name for field in msgspec.structs.fields(record_type)]
    fields = data.draw(st.dictionaries(st.sampled_from(names), json_values))
    raw = json.dumps({"source": "a", "title": "b", "id": "c"} | fields).encode()

    record = reads_or_refuses(record_type, raw)

    if record is not None:
        assert record == codec.decode(record_type, codec.encode(record))
        assert "\\u0000" not in str(orjson.dumps(msgspec.to_builtins(record)))


def reads_or_refuses(record_type: type[Record], raw: bytes) -> Record | None:
    """Decode; None where the bytes were refused in one of the two ways allowed."""
    try:
        record = codec.decode(record_type, raw)
    except (Undecodable, Invalid):
        return None
    assert type(record) is record_type
    return record


@pytest.mark.parametrize("form", [json.dumps, lambda fields: codec.encode(RawAlert(**fields))])
def test_nul_characters_are_taken_out(form: Callable[[dict[str, Any]], str | bytes]) -> None:
    """What PostgreSQL's text refuses never gets past the reader."""
    raw = form({"source": "a\0", "title": "\0b", "body": "c\0d", "labels": {"x\0": "y\0"}})

    read = codec.decode(RawAlert, raw.encode() if isinstance(raw, str) else raw)

    assert RawAlert(source="a", title="b", body="cd", labels={"x": "y"}) == read


def test_nul_characters_are_taken_out_of_data_too() -> None:
    """A template's data is cleaned as deep as it goes."""
    raw = codec.encode(Intent(recipient="a", data={"x": ["\0y", {"\0z": 1}]}))

    assert {"x": ["y", {"z": 1}]} == codec.decode(Intent, raw).data


def test_a_record_over_the_limit_is_refused_only_where_asked() -> None:
    """A limit holds where one is given."""
    raw = codec.encode(ALERT)

    assert ALERT == codec.decode(RawAlert, raw, limit=len(raw))
    with pytest.raises(Oversized):
        codec.decode(RawAlert, raw, limit=len(raw) - 1)


@pytest.mark.parametrize(
    "record",
    [
        RawAlert(source="a", title="\ud800"),
        RawAlert(source="a", title="b", occurred_at=1 << 63),
        RawAlert(source="a", title="b", labels={"x": 1}),  # type: ignore[dict-item]
        Intent(recipient="a", data={"x": 1 << 70}),
        Intent(recipient="a", data={"x": object()}),
    ],
)
def test_what_cannot_be_written_is_invalid(record: Record) -> None:
    """A record that no reader could read is never produced."""
    with pytest.raises(Invalid):
        codec.encode(record)


def test_a_registrys_ids_are_written_and_read() -> None:
    """With a registry, records are in Confluent's format."""
    with_registry = codec.Codec(writer_ids={RawAlert: 258})

    raw = with_registry.encode(ALERT)

    assert raw[:5] == b"\0\0\0\1\2"
    assert raw[5:] == codec.encode(ALERT)[10:]
    assert ALERT == with_registry.decode(RawAlert, raw)
    assert ALERT == with_registry.decode(RawAlert, codec.encode(ALERT))


def test_a_registrys_other_schemas_are_fetched_once() -> None:
    """A foreign producer's version is asked for and then remembered."""
    asked: list[int] = []

    def schema_by_id(number: int) -> dict[str, Any]:
        asked.append(number)
        return schema(RawAlert)

    reader = codec.Codec(schema_by_id=schema_by_id)
    raw = codec.Codec(writer_ids={RawAlert: 7}).encode(ALERT)

    assert [ALERT, ALERT] == [reader.decode(RawAlert, raw) for _ in range(2)]
    assert asked == [7]


def test_a_registry_that_is_away_is_no_fault_of_the_record() -> None:
    """A record is not thrown away because a service does not answer."""

    def schema_by_id(number: int) -> dict[str, Any]:
        raise KafkaUnavailable(f"no answer about {number}")

    with pytest.raises(KafkaUnavailable):
        codec.Codec(schema_by_id=schema_by_id).decode(RawAlert, b"\0\0\0\0\7xx")


def test_a_schema_of_something_else_is_undecodable() -> None:
    """A record of another kind in our topic is refused."""
    reader = codec.Codec(schema_by_id=lambda _: schema(AlertChange))

    with pytest.raises(Undecodable):
        reader.decode(RawAlert, b"\0\0\0\0\7" + codec.encode(ALERT)[10:])


def fields_as(theirs: dict[str, Any], fields: dict[str, Any]) -> bytes:
    """Write the fields in this schema with fastavro."""
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(theirs), fields)
    return out.getvalue()


@example("x\0y")
@given(st.text(st.characters(codec="utf-8")))
def test_another_version_is_resolved(body: str) -> None:
    """Fields that a writer lacks have their defaults, fields that we lack are left out."""
    theirs = schema(RawAlert)
    theirs["fields"] = [*theirs["fields"][:3], {"name": "mood", "type": "string", "default": ""}]
    reader = codec.Codec(schema_by_id=lambda _: theirs)
    raw = fields_as(theirs, {"source": "a", "title": "b", "body": body, "mood": "blue"})

    assert RawAlert(source="a", title="b", body=body.replace("\0", "")) == reader.decode(
        RawAlert, b"\0\0\0\0\7" + raw
    )
