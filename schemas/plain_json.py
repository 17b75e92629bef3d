"""JSON as people and foreign producers write it, made into a record's fields.

Anything that a record of ours cannot hold is Invalid; anything that is no JSON object is
Undecodable. What a field means beyond its type is judged in `schemas.checks`.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson

from schemas.checks import is_time, without_nul
from schemas.errors import Invalid, Undecodable
from schemas.limits import JSON_DEPTH
from schemas.records import Record

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r\n"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONG = 1 << 63

unknown_fields: Counter[str] = Counter()  # by record; the edge makes a metric of it

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?"
    r" ?(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)
_PRIORITIES = {"low": 0, "normal": 1, "high": 2, "critical": 3}

Coercion = Callable[[str, Any], Any]


def loads(raw: bytes) -> dict[str, Any]:
    """Read one JSON object, at most `JSON_DEPTH` deep, without NULs."""
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Undecodable(f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise Undecodable("not a JSON object")
    # Fewer brackets than that cannot be deeper than that.
    if raw.count(b"{") + raw.count(b"[") > JSON_DEPTH:
        _refuse_depth(given)
    return without_nul(given) if b"\\u0000" in raw else given


def _refuse_depth(given: dict[str, Any]) -> None:
    level: list[Any] = [given]
    for _ in range(JSON_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise Invalid(f"JSON is nested deeper than {JSON_DEPTH}")


class Reader:
    """Read one kind of record from JSON, forgiving what means the same."""

    def __init__(self, record_type: type[Record]) -> None:
        self._record_type = record_type
        fields = msgspec.structs.fields(record_type)
        self._coercions = {field.name: _coercion(field) for field in fields}
        self._required = [field.name for field in fields if field.required]

    def fields(self, raw: bytes) -> dict[str, Any]:
        """Read the fields that are given, without nulls; unknown ones are counted and left out."""
        fields: dict[str, Any] = {}
        unknown = 0
        for name, value in loads(raw).items():
            coercion = self._coercions.get(name)
            if coercion is None:
                unknown += 1
            elif value is not None:
                fields[name] = coercion(name, value)
        if unknown:
            unknown_fields[self._record_type.__name__] += unknown
        for name in self._required:
            if name not in fields:
                if name == "title" and fields.get("body"):
                    fields[name] = ""
                    continue
                raise Invalid(f"{name}: missing")
        return fields


def _coercion(field: msgspec.structs.FieldInfo) -> Coercion:
    if field.type is int:
        if is_time(field.name):
            return to_ms
        return _priority if field.name.endswith("priority") else _whole
    if field.type is str:
        return _text
    if field.type is bool:
        return _truth
    if field.type == dict[str, str]:
        return _texts_by_name
    if field.type == list[str]:
        return _texts
    if field.type == list[str] | None:
        return _texts
    if field.type == dict[str, Any]:
        return _object
    return _as(field.type)


def to_ms(name: str, value: Any) -> int:
    """Read a moment: epoch milliseconds or ISO 8601; the year 1 and the empty text say 0."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer() and abs(value) < LONG:
        return int(value)
    if type(value) is not str:
        raise Invalid(f"{name}: neither epoch milliseconds nor ISO 8601")
    if not value:
        return 0
    parts = _ISO.fullmatch(value.strip())
    if parts is None:
        raise Invalid(f"{name}: {value[:40]!r} is not ISO 8601")
    year, month, day, hour, minute, second, fraction, sign, off_h, off_m = parts.groups()
    if year == "0001":
        return 0
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC
        )
    except ValueError as error:
        raise Invalid(f"{name}: {value[:40]!r} is no moment: {error}") from error
    seconds = int(second or 0)
    if seconds > 60:  # a leap second is a second too
        raise Invalid(f"{name}: {value[:40]!r} is no moment")
    ms = (moment - EPOCH) // timedelta(milliseconds=1) + seconds * 1000
    ms += int(f"{fraction or 0:0<3}"[:3])
    if sign:
        away = (int(off_h) * 60 + int(off_m)) * 60_000
        ms += away if sign == "-" else -away
    return ms


def _whole(name: str, value: Any) -> int:
    if type(value) is not int:
        raise Invalid(f"{name}: a whole number is expected")
    return value


def _priority(name: str, value: Any) -> int:
    if type(value) is str:
        word = value.strip().lower()
        if word not in _PRIORITIES:
            raise Invalid(f"{name}: {value[:40]!r} is none of {', '.join(_PRIORITIES)}")
        return _PRIORITIES[word]
    return _whole(name, value)


def _text(name: str, value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:  # ids and keys are often written as numbers
        return str(value)
    raise Invalid(f"{name}: text is expected")


def _truth(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise Invalid(f"{name}: true or false is expected")
    return value


def _texts(name: str, value: Any) -> list[str]:
    if type(value) is not list:
        raise Invalid(f"{name}: a list of texts is expected")
    return [_text(name, item) for item in value]


def _texts_by_name(name: str, value: Any) -> dict[str, str]:
    if type(value) is not dict:
        raise Invalid(f"{name}: an object of texts is expected")
    texts = {}
    for key, item in value.items():
        if type(item) is str:
            texts[key] = item
        elif isinstance(item, bool | int | float):
            texts[key] = str(item).lower() if isinstance(item, bool) else str(item)
        elif item is not None:
            raise Invalid(f"{name}.{key[:40]}: text is expected")
    return texts


def _object(name: str, value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Invalid(f"{name}: an object is expected")
    return value


def _as(wanted: Any) -> Coercion:
    def convert(name: str, value: Any) -> Any:
        try:
            return msgspec.convert(value, wanted)
        except msgspec.ValidationError as error:
            raise Invalid(f"{name}: {error}") from error

    return convert
