"""The address by which people unsubscribe says whom, and nobody else can make one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.links import (
    Acknowledge,
    Clicked,
    Link,
    Opened,
    Receipt,
    Unsubscribe,
    read,
    token,
    url,
)

SECRET = "a secret of some length"
WISH = Unsubscribe(tenant="default", recipient="ann", type="newsletter", channel="email")
words = st.text(max_size=40).filter(lambda text: text.isprintable())


@given(words, words, words)
def test_a_token_says_what_it_was_made_of(recipient: str, kind: str, channel: str) -> None:
    """Whatever a recipient is called, the page learns exactly that."""
    wish = Unsubscribe(tenant="default", recipient=recipient, type=kind, channel=channel)
    assert wish == read(Unsubscribe, token(wish, secret=SECRET), secret=SECRET)


@given(st.integers(min_value=0), st.sampled_from("Aa0-_!"))
def test_a_changed_token_says_nothing(place: int, letter: str) -> None:
    """Whoever changes a letter has no token."""
    made = token(WISH, secret=SECRET)
    place %= len(made)
    changed = made[:place] + letter + made[place + 1 :]
    assert (WISH if changed == made else None) == read(Unsubscribe, changed, secret=SECRET)


@pytest.mark.parametrize("given_token", ["", "x", "A" * 43, "A" * 9000, "\u00e9", "%%", "a.b"])
def test_what_is_no_token_says_nothing(given_token: str) -> None:
    """Nonsense is answered, not stumbled over."""
    assert read(Unsubscribe, given_token, secret=SECRET) is None


def test_another_secret_knows_no_token() -> None:
    """A token of one house is none in another, nor where there is no secret."""
    made = token(WISH, secret=SECRET)
    assert read(Unsubscribe, made, secret="another secret") is None
    assert read(Unsubscribe, made, secret="") is None


def test_the_token_stands_in_an_address_as_it_is() -> None:
    """No letter of it needs to be escaped."""
    address = url("https://tocsin.example.org/", WISH, secret=SECRET)
    assert address.startswith("https://tocsin.example.org/u/")
    assert address.rpartition("/")[2].replace("-", "").replace("_", "").isalnum()


PLACE = ("default", "intent", "delivery", "ann", "email", 1, "")
LINKS: tuple[Link, ...] = (
    WISH,
    Receipt(*PLACE),
    Receipt(*PLACE, fallback_of="first"),
    Opened(*PLACE),
    Clicked(*PLACE, url="https://example.org/?a=b#c"),
    Acknowledge("default", "05bf29747cf07a0c", "alert", "ann"),
)


@pytest.mark.parametrize("link", LINKS, ids=lambda link: type(link).__name__)
def test_a_token_serves_one_purpose(link: Link) -> None:
    """Who was given a picture's address cannot acknowledge an alert with it, or end a mailing."""
    made = token(link, secret=SECRET)
    found: list[Link | None] = [
        read(Unsubscribe, made, secret=SECRET),
        read(Receipt, made, secret=SECRET),
        read(Opened, made, secret=SECRET),
        read(Clicked, made, secret=SECRET),
        read(Acknowledge, made, secret=SECRET),
    ]
    assert [link] == [each for each in found if each is not None]


def test_a_receipt_of_a_first_telling_is_as_short_as_it_ever_was() -> None:
    """What mails that are on their way carry is read, and only fallbacks carry more."""
    plain, fallback = Receipt(*PLACE), Receipt(*PLACE, fallback_of="first")
    short, long = (token(each, secret=SECRET) for each in (plain, fallback))
    assert len(short) < len(long)
    assert (plain, fallback) == (
        read(Receipt, short, secret=SECRET),
        read(Receipt, long, secret=SECRET),
    )
