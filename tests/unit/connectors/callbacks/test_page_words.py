"""Pages say what happened, run nothing, and let nobody's words become more than words."""

import base64
import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.callbacks import page_words
from connectors.callbacks.page_words import POLICY, SHOWN_CHARS, Page
from connectors.callbacks.standing import Alert, Standing, of_row
from schemas.links import Unsubscribe
from tests.builders import NOON

ROW = {
    "title": "Disk full on db-1",
    "source": "slack",
    "priority": 2,
    "status": "open",
    "acknowledged": False,
    "acknowledged_by": "",
    "acknowledged_at": 0,
}
WISH = Unsubscribe(tenant="default", recipient="ann", type="newsletter", channel="email")


class _Tags(HTMLParser):
    """Note every tag and what stands between them."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(page.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; an attribute that runs something is none of ours."""
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words += data


def _row(**fields: object) -> Alert:
    return of_row(ROW | fields)


def _said(page: Page) -> str:
    return " ".join(_Tags(page).words.split())


@pytest.mark.parametrize(
    ("expected", "button", "fields"),
    [
        ("Priority high, from slack. You do so as ann.", True, {}),
        ("bob has it since 2023-11-14 22:13 UTC.", False,
         {"acknowledged": True, "acknowledged_by": "bob", "acknowledged_at": NOON}),
        ("You have it", False, {"acknowledged": True, "acknowledged_by": "ann"}),
        ("Somebody has it.", False, {"acknowledged": True}),
        ("It is over. There is nothing to do.", False, {"status": "resolved"}),
        ("It is over. There is nothing to do.", False,
         {"status": "resolved", "acknowledged": True, "acknowledged_by": "bob"}),
    ],
)  # fmt: skip
def test_a_page_shows_an_alert_as_it_stands(
    expected: str, button: bool, fields: dict[str, object]
) -> None:
    """There is a button only while there is something to take in hand, else who has it."""
    page = page_words.alert(_row(**fields), recipient="ann")
    words = _said(page).replace("Acknowledge", "").replace("  ", " ")
    assert expected in words
    assert "Disk full on db-1" in words
    assert button == ("<button>" in page.html)


def test_pages_say_what_is_unsubscribed() -> None:
    """Whoever unsubscribes reads from what, and by which way it came."""
    one = _said(page_words.unsubscribe(WISH))
    every = Unsubscribe(tenant="default", recipient="ann", type="", channel="sms")
    assert "You would get no more messages of the type “newsletter” by mail." in one
    assert "You get no more messages by text message." in _said(
        page_words.unsubscribed(every, token="t")
    )


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{title}%s"


@pytest.mark.parametrize("words", [HOSTILE, "\u202egnihton\x00\r\n\x1b[31m", "x" * 10_000])
def test_strangers_words_stay_words(words: str) -> None:
    """A title can run nothing, turn nothing around, and fill no page."""
    alert = Alert(title=words, source=words, priority="high", standing=Standing.TAKEN, by=words)
    wish = Unsubscribe(tenant="default", recipient="ann", type=words, channel=words)
    for page in (
        page_words.alert(alert, recipient=words),
        page_words.ordered(words),
        page_words.too_late(words),
        page_words.unknown_alert(recipient=words),
        page_words.unsubscribe(wish),
    ):
        assert not {"script", "img"} & set(_Tags(page).tags)
        assert not set("\0\x1b\u202e") & set(page.html)
        assert len(page.html) < 5_000 + 10 * SHOWN_CHARS


@given(st.text(), st.text())
def test_any_words_make_a_whole_page(title: str, who: str) -> None:
    """Whatever an alert is called, the page has the same parts."""
    alert = Alert(title=title, source=who, priority="low", standing=Standing.OPEN)
    tags = _Tags(page_words.alert(alert, recipient=who)).tags
    assert (1, 1, 1, 0) == tuple(map(tags.count, ("h1", "form", "button", "script")))


def test_the_policy_lets_in_our_style_and_nothing_else() -> None:
    """A browser that obeys loads nothing from anywhere and runs nothing."""
    [style] = re.findall("<style>(.*?)</style>", page_words.not_found().html, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert POLICY.startswith("default-src 'none';")


def test_refusals_have_their_status() -> None:
    """Programs that post for their users learn whether to try again."""
    assert (404, 503) == (page_words.not_found().status, page_words.unavailable().status)
