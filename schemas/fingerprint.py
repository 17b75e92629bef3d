"""The identity of an alert: what makes two tellings one trouble.

Ingest computes it for the record's key and marks the record; triage computes it where the mark
is missing. A change in what it gives is a new `VERSION`.
Never part of it: tenant (the key has it), times, links, severity, priority, status and ids.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import orjson

from schemas.control import Rule
from schemas.normalise import normalised
from schemas.reasons import RuleKind
from schemas.records import RawAlert

VERSION = "1"
NO_RULES = "0"

_DIGITS = 16
_RULES_DIGITS = 8
# Decoded records hold no NUL, so parts that hold anything else cannot run into one another.
_BETWEEN = "\0"
_ALERT_NAME = "alertname"


def fingerprint(raw: RawAlert, labels: Sequence[str] = ()) -> str:
    """Name the trouble that an alert speaks of: 16 hex digits.

    `labels` are those a rule chose; where the alert has none of them they say nothing.
    Otherwise the sender's `dedup_key` decides, else its labels, else its words.
    """
    return sha256(_identity(raw, labels).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _identity(raw: RawAlert, chosen: Sequence[str]) -> str:
    given = raw.labels
    if chosen and any(name in given for name in chosen):
        names = sorted(set(chosen))
        return _joined("rule", raw.source, [p for n in names for p in (n, given.get(n, ""))])
    if raw.dedup_key:
        return _joined("key", raw.source, [raw.dedup_key])
    if not given:
        return _joined("text", raw.source, _words(raw))
    parts = [part for pair in sorted(given.items()) for part in pair]
    if _ALERT_NAME not in given:
        # env=prod alone would make one trouble of many (docs/decisions/0001-labels-and-title.md).
        parts.append(normalised(raw.title) or raw.title)
    return _joined("labels", raw.source, parts)


def _words(raw: RawAlert) -> list[str]:
    title, body = normalised(raw.title), normalised(raw.body)
    # A title of nothing but numbers is all there is to tell it by.
    return [title, body] if title or body else [raw.title, raw.body]


def _joined(kind: str, source: str, parts: list[str]) -> str:
    return _BETWEEN.join((kind, source, *parts))


def rules_version(rules: Iterable[Rule]) -> str:
    """Name the fingerprint rules in force: 8 hex digits, whatever their order; `0` for none."""
    named = sorted(
        (
            rule.tenant,
            rule.position,
            rule.id,
            [(m.name, m.op, m.value) for m in rule.matchers],
            rule.labels,
        )
        for rule in rules
        if rule.kind == RuleKind.FINGERPRINT
    )
    return sha256(orjson.dumps(named)).hexdigest()[:_RULES_DIGITS] if named else NO_RULES


def mark(rules: str) -> bytes:
    """Write the `fp` header of a record whose key was computed under these rules' version."""
    return f"{VERSION}/{rules}".encode()


def is_ours(header: bytes) -> bool:
    """Say whether an `fp` header vouches for a key that today's code would compute alike."""
    version, slash, rules = header.partition(b"/")
    return bool(slash and rules) and version == VERSION.encode()
