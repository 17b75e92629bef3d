"""Priority: from a source's own words to 0 low, 1 normal, 2 high, 3 critical."""

from functools import lru_cache

from msgspec import Struct

from schemas.matching import matches
from schemas.reasons import Priority
from schemas.records import RawAlert
from streams.core.triage.rules import TenantRules

_CRITICAL = """critical crit fatal emergency emerg alert panic disaster blocker urgent veryhigh
    page down outage p0 p1 sev0 sev1"""
_HIGH = "high error err major important severe p2 sev2"
_NORMAL = "warning warn medium moderate average normal minor degraded ticket p3 sev3"
_LOW = """low info information informational notice note debug trace verbose trivial none ok
    success notclassified unclassified p4 p5 sev4 sev5"""
_WORDS = {
    word: int(priority)
    for priority, words in (
        (Priority.CRITICAL, _CRITICAL),
        (Priority.HIGH, _HIGH),
        (Priority.NORMAL, _NORMAL),
        (Priority.LOW, _LOW),
    )
    for word in words.split()
}

# Where a source means something else by a word than most others do.
_OWN_WORDS: dict[str, dict[str, int]] = {
    # Azure Monitor counts from Sev0 critical over error, warning and informational to verbose.
    "azure_monitor": {"sev1": 2, "sev2": 1, "sev3": 0},
}

# DESIGN 4: where the source says nothing.
_DEFAULTS = {"slack": 1, "email": 2, "sms": 3}
_DEFAULT = int(Priority.NORMAL)
_NO_MARKS = str.maketrans("", "", "-_ \t\r\n")


class Graded(Struct, frozen=True):
    """Hold a priority, and the rules that changed it."""

    priority: int
    said: int
    rule_ids: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def of_word(source: str, severity: str) -> int:
    """Translate a source's severity word; an unknown one gives the source's default."""
    word = severity[:64].lower().translate(_NO_MARKS)
    own = _OWN_WORDS.get(source)
    if own is not None and word in own:
        return own[word]
    return _WORDS.get(word, _DEFAULTS.get(source, _DEFAULT))


def of_source(raw: RawAlert) -> int:
    """Give the priority that the source itself claims; a number wins over a word."""
    if raw.priority >= 0:
        return min(raw.priority, 3)
    return of_word(raw.source, raw.severity)


def graded(raw: RawAlert, *, rules: TenantRules) -> Graded:
    """Apply every matching priority rule in order; the outcome stays within 0 to 3.

    Matchers on `priority` see what the rules before have made of it.
    """
    said = priority = of_source(raw)
    changed: list[str] = []
    for rule in rules.gradings:
        if not matches(rule.matching, raw, priority=priority):
            continue
        ground = rule.set_priority if rule.set_priority >= 0 else priority
        after = min(max(ground + rule.raise_by, 0), 3)
        if after != priority:
            changed.append(rule.id)
        priority = after
    return Graded(priority, said, tuple(changed))
