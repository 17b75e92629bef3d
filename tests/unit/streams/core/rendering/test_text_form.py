"""A text that leaves the house holds nothing that a reader cannot see."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.rendering.text_form import cleaned, cut, cut_bytes, for_slack, one_line, one_way


def test_control_characters_go() -> None:
    """Line ends and tabs stay, in one form; the rest of the controls does not."""
    assert "a\n\nb\tc" == cleaned("a\r\n\rb\tc\0\x1b\x7f\x9b\ud800")
    assert "ab" == one_way("a\u202e\u2066b")


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_line_is_one_line(text: str, limit: int) -> None:
    """No line end of any kind is left, and the length is kept."""
    line = one_line(text, limit=limit)
    assert len(line.splitlines()) <= 1
    assert len(line) <= limit


@given(st.text(max_size=100), st.integers(min_value=4, max_value=50))
def test_cuts_keep_their_limit_and_say_so(text: str, limit: int) -> None:
    """No character is torn, and a reader sees that something is missing."""
    by_bytes, by_characters = cut_bytes(text, limit=limit), cut(text, limit=limit)
    assert len(by_bytes.encode()) <= limit
    assert len(by_characters) <= limit
    for out in (by_bytes, by_characters):
        assert out == text or out.endswith("…")


def test_slack_calls_nobody() -> None:
    """Mentions, links and channel calls are shown letter by letter."""
    assert "&lt;!channel&gt; &amp;lt;" == for_slack("<!channel> &lt;")
