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


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{]",
        b"\xc3",
        b"\xc3\x01",
        b"\xc3\x01" + bytes(20),
        b"\x00",
        b"\x00\x00\x00\x00\x07",
        codec.encode(ALERT)[:-1],
        codec.encode(ALERT) + b"\0",
        b'{"source": "a", "title": NaN}',
        b'{"source": "a", "title": "\\ud800"}',
        b'{"source": "a", "title": "\xff"}',
        b'{"source": "a", "title": "b", "priority": 1e400}',
        b'{"source": "a", "title": "b", "priority": ' + b"9" * 5000 + b"}",
        b'{"source": "a", "title": "b", "labels": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    ],
)
def test_what_is_no_record_is_undecodable(raw: bytes) -> None:
    """Bytes that say nothing are told apart from a record that says something wrong."""
    with pytest.raises(Undecodable):
        codec.decode(RawAlert, raw)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": "b"}, "source: missing"),
        ({"source": "a"}, "title: missing"),
        ({"source": "", "title": "b"}, "source: missing"),
        ({"source": "a", "title": " ", "body": "\n \n"}, "title: missing"),
        ({"source": "a", "title": None}, "title: missing"),
        ({"source": "a", "title": ["b"]}, "title: text"),
        ({"source": "a", "title": "b", "tenant": "Big"}, "tenant: 'Big'"),
        ({"source": "a", "title": "b", "tenant": ""}, "tenant: ''"),
        ({"source": "a", "title": "b", "tenant": "x\n"}, "tenant: "),
        ({"source": "a", "title": "b", "status": "weird"}, "status: 'weird'"),
        ({"source": "a", "title": "b", "priority": 4}, "priority: 4"),
        ({"source": "a", "title": "b", "priority": -2}, "priority: -2"),
        ({"source": "a", "title": "b", "priority": "soon"}, "priority: 'soon'"),
        ({"source": "a", "title": "b", "priority": True}, "priority: a whole number"),
        ({"source": "a", "title": "b", "priority": 1.5}, "priority: a whole number"),
        ({"source": "a", "title": "b", "occurred_at": -1}, "occurred_at: -1"),
        ({"source": "a", "title": "b", "occurred_at": 1 << 62}, "occurred_at: "),
        ({"source": "a", "title": "b", "occurred_at": 1.5}, "occurred_at: neither"),
        ({"source": "a", "title": "b", "occurred_at": True}, "occurred_at: neither"),
        ({"source": "a", "title": "b", "occurred_at": "soon"}, "occurred_at: 'soon'"),
        ({"source": "a", "title": "b", "occurred_at": "2024-02-30"}, "occurred_at: "),
        ({"source": "a", "title": "b", "occurred_at": "1969-12-31"}, "occurred_at: "),
        ({"source": "a", "title": "b", "labels": ["x"]}, "labels: an object"),
        ({"source": "a", "title": "b", "labels": {"x": {}}}, "labels.x: text"),
        ({"source": "a", "title": "b", "links": "x"}, "links: a list"),
        ({"source": "a", "title": "b", "links": [None]}, "links: text"),
    ],
)
def test_what_breaks_the_agreement_is_named(fields: dict[str, Any], said: str) -> None:
    """A producer is told which field is wrong."""
    with pytest.raises(Invalid) as caught:
        codec.decode(RawAlert, json.dumps(fields).encode())

    assert str(caught.value).startswith(said)


def decoded(**fields: Any) -> RawAlert:
    """Read an alert of these fields from JSON."""
    given_fields = {"source": "a", "title": "b"} | fields
    return codec.decode(RawAlert, json.dumps(given_fields).encode())


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        (1_704_164_645_123, 1_704_164_645_123),
        (1_704_164_645_123.0, 1_704_164_645_123),
        ("2024-01-02T03:04:05Z", 1_704_164_645_000),
        ("2024-01-02T03:04:05z", 1_704_164_645_000),
        ("2024-01-02 03:04:05", 1_704_164_645_000),
        ("2024-01-02T03:04:05.123456789Z", 1_704_164_645_123),
        ("2024-01-02T03:04:05.1Z", 1_704_164_645_100),
        ("2024-01-02T03:04:05,123Z", 1_704_164_645_123),
        ("2024-01-02T04:04:05.123456789+01:00", 1_704_164_645_123),
        ("2024-01-01T22:04:05-0500", 1_704_164_645_000),
        ("2024-01-02T03:04Z", 1_704_164_640_000),
        ("2024-01-02", 1_704_153_600_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("0001-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00.000000000+00:00", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_times_are_read_as_people_and_programs_write_them(written: Any, ms: int) -> None:
    """A moment is the same moment however it is written."""
    assert ms == decoded(occurred_at=written).occurred_at


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("firing", "firing"),
        ("Alerting", "firing"),
        ("triggered", "firing"),
        ("open", "firing"),
        ("ALARM", "firing"),
        ("ok", "resolved"),
        ("OK", "resolved"),
        ("closed", "resolved"),
        ("recovered", "resolved"),
        ("Resolved", "resolved"),
        ("nodata", "no_data"),
        ("No Data", "no_data"),
        ("ack", "acknowledged"),
        ("acknowledged", "acknowledged"),
        ("info", "info"),
        (None, "firing"),
    ],
)
def test_foreign_words_for_a_status_are_understood(word: str | None, status: str) -> None:
    """A source's own word becomes ours."""
    assert status == decoded(status=word).status


@pytest.mark.parametrize(
    ("word", "priority"), [("low", 0), ("Normal", 1), ("high", 2), ("critical", 3)]
)
def test_priorities_may_be_words(word: str, priority: int) -> None:
    """A producer need not know our numbers."""
    assert priority == decoded(priority=word).priority


def test_label_values_become_texts() -> None:
    """A label is a text, whatever the producer thought it was; null is no label."""
    labels = {"a": 1, "b": True, "c": 1.5, "d": None, "e": "x", "f": False}

    assert {"a": "1", "b": "true", "c": "1.5", "e": "x", "f": "false"} == decoded(
        labels=labels
    ).labels


def test_a_numeric_key_is_a_text() -> None:
    """A group key that is a number, as old Alertmanagers send it, is taken."""
    assert decoded(dedup_key=12345).dedup_key == "12345"


def test_a_missing_title_is_the_first_line_of_the_body() -> None:
    """An alert without a title can still be read in a list."""
    assert codec.decode(RawAlert, b'{"source": "a", "body": "\\n One\\nTwo"}').title == "One"
    assert decoded(title="  ", body="One").title == "One"


def test_null_is_the_default() -> None:
    """A field that is null was not given."""
    names = [f.name for f in msgspec.structs.fields(RawAlert) if not f.required]

    assert RawAlert(source="a", title="b") == decoded(**dict.fromkeys(names))


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b" ", b"\r\n\t ", b"\xef\xbb\xbf \n"])
def test_blanks_and_marks_before_the_brace_are_allowed(before: bytes) -> None:
    """What an editor or a shell puts before the JSON does no harm."""
    assert ALERT == codec.decode(RawAlert, before + msgspec.json.encode(ALERT))


def test_unknown_fields_are_ignored_and_counted() -> None:
    """A producer's own fields neither stop an alert nor go unnoticed."""
    before = codec.unknown_fields["RawAlert"]

    assert RawAlert(source="a", title="b") == decoded(color="red", deep={"x": [1]})
    assert codec.unknown_fields["RawAlert"] == before + 2


@pytest.mark.parametrize("depth", [63, 64, 65, 1000])
def test_deep_json_is_refused_cleanly(depth: int) -> None:
    """Nesting is taken to a depth of 64 and never overflows anything."""
    nested = b'{"source":"a","title":"b","x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    if depth <= 64:
        assert codec.decode(RawAlert, nested)
    else:
        with pytest.raises(Invalid, match="deeper than 64"):
            codec.decode(RawAlert, nested)


def test_many_shallow_brackets_are_taken() -> None:
    """Only depth is limited, not how much there is."""
    assert len(decoded(more=[{} for _ in range(500)], links=["x"] * 100).links) == 100


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
