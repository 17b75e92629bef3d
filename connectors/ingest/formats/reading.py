"""Read foreign values: whatever comes in, a text, a time or a set of labels comes out."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson

from schemas.limits import LABELS
from schemas.reasons import RawStatus

# Beyond the year 9999 a number is no time that anything here could show.
LAST_MS = 253_402_300_799_000
# 1e11 seconds is the year 5138, 1e11 milliseconds is 1973: what is larger counts milliseconds.
LEAST_MS = 100_000_000_000

RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?\s*"
    r"(?:([Zz])|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
HTTP = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)

STATUS_WORDS = {
    RawStatus.FIRING: "firing alerting alert alarm open opened active triggered trigger problem "
    "problems down critical error new created bad",
    RawStatus.RESOLVED: "resolved resolve ok okay closed close recovered recovery cleared clear "
    "normal up inactive good",
    RawStatus.ACKNOWLEDGED: "acknowledged acknowledge ack acked",
    RawStatus.NO_DATA: "no_data nodata no-data insufficient_data unknown",
    RawStatus.INFO: "info information notice",
}
STATUSES = {word: status for status, words in STATUS_WORDS.items() for word in words.split()}


def text(value: Any) -> str:
    """Give a value as text that every store can hold: no NUL, no half of a surrogate pair.

    Nothing, and what is no scalar, gives the empty text for None and JSON for the rest.
    """
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return as_json(value)


def clean(value: str) -> str:
    """Take out what PostgreSQL and UTF-8 refuse."""
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def as_json(value: Any) -> str:
    """Write a parsed JSON value with its keys in order."""
    try:
        written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except (orjson.JSONEncodeError, RecursionError):
        return clean(repr(value))
    return written.decode().replace("\\u0000", "")


def first(data: Mapping[str, Any], names: Iterable[str]) -> str:
    """Give the first of these fields that says something, stripped."""
    for name in names:
        value = data.get(name)
        if value is not None and not isinstance(value, dict | list):
            found = text(value).strip()
            if found:
                return found
    return ""


def one_line(value: str) -> str:
    """Put a text on one line."""
    return " ".join(value.split())


def head_and_rest(value: str) -> tuple[str, str]:
    """Part a text into its first line and what follows."""
    head, _, rest = value.strip().partition("\n")
    return head.strip(), rest.strip()


def status(value: Any, default: RawStatus = RawStatus.FIRING) -> RawStatus:
    """Read a status from the words that senders use for it."""
    word = text(value).strip().lower().replace(" ", "_") if value is not None else ""
    return STATUSES.get(word, default)


def labels(value: Any) -> dict[str, str]:
    """Read labels from an object, or from a list or comma list of `name:value` and bare words.

    At most `LABELS` stay, in the order of their names, so that the same set stays the same.
    """
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if isinstance(value, list):
        value = dict(_pair(text(each)) for each in value)
    if not isinstance(value, dict):
        return {}
    found = {text(name).strip(): text(each) for name, each in value.items() if each is not None}
    found.pop("", None)
    if len(found) > LABELS:
        return {name: found[name] for name in sorted(found)[:LABELS]}
    return found


def _pair(word: str) -> tuple[str, str]:
    for mark in (":", "="):
        name, found, value = word.partition(mark)
        if found:
            return name.strip(), value.strip()
    return word.strip(), "true"


def links(*values: Any) -> list[str]:
    """Keep what is an absolute http(s) address, each once."""
    found: dict[str, None] = {}
    for value in values:
        for each in value if isinstance(value, list) else (value,):
            address = text(each).strip() if isinstance(each, str) else ""
            if HTTP.match(address) and not re.search(r"[\s\x00-\x1f\x7f]", address):
                found[address] = None
    return list(found)


def moment(value: Any) -> int:
    """Read epoch milliseconds from ISO 8601 or an epoch number; 0 where it is no known time.

    The zero time of Go (year 1) and anything before 1970 is "not known". A fraction may have
    any number of digits; a text without zone is UTC.
    """
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, int | float):
        return _epoch(value)
    if not isinstance(value, str) or len(value) > 64:
        return 0
    found = RFC3339.fullmatch(value.strip())
    if found:
        return _calendar(found)
    try:
        return _epoch(float(value))
    except ValueError:
        return 0


def _epoch(value: float) -> int:
    try:
        if not math.isfinite(value) or value <= 0:
            return 0
        found = int(value if value >= LEAST_MS else value * 1000)
    except (OverflowError, ValueError):
        return 0
    return found if found <= LAST_MS else 0


def _calendar(found: "re.Match[str]") -> int:
    year, month, day, hour, minute, second = (int(each) for each in found.groups()[:6])
    fraction, _, sign, zone_hour, zone_minute = found.groups()[6:]
    zone = UTC
    try:
        if sign:
            offset = timedelta(hours=int(zone_hour), minutes=int(zone_minute))
            zone = timezone(-offset if sign == "-" else offset)
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        whole = int(at.timestamp())
    except (ValueError, OverflowError):
        return 0
    if whole <= 0:
        return 0
    return whole * 1000 + int((fraction or "0")[:3].ljust(3, "0"))
