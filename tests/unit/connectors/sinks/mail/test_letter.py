"""What a mail says of its readers to us, and that it says nothing where nobody asked for it."""

import re

import pytest

from connectors.linking import Linking
from connectors.sinks.mail.letter import letter
from connectors.sinks.mail.settings import Mailing
from schemas.errors import ConfigurationError
from schemas.links import Clicked, Opened, read
from tests.outgoing import LINKING, mailing, outgoing

HTML = '<p><a href="https://a.example/?b=1&amp;c=2">x</a></p>'
BOTH = frozenset({"opens", "clicks"})
ENV = {
    "TOCSIN_SMTP_URL": "smtp://127.0.0.1",
    "TOCSIN_MAIL_FROM": "alerts@example.org",
    "TOCSIN_PUBLIC_URL": LINKING.public_url,
    "TOCSIN_LINK_SECRET": LINKING.secret,
}


def _html(tracking: frozenset[str] = BOTH, **fields: object) -> str:
    return letter(outgoing(**({"html": HTML} | fields)), mailing(tracking=tracking)).html


def _token(path: str, html: str) -> str:
    found = re.search(rf"{LINKING.public_url}/{path}/([\w-]+)", html)
    assert found
    return found[1]


def test_nobody_is_watched_unless_an_operator_says_so() -> None:
    """People's mails are their own until somebody decides otherwise, and says what for."""
    assert HTML == _html(frozenset())
    tracked = [bool(re.search("/[co]/", _html(frozenset({word})))) for word in sorted(BOTH)]
    assert [True, True] == tracked
    assert "/o/" not in _html(frozenset({"clicks"}))
    assert "/c/" not in _html(frozenset({"opens"}))


@pytest.mark.parametrize("kind", ["transactional", "account"])
def test_what_people_need_is_never_watched(kind: str) -> None:
    """A new password's link leads where it says, whatever is switched on."""
    assert HTML == _html(type=kind)


def test_what_comes_back_names_the_attempt_and_the_address() -> None:
    """An opening is counted for the delivery that was opened, and a click leads on."""
    html = _html(attempt=2, replay="r", tenant="acme")
    place = ("acme", "i-1", "d-1", "ann", "email", 2, "r")
    opened = read(Opened, _token("o", html), secret=LINKING.secret)
    clicked = read(Clicked, _token("c", html), secret=LINKING.secret)
    assert Opened(*place) == opened
    assert Clicked(*place, url="https://a.example/?b=1&c=2") == clicked


def test_an_address_too_long_for_us_is_left_as_it_is() -> None:
    """A link is better not counted than broken."""
    html = f'<a href="https://a.example/{"x" * 7000}">x</a>'
    assert html == _html(frozenset({"clicks"}), html=html)


def test_the_text_part_and_mails_without_html_stay() -> None:
    """Who reads plain text reads what was written."""
    made = letter(outgoing(html="", text="https://a.example"), mailing(tracking=BOTH))
    assert ("https://a.example", "") == (made.text, made.html)


def test_what_is_learned_is_read_from_the_environment() -> None:
    """Off where nothing is said; a word that means nothing stops the start."""
    tracking = [
        getattr(Mailing.from_env(ENV | given), "tracking", None)
        for given in ({}, {"TOCSIN_TRACKING": "opens, clicks"}, {"TOCSIN_TRACKING": "clicks"})
    ]
    assert [frozenset(), BOTH, frozenset({"clicks"})] == tracking
    with pytest.raises(ConfigurationError, match="takes opens and clicks"):
        Mailing.from_env(ENV | {"TOCSIN_TRACKING": "everything"})
    with pytest.raises(ConfigurationError, match="needs TOCSIN_PUBLIC_URL"):
        Mailing.from_env(ENV | {"TOCSIN_TRACKING": "opens", "TOCSIN_LINK_SECRET": ""})


def test_without_an_address_of_ours_nothing_leads_to_us() -> None:
    """A house that nobody can reach puts no links to itself into mails."""
    assert "List-Unsubscribe" not in dict(letter(outgoing(), mailing(linking=Linking())).headers)
