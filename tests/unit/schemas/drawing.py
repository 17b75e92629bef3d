"""Records of every kind, as hypothesis draws them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from schemas import checks, control, deliveries, notification, records
from schemas.reasons import RawStatus

RECORDS: list[type[records.Record]] = sorted(
    {
        value
        for module in (records, control, deliveries, notification)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, records.Record) and value.AVRO
    },
    key=lambda record: record.AVRO,
)

characters = st.characters(codec="utf-8", exclude_characters="\0")
texts = st.text(characters, max_size=20)
words = st.text(characters, min_size=1, max_size=20).filter(lambda text: not text.isspace())
longs = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
ints = st.integers(min_value=-(1 << 31), max_value=(1 << 31) - 1)
moments = st.integers(min_value=0, max_value=checks.LATEST_MS)
plain = st.recursive(
    st.none() | st.booleans() | longs | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
matchers = st.builds(control.Matcher, name=texts, op=st.sampled_from(["=", "!~"]), value=texts)
steps = st.builds(
    control.EscalationStep,
    after_s=longs,
    recipients=st.lists(texts, max_size=3),
    template=texts,
    channels=st.none() | st.lists(texts, max_size=2),
)
by_type: dict[object, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    list[str]: st.lists(texts, max_size=3),
    list[str] | None: st.none() | st.lists(texts, max_size=3),
    dict[str, str]: st.dictionaries(texts, texts, max_size=3),
    dict[str, bool]: st.dictionaries(texts, st.booleans(), max_size=3),
    dict[str, int]: st.dictionaries(texts, longs, max_size=3),
    dict[str, list[str]]: st.dictionaries(texts, st.lists(texts, max_size=2), max_size=3),
    dict[str, Any]: st.dictionaries(texts, plain, max_size=3),
    list[tuple[str, bytes]]: st.lists(st.tuples(texts, st.binary(max_size=9)), max_size=3),
    list[control.Matcher]: st.lists(matchers, max_size=3),
    list[control.EscalationStep]: st.lists(steps, max_size=3),
}


def _field(field: msgspec.structs.FieldInfo) -> st.SearchStrategy[Any]:
    if field.name == "tenant":
        return st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
    if field.type is int:
        if checks.is_time(field.name):
            return moments
        if field.name.endswith("priority"):
            return st.integers(min_value=min(0, field.default), max_value=3)
        return ints if field.name in checks.SMALL else longs
    return words if field.required and field.type is str else by_type[field.type]


def drawn(record_type: type[records.Record]) -> st.SearchStrategy[records.Record]:
    """Draw records of one kind that break no agreement."""
    fields = {field.name: _field(field) for field in msgspec.structs.fields(record_type)}
    if record_type is records.RawAlert:
        fields["status"] = st.sampled_from([status.value for status in RawStatus])
    return st.builds(record_type, **fields)


any_record = st.sampled_from(RECORDS).flatmap(drawn)
