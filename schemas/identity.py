"""Which labels are an alert's identity where a rule says so, alike in ingest and triage."""

from collections.abc import Iterable

from schemas.control import Rule
from schemas.errors import Invalid
from schemas.fingerprint import fingerprint, mark, rules_version
from schemas.matching import Matching, compile_matching, matches
from schemas.reasons import RuleKind
from schemas.records import NO_PRIORITY, RawAlert


class Identities:
    """Hold the fingerprint rules in force, compiled once; a rule that cannot be is left out."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        chosen = sorted(
            (rule for rule in rules if rule.kind == RuleKind.FINGERPRINT and rule.labels),
            key=lambda rule: (rule.position, rule.id),
        )
        self.mark = mark(rules_version(chosen))
        self._by_tenant: dict[str, list[tuple[Matching, tuple[str, ...]]]] = {}
        for rule in chosen:
            try:
                matching = compile_matching(rule.matchers)
            except Invalid:
                continue
            self._by_tenant.setdefault(rule.tenant, []).append((matching, tuple(rule.labels)))

    def fingerprint(self, raw: RawAlert) -> str:
        """Give the alert's fingerprint: the first matching rule's labels, or the sender's own."""
        of_tenant = self._by_tenant.get(raw.tenant)
        if of_tenant is None:
            return fingerprint(raw)
        for matching, labels in of_tenant:
            if matches(matching, raw, priority=NO_PRIORITY):
                return fingerprint(raw, labels)
        return fingerprint(raw)
