"""Flat Avro reads every way in which the specification lets lists and numbers be written."""

from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import avro_parts
from tests.unit.schemas.drawing import longs, texts


def written(schema: str | dict[str, Any], value: object) -> bytes:
    """Write a value with fastavro."""
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@given(longs)
def test_longs_are_avros(value: int) -> None:
    """A number is written and read as by any Avro library."""
    raw = written("long", value)

    assert raw == avro_parts.LONGS[value]
    assert (value, len(raw)) == avro_parts.read_long(raw, 0)


@given(st.integers(min_value=0, max_value=(1 << 63) - 1))
def test_six_bytes_are_a_moment_or_are_not(value: int) -> None:
    """The short way to read a moment never reads another number."""
    raw = written("long", value)

    assert (value if len(raw) == 6 else -1) == avro_parts.MOMENTS[(raw + bytes(6))[:6]]


def test_a_memory_of_numbers_is_bounded() -> None:
    """Numbers that never come again do not fill the memory."""
    for value in range(10**12, 10**12 + 3 * avro_parts.MEMO):
        raw = avro_parts.LONGS[value]
        assert avro_parts.MOMENTS[raw] == value

    assert len(avro_parts.LONGS) <= avro_parts.MEMO
    assert len(avro_parts.MOMENTS) <= avro_parts.MEMO


@given(st.lists(texts, max_size=90))
def test_lists_are_avros(given_texts: list[str]) -> None:
    """A list is written and read as by any Avro library."""
    raw = written({"type": "array", "items": "string"}, given_texts)

    assert raw == avro_parts.write_texts(given_texts)
    assert (given_texts, len(raw)) == avro_parts.read_texts(raw, 0)


@given(st.dictionaries(texts, texts, max_size=40))
def test_maps_are_avros(by_name: dict[str, str]) -> None:
    """A map is written and read as by any Avro library."""
    raw = written({"type": "map", "values": "string"}, by_name)

    assert raw == avro_parts.write_texts_by_name(by_name)
    assert (by_name, len(raw)) == avro_parts.read_texts_by_name(raw, 0)


@given(st.dictionaries(texts, st.lists(texts, max_size=5), max_size=9))
def test_maps_of_lists_are_avros(by_name: dict[str, list[str]]) -> None:
    """A map of lists is written and read as by any Avro library."""
    schema = {"type": "map", "values": {"type": "array", "items": "string"}}
    raw = written(schema, by_name)

    assert raw == avro_parts.write_lists_by_name(by_name)
    assert (by_name, len(raw)) == avro_parts.read_lists_by_name(raw, 0)


@given(st.dictionaries(texts, st.booleans(), max_size=40))
def test_maps_of_choices_are_avros(by_name: dict[str, bool]) -> None:
    """A map of booleans is written and read as by any Avro library."""
    raw = written({"type": "map", "values": "boolean"}, by_name)

    assert raw == avro_parts.write_choices_by_name(by_name)
    assert (by_name, len(raw)) == avro_parts.read_choices_by_name(raw, 0)


def block(*given_texts: str, items: int, sized: bool) -> bytes:
    """Write one block as other libraries may: with its size in bytes or without."""
    body = b"".join(written("string", text) for text in given_texts)
    if not sized:
        return avro_parts.LONGS[items] + body
    return avro_parts.LONGS[-items] + avro_parts.LONGS[len(body)] + body


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_several_blocks_are_one_list(first: bool, second: bool) -> None:
    """A list may come in blocks, with or without their sizes."""
    raw = block("a", "b", items=2, sized=first) + block("c", items=1, sized=second) + b"\0"

    assert (["a", "b", "c"], len(raw)) == avro_parts.read_texts(raw, 0)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_several_blocks_are_one_map(first: bool, second: bool) -> None:
    """A map may come in blocks, with or without their sizes."""
    raw = block("a", "1", items=1, sized=first) + block("b", "2", items=1, sized=second) + b"\0"

    assert ({"a": "1", "b": "2"}, len(raw)) == avro_parts.read_texts_by_name(raw, 0)


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\x80" * 9])
def test_a_number_that_is_cut_off_is_noticed(raw: bytes) -> None:
    """The end of the bytes is never read past."""
    with pytest.raises(IndexError):
        avro_parts.read_long(raw, 0)


@pytest.mark.parametrize("raw", [b"\xff" * 11, b"\xff" * 9 + b"\x7f"])
def test_a_number_that_is_too_long_is_refused(raw: bytes) -> None:
    """No number holds more than 64 bits."""
    with pytest.raises(ValueError, match="64 bits"):
        avro_parts.read_long(raw, 0)


def test_a_negative_size_is_refused() -> None:
    """Nothing is shorter than nothing."""
    with pytest.raises(ValueError, match="negative"):
        avro_parts.read_size(b"\x01", 0)


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1])
def test_a_number_beyond_64_bits_is_not_written(value: int) -> None:
    """What no reader could hold is not written."""
    with pytest.raises(OverflowError):
        avro_parts.LONGS[value]


@given(texts)
def test_words_are_avros(text: str) -> None:
    """A word is written as by any Avro library, the first time and from memory."""
    raw = written("string", text)

    assert raw == avro_parts.WORDS[text]
    assert raw == avro_parts.WORDS[text]


def test_a_memory_of_words_is_bounded() -> None:
    """Neither many words nor long ones fill the memory."""
    for number in range(3 * avro_parts.WORDS_MEMO):
        assert f"word{number}".encode() == avro_parts.WORDS[f"word{number}"][1:]
    avro_parts.WORDS["w" * 1000]

    assert len(avro_parts.WORDS) <= avro_parts.WORDS_MEMO
    assert "w" * 1000 not in avro_parts.WORDS
