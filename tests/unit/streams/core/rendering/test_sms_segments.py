"""A short message costs what is counted, and never more than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rendering.sms_segments import fitted, segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 10, 2),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("àèìòùéÄÖÜäöüßñ" * 11, 1),
    ],
)
def test_segments_are_counted_as_networks_do(text: str, count: int) -> None:
    """160 and 153 characters of the default alphabet, 70 and 67 else; no character is torn."""
    assert count == segments(text)


@given(st.text(max_size=600), st.integers(min_value=1, max_value=4))
def test_a_fitted_text_is_the_longest_that_fits(text: str, limit: int) -> None:
    """What fits stays as it is; what does not keeps its beginning and is marked."""
    out = fitted(text, limit=limit)
    assert segments(out) <= limit
    if segments(text) <= limit:
        assert text == out
    else:
        assert out.endswith("...")
        assert text.startswith(out[:-3])


def test_pictures_count_twice() -> None:
    """Thirty-six of them are more than one message, though they are few characters."""
    assert 1 == segments(fitted("😀" * 36, limit=1))


def test_a_cut_text_uses_what_it_may() -> None:
    """Ten segments hold 1530 characters, the mark of the cut among them."""
    assert 1530 == len(fitted("a" * 70_000, limit=10))
