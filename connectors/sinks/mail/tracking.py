"""Tracking: lead a mail's links through our pages, and put the picture that tells of its opening.

Pure. What is no link of the web stays byte for byte, and so does what is no HTML at all: nothing
is repaired, so nothing is broken that was whole.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from html.entities import html5
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import urlsplit

from schemas import links

LINKS = 200  # of one mail that are led through us: each grows it by half a kilobyte
_OWN = tuple(links.PATHS.values())
_LINKED = frozenset({"a", "area"})
# What stands between these is text, whatever it looks like; scripts the parser knows itself.
_TEXT = frozenset({"iframe", "noembed", "noframes", "textarea", "title", "xmp"})
_BLANKS = frozenset("\t\n\f\r ")
_TRIMMED = "".join(map(chr, range(0x21)))  # a browser reads over these around an address
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*[;=]?)")

Span = tuple[int, int]


def tracked(
    html: str, *, public_url: str, clicked: Callable[[str], str] | None = None, picture: str = ""
) -> str:
    """Give the HTML with its links as `clicked` writes them, and the picture at the body's end.

    Links to pages of ours below `public_url` stay, and so does one for which `clicked` has no
    words. Without `clicked` all links stay; an empty `picture` is none.
    """
    found = _Finder(html)
    edits: list[tuple[Span, str]] = []
    if clicked is not None:
        own = tuple(f"{public_url.rstrip('/')}{path}" for path in _OWN)
        for start, end in found.links[:LINKS]:
            url = _web_address(html[start:end])
            if url and not url.startswith(own) and (instead := clicked(url)):
                edits.append(((start, end), escape(instead)))
    if picture:
        shown = f'<img src="{escape(picture)}" alt="" width="1" height="1" style="border:0">'
        edits.append(((found.end, found.end), shown))
    return _edited(html, sorted(edits))


def _edited(html: str, edits: list[tuple[Span, str]]) -> str:
    out: list[str] = []
    at = 0
    for (start, end), instead in edits:
        out += (html[at:start], instead)
        at = end
    return "".join((*out, html[at:]))


def _web_address(written: str) -> str:
    """Read an attribute as a browser does; empty where it is no whole address of the web."""
    url = _decoded(written).strip(_TRIMMED)
    for gap in "\t\n\r":
        url = url.replace(gap, "")
    try:
        parts = urlsplit(url)
        # Browsers and servers read a backslash each in its own way: such a link stays.
        whole = parts.scheme in {"http", "https"} and parts.hostname and "\\" not in url
    except ValueError:
        return ""
    return url if whole and url.isprintable() else ""


def _decoded(written: str) -> str:
    return _REFERENCE.sub(lambda found: _character(found[0]), written)


def _character(reference: str) -> str:
    # HTML 13.2.5.73: in an attribute `&copy=1` and `&copyright` are no signs, for addresses are
    # written so; `html.unescape` is for text, where they are.
    if reference.startswith("&#"):
        return unescape(reference)
    return html5.get(reference[1:], reference)


def _href(tag: str) -> Span | None:
    """Find the value of a start tag's first `href`, by the steps of HTML 13.2.5.32 to 38."""
    at = _past(tag, 1, until=_BLANKS | {"/", ">"})
    while True:
        at = _past(tag, at, within=_BLANKS | {"/"})
        if at >= len(tag) or tag[at] == ">":
            return None
        begun = at
        at = _past(tag, at + 1, until=_BLANKS | {"/", ">", "="})
        name = tag[begun:at].lower()
        value, at = _value(tag, at)
        if name == "href":
            return value
        if value is None and at >= len(tag):
            return None


def _value(tag: str, at: int) -> tuple[Span | None, int]:
    """Find an attribute's value behind its name, and where the next attribute may begin."""
    equals = _past(tag, at, within=_BLANKS)
    if equals >= len(tag) or tag[equals] != "=":
        return None, equals
    start = _past(tag, equals + 1, within=_BLANKS)
    quote = tag[start : start + 1]
    if quote in {'"', "'"}:
        end = tag.find(quote, start + 1)
        return (None, len(tag)) if end < 0 else ((start + 1, end), end + 1)
    end = _past(tag, start, until=_BLANKS | {">"})
    return (start, end), end


def _past(
    tag: str, at: int, *, within: frozenset[str] = frozenset(), until: frozenset[str] = frozenset()
) -> int:
    while at < len(tag) and (tag[at] in within if within else tag[at] not in until):
        at += 1
    return at


class _Finder(HTMLParser):
    """Find where the links of a page are written, and where its body ends."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Span] = []
        self._starts = list(accumulate((len(line) + 1 for line in html.split("\n")), initial=0))
        self._within = ""
        self._ends: dict[str, int] = {}
        self.feed(html)
        # Never closed: what is left over is text, or a tag or comment without an end, and the
        # picture stands before that.
        left = len(html) - (len(self.rawdata) if self.rawdata.startswith("<") else 0)
        self.end = self._ends.get("body", self._ends.get("html", left))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link's address."""
        del attrs  # they are decoded as text is, and say no places
        if self._within:
            return
        if tag in _TEXT:
            self._within = tag
        elif tag in _LINKED and (value := _href(self.get_starttag_text() or "")) is not None:
            at = self._at()
            self.links.append((at + value[0], at + value[1]))

    def handle_endtag(self, tag: str) -> None:
        """Note the last end of the body."""
        if not self._within:
            self._ends[tag] = self._at()
        elif tag == self._within:
            self._within = ""

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Read `<![...` as browsers do, as a comment, where the standard library gives up."""
        return self.parse_bogus_comment(i, bool(report))

    def _at(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column
