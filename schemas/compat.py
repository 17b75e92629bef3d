"""Whether one Avro schema can read what another wrote.

The rules are those of the Avro specification, "Schema Resolution", for the types that records of
ours use. FULL_TRANSITIVE asks it of every pair of versions, both ways.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

Schema = Any  # as JSON: a name, a list for a union, else an object

# Which types a reader takes beside its own. The specification lets string and bytes read each
# other; here it does not count, since bytes need not be text.
PROMOTIONS = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
}


def breaches(reader: Schema, writer: Schema, path: str = "") -> Iterator[str]:
    """Say everything that keeps the reader from reading what the writer wrote."""
    if isinstance(writer, list):
        for branch in writer:
            yield from breaches(reader, branch, path)
    elif isinstance(reader, list):
        if all(any(breaches(branch, writer, path)) for branch in reader):
            yield f"{path or 'record'}: no branch of the union reads {_name(writer)}"
    elif _kind(reader) == _kind(writer):
        yield from _breaches_of_a_kind(reader, writer, path)
    elif _kind(writer) not in PROMOTIONS.get(_kind(reader), ()):
        yield f"{path or 'record'}: {_name(writer)} was written, {_name(reader)} is read"


def _breaches_of_a_kind(reader: Schema, writer: Schema, path: str) -> Iterator[str]:
    kind = _kind(reader)
    if kind == "record":
        yield from _record_breaches(reader, writer, path)
    elif kind == "array":
        yield from breaches(reader["items"], writer["items"], f"{path}[]")
    elif kind == "map":
        yield from breaches(reader["values"], writer["values"], f"{path}{{}}")
    elif kind in ("enum", "fixed") and reader != writer:
        yield f"{path or 'record'}: a changed {kind}"


def _record_breaches(reader: Any, writer: Any, path: str) -> Iterator[str]:
    if _name(reader) != _name(writer):
        yield f"{path or 'record'}: {_name(writer)} was written, {_name(reader)} is read"
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        name = f"{path}.{field['name']}" if path else field["name"]
        if field["name"] in written:
            yield from breaches(field["type"], written[field["name"]]["type"], name)
        elif "default" not in field:
            yield f"{name}: not written, and the reader has no default"


def _kind(schema: Schema) -> str:
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _name(schema: Schema) -> str:
    if isinstance(schema, dict) and "name" in schema:
        return ".".join(filter(None, (schema.get("namespace"), schema["name"])))
    return _kind(schema)


def full_transitive(versions: Sequence[Schema]) -> list[str]:
    """Say every breach between any two versions, whichever writes; an empty list is well."""
    return [
        f"version {new + 1} reading version {old + 1}: {breach}"
        for new, old in permutations(range(len(versions)), 2)
        for breach in breaches(versions[new], versions[old])
    ]
