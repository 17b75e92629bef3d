"""Slack message: what a delivery is in Slack's own form, whoever carries it. Pure.

Texts come as mrkdwn, with the values in them escaped where they were rendered. Here nothing is
trusted for that: of what stands in angle brackets only links are let through, so no word of a
sender calls a person or a channel.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.deliveries import Delivery

MARK = "tocsin"  # our own ingest knows our posts by it, see ingest/formats/slack.py
SECTION_CHARS = 3000  # a text object of Slack's takes no more
SHOWN_CHARS = 12_000  # Slack breaks longer messages up or refuses them, whatever it documents
FALLBACK_CHARS = 3000  # chat.update refuses texts beyond some 4,000
REPLY_CHARS = 300
BLOCKS = 50
CUT_MARK = "…"

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PARTS = re.compile(
    r"(?P<link><(?:https?://|mailto:)[^<>|\s]{1,2000}(?:\|[^<>|\n]{0,300})?>)"
    r"|(?P<call><(?:!(?:here|channel|everyone)|!subteam\^[A-Z0-9]{1,40}|[@#][A-Z0-9]{1,40})>)"
    r"|(?P<entity>&(?:amp|lt|gt);)"
    r"|(?P<bare>https?://(?:[^\s<>|&\"'`*]|&amp;)+)"
    r"|(?P<sign>[&<>])"
)
_BARE_AND = re.compile(r"&(?!(?:amp|lt|gt);)")
_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BEHIND_A_LINK = ".,;:!?)]}_~"
_BLOCK_TYPES = frozenset({"header", "section", "context", "divider", "actions", "image"})

_CIRCLES = (":white_circle:", ":large_blue_circle:", ":large_orange_circle:", ":red_circle:")
_OVER = ":white_check_mark:"
_WORDS = {
    "en": ("Low", "Normal", "High", "Critical", "Resolved"),
    "de": ("Niedrig", "Normal", "Hoch", "Kritisch", "Behoben"),
}


def whole(delivery: Delivery, *, calls: bool = False) -> dict[str, Any]:
    """Write a delivery as a message: `text`, `blocks` and `metadata`; empty if it says nothing.

    `calls` lets through the mentions that a template writes, such as `<!here>`.
    """
    text = harmless(delivery.text or delivery.subject, calls=calls)
    blocks = _given(delivery.payload.get("blocks"), calls=calls)
    if not blocks and text:
        blocks = [*_header(delivery), *_sections(text)]
    return _written(delivery, text, blocks)


def short(delivery: Delivery, *, calls: bool = False) -> dict[str, Any]:
    """Write the first line of a delivery as a message, for where the rest can be read."""
    lines = harmless(delivery.text or delivery.subject, calls=calls).splitlines()
    text = _cut(next(iter(lines), ""), REPLY_CHARS)
    return _written(delivery, text, _sections(text))


def harmless(text: str, *, calls: bool = False) -> str:
    """Give a text in which nothing but links, and calls if they are let, means more than it says.

    Bare addresses become links, as Slack does not look for them in texts that are taken as said.
    """

    def part(found: re.Match[str]) -> str:
        said = found.group()
        match found.lastgroup:
            case "sign":
                return _SIGNS[said]
            case "call" if not calls:
                return "".join(_SIGNS.get(letter, letter) for letter in said)
            case "link":
                return _BARE_AND.sub("&amp;", said)
            case "bare":
                address = said.rstrip(_BEHIND_A_LINK).removesuffix("&amp")
                return f"<{address}>{said[len(address) :]}" if len(address) < 2000 else said
        return said

    return _PARTS.sub(part, _CONTROLS.sub("", text)).strip()


def _written(delivery: Delivery, text: str, blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if not blocks:
        return {}
    # A posted message's event bears its blocks' ids, also where it does not bear its metadata.
    first = {**blocks[0], "block_id": f"{MARK}-{delivery.id}"[:255]}
    return {
        "text": _cut(text, FALLBACK_CHARS) or CUT_MARK,
        "blocks": [first, *blocks[1:]],
        "metadata": {"event_type": MARK, "event_payload": {"delivery": delivery.id}},
    }


def _header(delivery: Delivery) -> list[dict[str, Any]]:
    if not delivery.alert_id:
        return []
    words = _WORDS.get(delivery.locale.partition("-")[0].lower(), _WORDS["en"])
    priority = min(max(delivery.priority, 0), 3)
    circle, word = (_OVER, words[4]) if delivery.ends else (_CIRCLES[priority], words[priority])
    return [{"type": "context", "elements": [_mrkdwn(f"{circle} *{word}*")]}]


def _sections(text: str) -> list[dict[str, Any]]:
    rest, made = _cut(text, SHOWN_CHARS), []
    while rest:
        at = _end(rest, SECTION_CHARS)
        made.append({"type": "section", "text": _mrkdwn(rest[:at])})
        rest = rest[at:].lstrip("\n")
    return made


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim, or Slack itself would look for names of people and channels.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: _end(text, limit - 1)].rstrip() + CUT_MARK


def _end(text: str, limit: int) -> int:
    """Find where to cut a harmless text: between lines where it can be, never through a link."""
    if len(text) <= limit:
        return len(text)
    at = limit
    opened = text.rfind("<", 0, at)
    if opened > text.rfind(">", 0, at):
        at = opened
    sign = text.rfind("&", 0, at)
    if sign > text.rfind(";", 0, at):
        at = sign
    line = text.rfind("\n", 0, at)
    return line if line > limit // 2 else at


def _given(blocks: object, *, calls: bool) -> list[dict[str, Any]]:
    """Take the blocks that a payload brings, if each is of a type that calls nobody by itself."""
    if not isinstance(blocks, list) or not 0 < len(blocks) <= BLOCKS:
        return []
    if not all(isinstance(each, dict) and each.get("type") in _BLOCK_TYPES for each in blocks):
        return []
    return [_defused(each, calls=calls) for each in blocks]


def _defused(value: Any, *, calls: bool) -> Any:
    if isinstance(value, list):
        return [_defused(each, calls=calls) for each in value]
    if isinstance(value, str):
        return _CONTROLS.sub("", value)
    if not isinstance(value, dict):
        return value
    if value.get("type") == "mrkdwn":
        text = harmless(str(value.get("text", "")), calls=calls)
        return _mrkdwn(text[: _end(text, SECTION_CHARS)])
    return {str(name): _defused(each, calls=calls) for name, each in value.items()}
