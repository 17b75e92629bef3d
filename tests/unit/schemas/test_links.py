"""The address by which people unsubscribe says whom, and nobody else can make one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.links import Unsubscribe, read, token, unsubscribe_url

SECRET = "a secret of some length"
WISH = Unsubscribe(tenant="default", recipient="ann", type="newsletter", channel="email")
words = st.text(max_size=40).filter(lambda text: text.isprintable())


@given(words, words, words)
def test_a_token_says_what_it_was_made_of(recipient: str, kind: str, channel: str) -> None:
    """Whatever a recipient is called, the page learns exactly that."""
    wish = Unsubscribe(tenant="default", recipient=recipient, type=kind, channel=channel)
    assert wish == read(token(wish, secret=SECRET), secret=SECRET)


@given(st.integers(min_value=0), st.sampled_from("Aa0-_!"))
def test_a_changed_token_says_nothing(place: int, letter: str) -> None:
    """Whoever changes a letter has no token."""
    made = token(WISH, secret=SECRET)
    place %= len(made)
    changed = made[:place] + letter + made[place + 1 :]
    assert (WISH if changed == made else None) == read(changed, secret=SECRET)


@pytest.mark.parametrize("given_token", ["", "x", "A" * 43, "A" * 5000, "\u00e9", "%%", "a.b"])
def test_what_is_no_token_says_nothing(given_token: str) -> None:
    """Nonsense is answered, not stumbled over."""
    assert read(given_token, secret=SECRET) is None


def test_another_secret_knows_no_token() -> None:
    """A token of one house is none in another, nor where there is no secret."""
    made = token(WISH, secret=SECRET)
    assert read(made, secret="another secret") is None
    assert read(made, secret="") is None


def test_the_token_stands_in_an_address_as_it_is() -> None:
    """No letter of it needs to be escaped."""
    url = unsubscribe_url("https://tocsin.example.org/", WISH, secret=SECRET)
    assert url.startswith("https://tocsin.example.org/u/")
    assert url.rpartition("/")[2].replace("-", "").replace("_", "").isalnum()
