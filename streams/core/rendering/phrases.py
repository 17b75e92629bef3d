"""Phrases: numbers in the reader's own words, as a moment, a span or a priority."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from schemas.reasons import Priority
from streams.core.rendering.budget import Spent
from streams.core.zones import zone_of

MOMENT = "%Y-%m-%d %H:%M %Z"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# No names of days or months, which the machine's language would choose, and no widths.
_FORMAT = re.compile(r"(?:[^%]|%[YmdHMSyjZz%])*")
_SPANS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_PRIORITIES: Mapping[str, tuple[str, ...]] = {
    "en": tuple(each.name.lower() for each in Priority),
    "de": ("niedrig", "normal", "hoch", "kritisch"),
}


def moment(at: Any, *, zone: str, form: str = "") -> str:
    """Write epoch milliseconds in a zone; empty for 0, which says that the time is not known."""
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise Spent("datetime needs epoch milliseconds")
    if not at:
        return ""
    if not _FORMAT.fullmatch(form):
        raise Spent("a format may have %Y %m %d %H %M %S %y %j %Z %z and %%")
    try:
        return _written(at, zone, form)
    except (OverflowError, ValueError):
        raise Spent("datetime needs epoch milliseconds") from None


@lru_cache(maxsize=4096)  # subject, text and HTML say the same moment, and so does a whole storm
def _written(at: float, zone: str, form: str) -> str:
    local = (_EPOCH + timedelta(milliseconds=at)).astimezone(zone_of(zone))
    return local.strftime(form or MOMENT)


def span(length: int) -> str:
    """Write milliseconds by their two largest units, as `2 h 5 min`."""
    left, out = max(0, length), list[tuple[int, str]]()
    for unit, size in _SPANS:
        number, left = divmod(left, size)
        if number or out:
            out.append((number, unit))
        if len(out) == 2:
            break
    return " ".join(f"{number} {unit}" for number, unit in out if number) or "0 s"


def priority(number: int, *, locale: str) -> str:
    """Say a priority as a word, in English where the language is not known; empty for no priority.

    0 is low and 3 critical.
    """
    words = _PRIORITIES.get(locale.partition("-")[0].lower(), _PRIORITIES["en"])
    return words[number] if 0 <= number < len(words) else ""
