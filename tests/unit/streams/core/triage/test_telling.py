"""What an Intent may carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.triage.telling import cut


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("abcd", "abcd"), ("abcde", "abcd"), ("aü€", "aü"), ("€€", "€")],
)
def test_a_text_is_cut_between_characters(text: str, expected: str) -> None:
    """No character is torn apart."""
    assert expected == cut(text, 4)


@given(st.text(max_size=40), st.integers(0, 60))
def test_a_cut_text_fits_and_begins_like_the_whole(text: str, limit: int) -> None:
    """What is left is the longest beginning that fits."""
    short = cut(text, limit)
    assert text.startswith(short)
    assert len(short.encode()) <= limit
    assert short == text or len(text[: len(short) + 1].encode()) > limit
