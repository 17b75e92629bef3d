"""The identity of an alert: what makes two tellings one trouble.

Ingest computes it for the record's key and marks the record; triage computes it where the mark
is missing. A change in what it gives is a new `VERSION`.
Never part of it: tenant (the key has it), times, links, severity, priority, status and ids.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import orjson

from schemas.control import Rule
from schemas.limits import CUT_LABEL
from schemas.normalise import BETWEEN, normalised, normalised_pair
from schemas.reasons import RuleKind
from schemas.records import RawAlert

VERSION = "1"
NO_RULES = "0"

_DIGITS = 16
_RULES_DIGITS = 8
_ALERT_NAME = "alertname"


def fingerprint(raw: RawAlert, labels: Sequence[str] = ()) -> str:
    """Name the trouble that an alert speaks of: 16 hex digits.

    `labels` are those a rule chose; where the alert has none of them they say nothing.
    Otherwise the sender's `dedup_key` decides, else its labels, else its words.
    """
    return sha256(_identity(raw, labels).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _identity(raw: RawAlert, chosen: Sequence[str]) -> str:
    given = raw.labels
    if CUT_LABEL in given:
        given = {name: value for name, value in given.items() if name != CUT_LABEL}
    if chosen and any(name in given for name in chosen):
        names = sorted(set(chosen))
        return _joined("rule", raw.source, [p for n in names for p in (n, given.get(n, ""))])
    if raw.dedup_key:
        return _joined("key", raw.source, [raw.dedup_key])
    if not given:
        words = normalised_pair(raw.title, raw.body)
        if words == BETWEEN:  # nothing but numbers: they are all there is to tell it by
            words = f"{raw.title} {BETWEEN} {raw.body}"
        return f"text{BETWEEN}{raw.source}{BETWEEN}{words}"
    parts = [part for pair in sorted(given.items()) for part in pair]
    if _ALERT_NAME not in given:
        # env=prod alone would make one trouble of many (docs/decisions/0001-labels-and-title.md).
        parts.append(normalised(raw.title) or raw.title)
    return _joined("labels", raw.source, parts)


def _joined(kind: str, source: str, parts: list[str]) -> str:
    return BETWEEN.join((kind, source, *parts))


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
