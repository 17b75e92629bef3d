"""The part of a text that stays the same when the same trouble is told again.

Timestamps, UUIDs, long hex ids, counters and repeated blanks are taken out and case is folded;
what names a thing stays: `server-01`, `sda1`, `v1.2.3`, addresses. Changing any of this changes
fingerprints: raise `schemas.fingerprint.VERSION` with it.

What stays is judged word by word (`schemas.word_forms`) and depends on the text's shape alone:
the text with every digit read as 0, and no letter of an id. So a shape that comes again gets a
plan, which says where the parts that stay lie, and texts of that shape are only cut.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from schemas.limits import FIELD_BYTES
from schemas.word_forms import (
    DIGITS,
    GONE,
    HEX,
    ID,
    MARK,
    SHAPES,
    ZERO,
    form_of,
    forms_in_context,
)

BETWEEN = "\0"  # between texts that are normalised together; decoded records hold none
SURELY_WHOLE = FIELD_BYTES // 4  # no character is folded into more than three
PLANS = 8_192  # remembered
PLAN_CHARS = 1_024  # longer texts get none

# A plan cuts the text with this behind it.
_BEHIND = " " + GONE
_BLANK, _STAR = slice(-2, -1), slice(-1, None)
_NOTHING = slice(0, 0)


class _Plan(NamedTuple):
    outside: Callable[[bytes], Any]  # cuts a shape into what lies between the ids
    expected: Any  # what that must be
    ids: tuple[slice, ...]  # where a digit must be
    kept: Callable[[str], Any]  # cuts what stays out of a text


_plans: dict[bytes, _Plan | None] = {}  # by shape, with a to f read as 0; None: came once


def normalised(text: str) -> str:
    """Give a text without what changes from one telling to the next.

    Doing it again changes nothing. Only the first `schemas.limits.FIELD_BYTES` characters count.
    """
    return _normalised(text[:FIELD_BYTES].casefold()[:FIELD_BYTES])


def normalised_pair(one: str, other: str) -> str:
    """Give what `normalised` gives of each, with `BETWEEN` between them, at less cost."""
    if len(one) + len(other) <= SURELY_WHOLE:
        return _normalised(f"{one} {BETWEEN} {other}".casefold())
    return f"{normalised(one)} {BETWEEN} {normalised(other)}".strip()


def _normalised(folded: str) -> str:
    try:
        raw = folded.encode()
    except UnicodeEncodeError:  # half a character
        return _normalised(folded.encode("utf-8", "replace").decode())
    if len(raw) > PLAN_CHARS:
        return by_words(folded)
    shape = raw.translate(DIGITS)
    key = shape.translate(HEX)
    plan = _plans.get(key)
    if plan is not None:
        outside, expected, ids, kept = plan
        if outside(shape) == expected:
            for place in ids:
                if ZERO not in shape[place]:
                    return by_words(folded)
            return "".join(kept(folded + _BEHIND))
    elif key in _plans:
        _plans[key] = _planned(folded, shape)
    else:
        if len(_plans) >= PLANS:
            _plans.clear()
        _plans[key] = None
    return by_words(folded)


def by_words(folded: str) -> str:
    """Normalise a text whose case is folded without a plan."""
    words = folded.split()
    found = "".join(map(form_of, words))
    return "".join(forms_in_context(words))[:-1] if MARK in found else found[:-1]


def _planned(folded: str, shape: bytes) -> _Plan:
    ids = [*_ids(shape)]
    edges = [0, *(edge for span in ids for edge in span), len(shape)]
    outside = itemgetter(*map(slice, edges[::2], edges[1::2]))
    kept = itemgetter(*(_kept(folded) or [_NOTHING]))
    return _Plan(outside, outside(shape), tuple(slice(*span) for span in ids), kept)


def _ids(shape: bytes) -> list[tuple[int, int]]:
    text = shape.decode()
    found = [(m.start() if m[1] is None else m.end(1), m.end()) for m in ID.finditer(text)]
    return [(len(text[:a].encode()), len(text[:b].encode())) for a, b in found]


def _kept(folded: str) -> list[slice]:
    """Say where in the text, and in what stands behind it, all lies that stays."""
    words = folded.split()
    places: list[slice] = []
    end = 0
    for word, form in zip(words, forms_in_context(words), strict=True):
        start = folded.index(word, end)
        end = start + len(word)
        if not form:
            continue
        if places:
            places.append(_BLANK)
        places += [
            _STAR if isinstance(part, str) else slice(start + part.start, start + part.stop)
            for part in _parts(word, form[:-1])
        ]
    return _merged(places, folded)


def _parts(word: str, form: str) -> tuple[str | slice, ...]:
    if form == word:
        return (slice(0, len(word)),)
    if kept := SHAPES[word.encode().translate(DIGITS)]:
        return kept
    at = word.index(form)  # a number that names something
    return (slice(at, at + len(form)),)


def _merged(places: list[slice], folded: str) -> list[slice]:
    """Make one of slices that touch, and of words that one blank parts."""
    merged: list[slice] = []
    for place in places:
        last = merged[-1] if merged else _NOTHING
        touches = place.start == last.stop
        if place is _BLANK and last is not _STAR and folded[last.stop : last.stop + 1] == " ":
            merged[-1] = slice(last.start, last.stop + 1)
        elif merged and touches and place is not _STAR:
            merged[-1] = slice(last.start, place.stop)
        else:
            merged.append(place)
    return merged
