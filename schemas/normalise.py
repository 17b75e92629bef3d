"""The part of a text that stays the same when the same trouble is told again.

Timestamps, UUIDs, long hex ids, counters and repeated blanks are taken out and case is folded;
what names a thing stays: `server-01`, `sda1`, `v1.2.3`, addresses. Changing any of this changes
fingerprints: raise `schemas.fingerprint.VERSION` with it.

Only words that hold a digit are looked at, and whether one stays depends on its shape alone:
the word with every digit read as 0. So the patterns run once for a shape and hardly ever for a
text. Each pattern is linear in its word.
"""

import re
from functools import lru_cache

from schemas.limits import FIELD_BYTES

MEMO = 16_384  # shapes remembered
MEMO_CHARS = 64  # longer ones are not remembered
TEXTS = 4_096  # whole texts remembered
TEXT_CHARS = 1_024

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_FROM_DIGIT = re.compile(r"[0-9][^ ]*")
_RUN = re.compile(r"[\w.:-]+")
_GONE = "*"  # stands where something was cut out of the middle of a word
_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

# All patterns below read a shape: 0 is any digit. A cut is made anywhere in a word and looks at
# nothing around it, so that what is left holds no other;
_CUT = re.compile(
    r"[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12}"  # UUID
    r"|0000-00-00"  # 2024-01-02T03:04:05.678+01:00 and shorter
    r"(?:[t_]00[:.]?00(?:[:.]?00(?:[.,]0+)?)?(?:z|[+-]00:?00)?)?"
    r"|00000000t000000z?"
)
_THOUSANDS = re.compile(r"(?<=0),(?=000(?!0))")  # 1,234,567
_UNIT = (
    r"(?:[nuμm]?s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w"
    r"|[kmgtp]?i?b(?:ps|ytes?)?|bytes?|[kmg]|[kmg]?hz|m?c|e|st|nd|rd|th)"
)
# and a run between other marks goes as a whole if it is one of these.
_DROPPED = re.compile(
    rf"0+(?:\.0+)?(?:e-?0+)?{_UNIT}?"  # 345, 91.5, 345ms, 2nd
    rf"|(?:0+(?:\.0+)?{_UNIT}){{2,6}}"  # 1h30m
    r"|0+(?:[-:]0+){1,4}(?:\.0+)?(?:z|[ap]m)?"  # 15:04:05.678, 10-20
    r"|0{1,2}(?:am|pm)"
    r"|0{1,2}\.0{1,2}\.0{4}"  # 02.01.2024
    r"|0x[0a-f]+"
    r"|(?=[a-f]*0)[0a-f]{8,}"
)
_ADDRESS = re.compile(r"(?:[0a-f]{0,4}:){2,7}[0a-f]{0,4}")  # IPv6, or a network card's
_ADDRESS_COLONS = (5, 7)
_PORT = re.compile(r"0{1,5}")
_ID = re.compile(r"[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12}|(?=[a-f]*0)[0a-f]{8,}")
_STAYING = re.compile(rb"\x01+|\x02")

# A day word goes where a number beside it goes; only then is it looked for.
_DAYS = re.findall(
    r"\w+",
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday",
)
_CLOCKS = re.findall(r"\w+", "am pm utc gmt cet cest est edt cst cdt pst pdt sept")
_DAY_WORDS = frozenset((*_DAYS, *(day[:3] for day in _DAYS), *_CLOCKS))
_LONGEST_DAY_WORD = max(map(len, _DAY_WORDS)) + 2  # with marks about it
_DAY_STARTS = frozenset(word[:2] for word in _DAY_WORDS)
_DAY_ENDS = frozenset((word + end)[-2:] for word in _DAY_WORDS for end in ("", ",", "."))

Kept = tuple[str | slice, ...] | None  # slices of a word and marks; None: it stays as it is


def _gaps(run: str) -> list[tuple[int, int]]:
    """Say where a run loses something."""
    core = run.strip(".:-")
    if "0" not in core:
        return []
    if _DROPPED.fullmatch(core):
        return [(len(run) - len(run.lstrip(".:")), len(run.rstrip(":")))]
    colons = core.count(":")
    if not colons:
        return []  # digits that letters, - or _ hold on to
    if _ADDRESS.fullmatch(core) and ("::" in core or colons in _ADDRESS_COLONS):
        return []
    host, _, port = core.partition(":")
    if ("." in host or "0" in host) and _PORT.fullmatch(port):
        return []
    gaps, begin = [], 0
    for piece in run.split(":"):
        if _DROPPED.fullmatch(piece.strip(".-")):
            gaps.append((begin, begin + len(piece)))
        begin += len(piece) + 1
    return gaps


def _blank(cut: re.Match[str]) -> str:
    return " " * len(cut.group())


def _kept(shape: str) -> Kept:
    stays = bytearray(b"\1") * len(shape)
    for cut in _CUT.finditer(shape):
        stays[cut.start() : cut.end()] = b"\2" + bytes(len(cut.group()) - 1)
    rest = _CUT.sub(_blank, shape)
    for comma in _THOUSANDS.finditer(rest):
        stays[comma.start()] = 0
    for run in _RUN.finditer(_THOUSANDS.sub("0", rest)):
        for begin, end in _gaps(run.group()):
            stays[run.start() + begin : run.start() + end] = bytes(end - begin)
    if all(stay == 1 for stay in stays):
        return None
    kept: list[str | slice] = [
        _GONE if part.group() == b"\2" else slice(*part.span()) for part in _STAYING.finditer(stays)
    ]
    text = "".join(shape[part] for part in kept if isinstance(part, slice))
    return tuple(kept) if text.strip(_MARKS) else ()


class _Shapes(dict[bytes, Kept]):
    """Give what stays of a word of this shape."""

    def __missing__(self, raw: bytes) -> Kept:
        shape = raw.decode()
        if _ID.fullmatch(shape):
            return ()  # hardly two ids have one shape
        kept = _kept(shape)
        if len(shape) <= MEMO_CHARS:
            if len(self) >= MEMO:
                self.clear()
            self[raw] = kept
        return kept


_SHAPES = _Shapes()


def _normalised(text: str) -> str:
    text = text[:FIELD_BYTES].casefold()[:FIELD_BYTES]
    if "  " in text or "\n" in text or "\t" in text or "\r" in text or not text.isascii():
        text = " ".join(text.split())
    parts: list[str] = []
    at = 0  # everything before is in parts
    for found in _FROM_DIGIT.finditer(text):
        start, end = found.span()
        begin = text.rfind(" ", at, start) + 1
        word = text[begin:end]
        kept = _SHAPES[word.encode("utf-8", "replace").translate(_DIGITS)]
        if kept is None:
            continue
        if kept:
            form = "".join([word[k] if isinstance(k, slice) else k for k in kept])
            parts += (text[at:begin], form)
        else:
            if text[begin - 3 : begin - 1] in _DAY_ENDS:
                begin = _before_day_words(text, at, begin)
            if text[end + 1 : end + 3] in _DAY_STARTS:
                end = _after_day_words(text, end)
            parts.append(text[at : begin and begin - 1])
        at = end
    parts.append(text[at:])
    return "".join(parts).strip()


def _before_day_words(text: str, at: int, begin: int) -> int:
    while begin > at:
        before = text.rfind(" ", max(at, begin - 2 - _LONGEST_DAY_WORD), begin - 1) + 1
        if text[before : begin - 1].strip(_MARKS) not in _DAY_WORDS:
            break
        begin = before
    return begin


def _after_day_words(text: str, end: int) -> int:
    while end < len(text):
        after = text.find(" ", end + 1, end + 2 + _LONGEST_DAY_WORD)
        if after < 0:
            after = len(text)
        word = text[end + 1 : min(after, end + 2 + _LONGEST_DAY_WORD)]
        if len(word) > _LONGEST_DAY_WORD or word.strip(_MARKS) not in _DAY_WORDS:
            break
        end = after
    return end


_remembered = lru_cache(maxsize=TEXTS)(_normalised)


def normalised(text: str) -> str:
    """Give a text without what changes from one telling to the next.

    Doing it again changes nothing. Only the first `schemas.limits.FIELD_BYTES` characters count.
    """
    return _remembered(text) if len(text) <= TEXT_CHARS else _normalised(text)
