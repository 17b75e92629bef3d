"""The rules that say which labels are an alert's identity, as they stand in `control.rules`."""

import logging
from collections.abc import Callable, Iterable

import re2
from msgspec import Struct

from schemas import codec, fingerprint
from schemas.control import Matcher, Rule
from schemas.errors import Invalid, Permanent
from schemas.reasons import RuleKind
from schemas.records import RawAlert

log = logging.getLogger("tocsin.rules")
FIELDS = frozenset({"source", "title", "body", "severity", "priority"})
Test = Callable[[str], bool]


class Chosen(Struct, frozen=True):
    """Hold a compiled rule: the tests of labels by name, and the labels that it makes identity."""

    tests: tuple[tuple[str, Test], ...]
    labels: tuple[str, ...]


class RuleBook:
    """Keep the rules in force; the first that matches names the labels of identity."""

    def __init__(self) -> None:
        self._rules: dict[bytes, Rule] = {}
        self._chosen: dict[str, list[Chosen]] = {}
        self._mark = fingerprint.mark(fingerprint.rules_version(()))

    def obey(self, pairs: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take over what was written to the topic; a tombstone removes a rule.

        A rule that cannot be read or compiled is left out and logged: triage does the same.
        """
        for key, value in pairs:
            self._rules.pop(key, None)
            if value is not None:
                try:
                    self._rules[key] = codec.decode(Rule, value)
                except Permanent as wrong:
                    log.warning("rule %r left out: %s", key[:80], wrong)
        rules = sorted(self._rules.values(), key=lambda rule: (rule.position, rule.id))
        self._mark = fingerprint.mark(fingerprint.rules_version(rules))
        self._chosen = {}
        for rule in rules:
            if rule.kind != RuleKind.FINGERPRINT or not rule.labels:
                continue
            try:
                tests = tuple((matcher.name, compiled(matcher)) for matcher in rule.matchers)
            except Invalid as wrong:
                log.warning("rule %r left out: %s", rule.id[:80], wrong)
                continue
            self._chosen.setdefault(rule.tenant, []).append(Chosen(tests, tuple(rule.labels)))

    def mark(self) -> bytes:
        """Give the header that says by which rules a key was made."""
        return self._mark

    def identity(self, alert: RawAlert) -> tuple[str, ...]:
        """Name the labels that alone are this alert's identity; none where no rule says so."""
        for rule in self._chosen.get(alert.tenant, ()):
            if all(test(_value(alert, name)) for name, test in rule.tests):
                return rule.labels
        return ()


def _value(alert: RawAlert, name: str) -> str:
    value = alert.labels.get(name)
    if value is not None:
        return value
    return str(getattr(alert, name)) if name in FIELDS else ""


def compiled(matcher: Matcher) -> Test:
    """Compile one matcher; a missing label equals the empty text, regexes are anchored."""
    value = matcher.value
    if matcher.op == "=":
        return value.__eq__
    if matcher.op == "!=":
        return value.__ne__
    if matcher.op not in {"=~", "!~"}:
        raise Invalid(f"a matcher's op is =, !=, =~ or !~, not {matcher.op[:20]!r}")
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(value, options)
    except (re2.error, UnicodeError) as wrong:
        raise Invalid(f"not a regex that RE2 takes: {value[:200]!r}") from wrong
    wanted = matcher.op == "=~"
    return lambda text: (pattern.fullmatch(text) is not None) is wanted
