"""What foreign producers write is understood where it can be, and refused with a reason."""

import json
from typing import Any

import msgspec
import pytest

from schemas import codec
from schemas.errors import Invalid, Undecodable
from schemas.records import RawAlert
from tests.unit.schemas.drawing import RECORDS

ALERT = RawAlert(source="webhook", title="Disk full", labels={"host": "db1"}, occurred_at=1_700)
EVERY_RECORD = pytest.mark.parametrize("record_type", RECORDS, ids=lambda record: record.AVRO)


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
