"""Text form: what may stand in a text that leaves the house, and how a long one is cut."""

import re

CUT_MARK = "…"
# Controls but tab and line feed, C1 controls, and halves of characters that UTF-8 cannot write.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# They turn the order of what follows round, and so can show one address as another.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def cleaned(text: str) -> str:
    """Give the text without control characters, its lines ended by a line feed alone."""
    if text.replace("\n", "").isprintable():  # nearly always, and quicker to see
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)


def one_way(text: str) -> str:
    """Give the text without what turns the direction of writing round."""
    return text if text.isascii() else _BIDI.sub("", text)


def one_line(text: str, *, limit: int) -> str:
    """Give the text on one line of at most `limit` characters, as a subject or a header needs."""
    if not text.isprintable():
        text = _CONTROLS.sub(" ", text)
    text = " ".join(text.split())
    return cut(text, limit=limit)


def cut(text: str, *, limit: int) -> str:
    """Cut a text to `limit` characters, the last being the mark that it was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + CUT_MARK


def cut_bytes(text: str, *, limit: int) -> str:
    """Cut a text to `limit` bytes of UTF-8, never through a character, and mark it."""
    if len(text) * 4 <= limit:
        return text
    whole = text.encode()
    if len(whole) <= limit:
        return text
    return whole[: limit - len(CUT_MARK.encode())].decode(errors="ignore") + CUT_MARK


def for_slack(text: str) -> str:
    """Give the text as Slack shows it letter by letter: no mention, link or channel call."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
