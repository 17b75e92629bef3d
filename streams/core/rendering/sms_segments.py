"""SMS segments: how many short messages a text becomes, and how it is cut to fewer.

GSM 03.38 packs 160 characters of its own alphabet into a message; any other character makes it
UCS-2 with 70. Longer texts are sent in parts of 153 or 67, the rest being the parts' numbers.
"""

from collections.abc import Callable

# The default alphabet, and the characters that cost two places, being reached by an escape.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("^{}\\[~]|€\f")
_GSM = _BASIC | _ESCAPED
_SURE = 35  # characters that fit into one message whatever they are: 70 units, two for each
CUT_MARK = "..."  # in the default alphabet, so that the mark never makes a text UCS-2


def segments(text: str) -> int:
    """Count the messages that a text becomes; an empty one is none."""
    width, single, part = _measures(text)
    if sum(map(width, text)) <= single:
        return 1 if text else 0
    return _parts(text, width, part)


def fitted(text: str, *, limit: int) -> str:
    """Cut a text to at most `limit` messages, on a character, marked where it was cut."""
    if len(text) <= _SURE or segments(text) <= limit:
        return text
    # A longer prefix never needs fewer messages, so the longest that fits can be searched for.
    low, high = 0, min(len(text), 160 * limit)
    while low < high:
        middle = (low + high + 1) // 2
        if segments(text[:middle].rstrip() + CUT_MARK) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + CUT_MARK


def _measures(text: str) -> tuple[Callable[[str], int], int, int]:
    if _GSM.issuperset(text):
        return _septets, 160, 153
    return _units, 70, 67


def _septets(character: str) -> int:
    return 2 if character in _ESCAPED else 1


def _units(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _parts(text: str, width: Callable[[str], int], part: int) -> int:
    count, used = 1, 0
    for character in text:
        needs = width(character)
        if used + needs > part:  # what takes two places is never torn apart
            count, used = count + 1, 0
        used += needs
    return count
