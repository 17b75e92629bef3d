"""Replies: the few words that are understood, however they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.callbacks.wishes import Wish, wish


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        *(
            (word, Wish.STOP)
            for word in ("STOP", "stopall", "Unsubscribe", "cancel", "end", "QUIT")
        ),
        *((word, Wish.START) for word in ("START", "yes", "Unstop")),
        *((word, Wish.ACKNOWLEDGE) for word in ("ACK", "ok", "1", " O.K.! ", "ack\r\n", "\uff11")),
        ("help", Wish.HELP),
        ("Stop!", Wish.STOP),
        ("stop all", Wish.STOP),
    ],
)
def test_words(text: str, asked: Wish) -> None:
    """Case, blanks and punctuation do not count."""
    assert asked is wish(text)


@pytest.mark.parametrize(
    "text", ["", "!", "please stop", "ok 2", "11", "not ok", "ack the disk one", "stop" * 60]
)
def test_other_words_ask_for_nothing(text: str) -> None:
    """A word within a sentence is no wish."""
    assert wish(text) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Whatever somebody types, it is a wish or none."""
    assert wish(text) in {None, *Wish}
