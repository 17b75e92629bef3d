"""Every released schema reads every other, and says what the records in code say."""

import json
from copy import deepcopy
from typing import Any, get_args

import fastavro
import msgspec
import pytest
from fastavro.schema import to_parsing_canonical_form

from schemas import checks, codec, control, deliveries, notification, records
from schemas.compat import full_transitive

RECORDS: list[type[records.Record]] = sorted(
    {
        value
        for module in (records, control, deliveries, notification)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, records.Record) and value.AVRO
    },
    key=lambda record: record.AVRO,
)
EVERY_RECORD = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.AVRO)


def schema(record: type[records.Record]) -> Any:
    """Read the record's schema of today."""
    return json.loads(codec.schema_json(record))


@EVERY_RECORD
def test_every_version_reads_every_other(record: type[records.Record]) -> None:
    """A consumer of any age can read a producer of any age."""
    versions = [json.loads(text) for _, text in codec.released(record)]

    assert versions, "no version was released"
    assert [] == full_transitive([*versions, schema(record)])


@EVERY_RECORD
def test_released_versions_are_numbered_without_gaps(record: type[records.Record]) -> None:
    """Nobody has taken a released version away."""
    numbers = [number for number, _ in codec.released(record)]

    assert list(range(1, len(numbers) + 1)) == numbers


@EVERY_RECORD
def test_what_is_written_today_was_released(record: type[records.Record]) -> None:
    """Nothing is written that another process could not have been told of."""
    *_, (_, latest) = codec.released(record)

    assert to_parsing_canonical_form(json.loads(latest)) == to_parsing_canonical_form(
        schema(record)
    )


@EVERY_RECORD
def test_schema_and_code_name_the_same_fields(record: type[records.Record]) -> None:
    """A field is in the schema if and only if it is in the code, in the same order."""
    fields = [field["name"] for field in schema(record)["fields"]]

    assert [field.name for field in msgspec.structs.fields(record)] == fields


@EVERY_RECORD
def test_schema_and_code_have_the_same_defaults(record: type[records.Record]) -> None:
    """A field that nobody gave reads the same in Avro and in code."""
    in_schema = {
        field["name"]: field["default"] for field in schema(record)["fields"] if "default" in field
    }
    in_code = {
        field.name: _default(field)
        for field in msgspec.structs.fields(record)
        if not field.required
    }

    assert in_code == in_schema


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
        return "{}" if field.type == dict[str, Any] else value
    return field.default.decode("latin-1") if isinstance(field.default, bytes) else field.default


@EVERY_RECORD
def test_every_int_is_held_to_its_size(record: type[records.Record]) -> None:
    """A number that a strict reader's 32 bits cannot hold is refused before it is written."""
    ints = {field["name"] for field in schema(record)["fields"] if field["type"] == "int"}

    assert set() == {name for name in ints if not name.endswith("priority")} - checks.SMALL


@EVERY_RECORD
def test_every_schema_is_avro(record: type[records.Record]) -> None:
    """Any Avro library can read the file."""
    assert fastavro.parse_schema(schema(record))


OLD: dict[str, Any] = {
    "type": "record",
    "name": "Thing",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "count", "type": "int", "default": 0},
        {"name": "names", "type": {"type": "array", "items": "string"}, "default": []},
        {"name": "marks", "type": {"type": "map", "values": "string"}, "default": {}},
        {"name": "choice", "type": ["null", "string"], "default": None},
        {
            "name": "inner",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Inner",
                    "fields": [{"name": "value", "type": "bytes", "default": ""}],
                },
            },
            "default": [],
        },
    ],
}


def changed(name: str, **field: Any) -> dict[str, Any]:
    """Build the old schema with one field replaced, or added where the name is new."""
    new = deepcopy(OLD)
    for index, old in enumerate(new["fields"]):
        if old["name"] == name:
            new["fields"][index] = {"name": name} | field
            return new
    new["fields"].append({"name": name} | field)
    return new


def without(name: str) -> dict[str, Any]:
    """Build the old schema without one field."""
    return OLD | {"fields": [field for field in OLD["fields"] if field["name"] != name]}


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        OLD | {"doc": "said better"},
        OLD | {"fields": OLD["fields"][::-1]},
        changed("added", type="long", default=0),
        changed("count", type="int", default=7),
        without("count"),
        without("inner"),
    ],
    ids=["same", "doc", "order", "added", "default", "removed", "removed inner"],
)
def test_a_change_that_all_can_read_is_let_through(new: dict[str, Any]) -> None:
    """A schema may grow and shrink where defaults stand in."""
    assert [] == full_transitive([OLD, new])


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (without("id"), "version 1 reading version 2: id: not written"),
        (changed("added", type="long"), "version 2 reading version 1: added: not written"),
        (changed("id", type="long"), "id: string was written, long is read"),
        (changed("count", type="long", default=0), "count: long was written, int is read"),
        (changed("count", type="string", default=""), "count: int was written, string is read"),
        (
            changed("names", type={"type": "array", "items": "int"}, default=[]),
            "names[]: string was written, int is read",
        ),
        (
            changed("marks", type={"type": "map", "values": "long"}, default={}),
            "marks{}: string was written, long is read",
        ),
        (
            changed("names", type={"type": "array", "items": "bytes"}, default=[]),
            "names[]: string was written, bytes is read",
        ),
        (changed("names", type={"type": "map", "values": "string"}, default={}), "names: array"),
        (changed("choice", type="string", default=""), "choice: null was written"),
        (changed("choice", type=["null", "long"], default=None), "choice: no branch"),
        (changed("id", type=["null", "string"], default=None), "id: null was written"),
        (OLD | {"name": "Other"}, "record: Thing was written, Other is read"),
        (
            changed(
                "inner",
                type={
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Inner",
                        "fields": [
                            {"name": "value", "type": "bytes"},
                            {"name": "x", "type": "int"},
                        ],
                    },
                },
                default=[],
            ),
            "inner[].x: not written",
        ),
    ],
)
def test_a_change_that_some_cannot_read_is_refused(new: dict[str, Any], said: str) -> None:
    """A schema that would break a reader or a writer never passes."""
    assert any(said in breach for breach in full_transitive([OLD, new]))


def test_versions_that_are_not_neighbours_are_compared_too() -> None:
    """A field that goes and comes back as another type is found."""
    versions = [OLD, without("count"), changed("count", type="string", default="")]

    assert any("version 3 reading version 1" in breach for breach in full_transitive(versions))


@EVERY_RECORD
def test_union_types_name_null_first(record: type[records.Record]) -> None:
    """A default of null is the first branch, as Avro asks."""
    unions = [field for field in schema(record)["fields"] if isinstance(field["type"], list)]
    optional = [f.name for f in msgspec.structs.fields(record) if type(None) in get_args(f.type)]

    assert optional == [field["name"] for field in unions]
    assert all(field["type"][0] == "null" for field in unions)
