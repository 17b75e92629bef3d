"""A mail whose links lead through us is the mail that was written, link for link."""

import re
from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.sinks.mail.tracking import LINKS, tracked

PUBLIC = "https://t.example"
PICTURE = f"{PUBLIC}/o/picture"
SHOWN = f'<img src="{PICTURE}" alt="" width="1" height="1" style="border:0">'
_OURS = re.compile(rf"{PUBLIC}/c/([0-9a-f]+)")


def _led(html: str) -> str:
    return tracked(html, public_url=PUBLIC, clicked=lambda url: f"{PUBLIC}/c/{url.encode().hex()}")


def _seen(html: str) -> str:
    return tracked(html, public_url=PUBLIC, picture=PICTURE)


def _back(html: str) -> str:
    return _OURS.sub(lambda found: escape(bytes.fromhex(found[1]).decode()), html)


def _addresses(html: str) -> list[str]:
    return [bytes.fromhex(found).decode() for found in _OURS.findall(html)]


@pytest.mark.parametrize(
    ("expected", "html"),
    [
        ("https://a.example/?b=1&c=2", '<a href="https://a.example/?b=1&amp;c=2">x</a>'),
        ("https://a.example/?b=1&copy=2", "<a href='https://a.example/?b=1&copy=2'>x</a>"),
        ("https://a.example/?&copyright", "<a href='https://a.example/?&copyright'>x</a>"),
        ("https://a.example/?©", "<a href='https://a.example/?&copy;'>x</a>"),
        ("https://a.example/?'\"", "<a href='https://a.example/?&#39;&#x22'>x</a>"),
        ("http://a.example/", "<A\nclass=b HREF = http://a.example/>x</A>"),
        ("https://a.example/b?c", "<a href=' \nhttps://a.example/\nb?c '>x</a>"),
        ("HTTPS://a.example", '<area shape="rect" href="HTTPS://a.example">'),
        ("https://a.example", "<![if !mso]><a href='https://a.example'>x</a><![endif]>"),
        ("https://a.example", "<![nothing known]><a href='https://a.example'>x</a>"),
        ("https://a.example", "a < b & c &# <a href='https://a.example'title=x>x"),
        ("https://a.example", "<a href='https://a.example' href='https://b.example'>x</a>"),
    ],
)
def test_every_link_of_the_web_is_led_through_us(expected: str, html: str) -> None:
    """Whoever follows it comes to where the author pointed, however that was written."""
    assert [expected] == _addresses(_led(html))


@pytest.mark.parametrize(
    "html",
    [
        "<a href='mailto:ann@example.org'>x</a><a href='tel:+43'>x</a><a href='#top'>x</a>",
        "<a href='/path'>x</a><a href='//a.example'>x</a><a href=''>x</a><a href>x</a><a>x</a>",
        "<a href='javascript:alert(1)'>x</a><a href='http://'>x</a><a href='https://[x'>x</a>",
        f"<a href='{PUBLIC}/u/wish'>x</a><a href='{PUBLIC}/a/alert'>x</a>",
        "<img src='https://a.example'><link href='https://a.example'>https://a.example",
        "<!-- <a href='https://a.example'>x</a> --><script>'<a href=http://a.example>'</script>",
        "<title><a href='https://a.example'></title><textarea><a href='https://a.example'>",
        "<a title='href=https://a.example'>x</a><a data-href='https://a.example'>x</a>",
        "<a href='https://a.example\\b'>x</a>",
        "<a href='https://a.example",
        "<a href=\"https://a.example'>x</a>",
        "<a href=https://a.example",
        "",
    ],
)
def test_what_is_no_link_of_the_web_stays(html: str) -> None:
    """Addresses of mail, our own pages, comments, scripts and broken tags are left alone."""
    assert html == _led(html)


def test_a_link_that_cannot_be_led_stays() -> None:
    """An address too long for a token of ours still leads where it should."""
    html = "<a href='https://a.example'>x</a>"
    assert html == tracked(html, public_url=PUBLIC, clicked=lambda _: "")


def test_a_mail_does_not_grow_without_end() -> None:
    """A list of a thousand links stays a mail that is shown whole."""
    html = "<a href='https://a.example'>x</a>" * (LINKS + 5)
    assert LINKS == len(_addresses(_led(html)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<html><body><p>x</p>", "</body></html>\n"),
        ("<html><p>x</p>", "</html>"),
        ("<p>x</p>", ""),
        ("x", ""),
        ("<!-- </body> --><body>x", "</BODY >"),
        ("x", "<!-- never closed"),
        ("x", "<a href='never closed"),
        ("<script>'</body>'</script>x", ""),
    ],
)
def test_the_picture_stands_at_the_end_of_the_body(before: str, after: str) -> None:
    """It is asked for where a mail is shown, and moves nothing that people see."""
    assert f"{before}{SHOWN}{after}" == _seen(before + after)


_words = st.text("ab<>&;'\"= /\n#é\0", max_size=12)
_urls = st.builds(
    "https://a.example/{}{}".format,
    st.text("abé&;='\"<>?#%+", max_size=12),
    st.sampled_from(("", "?a=1&copy=2&b", "&amp;", "&#38;")),
)
_pieces = st.lists(
    st.one_of(
        _urls.map(lambda url: f'<a class="b" href="{escape(url)}" title="c">{escape(url)}</a>'),
        _words.map(escape),
        st.sampled_from(("<p>", "</p>\n", "<br/>", "<!-- <a href='https://b.example'> -->")),
    ),
    max_size=8,
).map("".join)


@given(_pieces)
def test_led_back_a_mail_is_what_it_was(html: str) -> None:
    """Nothing else of what an author wrote well is touched, not a blank."""
    led = _led(html)
    assert html.count('<a class="b"') == len(_addresses(led))
    assert html == _back(led)


_broken = st.lists(
    st.one_of(
        _words,
        st.sampled_from(
            (
                "<a ", "href=", "'https://a.example?b&c'", '"https://a.example"', ">", "</a>",
                "<!--", "-->", "<![", "]]>", "<script>", "</script>", "<title>", "</title>", "<?",
                "</body>", "https://a.example", "<!doctype", "/>", "<a href=http://a.example/>",
                "&#", "\r\n",
            )
        ),
    ),
    max_size=16,
).map("".join)  # fmt: skip


@example("<![a<a href='https://a.example'>")
@given(_broken)
def test_broken_html_is_not_broken_further(html: str) -> None:
    """Whatever a template puts out, a reader finds the same tags and texts in it as before."""
    assert _read(html) == _read(_back(_led(html)))
    assert html == _seen(html).replace(SHOWN, "", 1)


class _Reader(HTMLParser):
    """Read a page as the standard library does."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with what it says."""
        read = [(name, _plain(value)) if name == "href" else (name, value) for name, value in attrs]
        self.found.append((tag, read))

    def handle_endtag(self, tag: str) -> None:
        """Note an end."""
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.found.append(data)

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Read on where the standard library raises."""
        return self.parse_bogus_comment(i, bool(report))


def _plain(value: str | None) -> str:
    return re.sub("[\t\n\r]", "", value or "").strip("".join(map(chr, range(0x21))))


def _read(html: str) -> list[object]:
    return _Reader(html).found
