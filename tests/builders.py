"""Short ways to write the values that tests speak of; every default is one a reader can ignore."""

from collections.abc import Iterable
from typing import Any

from schemas.control import EscalationStep, Matcher, Route, Rule, Silence
from schemas.records import AlertChange, AlertCommand, Decision, Intent, RawAlert
from schemas.state import AlertState
from streams.core.triage.rules import NO_RULES, Rules, compile_rules
from streams.core.triage.stage import COMMAND, RAW, Place, Verdict
from streams.pipeline import command, triage

NOON = 1_700_000_000_000  # a moment in 2023; all of a test's times are counted from it
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FINGERPRINT = "f1f2f3f4f5f6f7f8"


def raw_alert(**fields: Any) -> RawAlert:
    """Build a firing webhook alert about a full disk, at noon."""
    given: dict[str, Any] = {"source": "webhook", "title": "Disk full", "occurred_at": NOON}
    return RawAlert(**(given | fields))


def matcher(text: str) -> Matcher:
    """Build a matcher from how people write it: `team=db`, `team!=db`, `team=~d.*`, `team!~d.*`."""
    for op in ("=~", "!~", "!=", "="):
        name, found, value = text.partition(op)
        if found:
            return Matcher(name=name, op=op, value=value)
    raise ValueError(f"no matcher: {text}")


def silence(ident: str, *matchers: str, **fields: Any) -> Silence:
    """Build a silence from noon for an hour."""
    given: dict[str, Any] = {"starts_at": NOON, "ends_at": NOON + HOUR}
    return Silence(id=ident, matchers=[matcher(m) for m in matchers], **(given | fields))


def route(ident: str, *matchers: str, to: Iterable[str] = ("ann",), **fields: Any) -> Route:
    """Build a route that tells Ann."""
    chosen = [matcher(m) for m in matchers]
    return Route(id=ident, matchers=chosen, recipients=list(to), **fields)


def later(after_s: int, *to: str, **fields: Any) -> EscalationStep:
    """Build a step of an escalation."""
    return EscalationStep(after_s=after_s, recipients=list(to), **fields)


def rule(ident: str, kind: str, *matchers: str, **fields: Any) -> Rule:
    """Build a rule of this kind."""
    return Rule(id=ident, kind=kind, matchers=[matcher(m) for m in matchers], **fields)


def rules(*records: Silence | Route | Rule) -> Rules:
    """Compile control records of any kind, none of which may be refused."""
    compiled = compile_rules(
        [r for r in records if isinstance(r, Silence)],
        [r for r in records if isinstance(r, Route)],
        [r for r in records if isinstance(r, Rule)],
    )
    assert not compiled.refused, compiled.refused
    return compiled


class Story:
    """Feed one fingerprint record after record, as the shell would, and keep what came of it."""

    def __init__(self, *control: Silence | Route | Rule) -> None:
        self.rules = rules(*control) if control else NO_RULES
        self.state: AlertState | None = None
        self.verdicts: list[Verdict] = []
        self._raw_offset = 0
        self._command_offset = 0

    def hears(self, *, timestamp: int | None = None, at: int = 0, **fields: Any) -> Verdict:
        """Take a raw alert that happened `at` milliseconds after noon."""
        raw = raw_alert(**({"occurred_at": NOON + at} | fields))
        when = NOON + at if timestamp is None else timestamp
        self._raw_offset += 1
        return self.takes(raw, Place(RAW, 0, self._raw_offset, when))

    def takes(self, raw: RawAlert, place: Place) -> Verdict:
        """Take a raw alert at a place of the caller's choice."""
        verdict = triage(
            raw, fingerprint=FINGERPRINT, place=place, state=self.state, rules=self.rules
        )
        return self._keep(verdict)

    def orders(self, kind: str, *, at: int = 0, **fields: Any) -> Verdict:
        """Take a command given `at` milliseconds after noon."""
        given: dict[str, Any] = {"actor": "ann", "fingerprint": FINGERPRINT, "issued_at": NOON + at}
        cmd = AlertCommand(kind=kind, **(given | fields))
        self._command_offset += 1
        place = Place(COMMAND, 0, self._command_offset, NOON + at)
        return self._keep(command(cmd, place=place, state=self.state, rules=self.rules))

    def _keep(self, verdict: Verdict) -> Verdict:
        self.state = verdict.state
        self.verdicts.append(verdict)
        return verdict

    @property
    def now(self) -> AlertState:
        """Give the state, which must be there."""
        assert self.state is not None
        return self.state

    @property
    def changes(self) -> list[AlertChange]:
        """List every change so far."""
        return [change for verdict in self.verdicts for change in verdict.changes]

    @property
    def intents(self) -> list[Intent]:
        """List every Intent so far."""
        return [intent for verdict in self.verdicts for intent in verdict.intents]

    @property
    def decisions(self) -> list[Decision]:
        """List every Decision so far."""
        return [decision for verdict in self.verdicts for decision in verdict.decisions]


def kinds(verdict_or_story: Verdict | Story) -> list[str]:
    """List the kinds of the changes."""
    return [change.kind for change in verdict_or_story.changes]


def reasons(verdict_or_story: Verdict | Story) -> list[str]:
    """List the reasons of the Decisions."""
    return [decision.reason for decision in verdict_or_story.decisions]


def told(verdict_or_story: Verdict | Story) -> list[str]:
    """List who is told, in order."""
    return [intent.recipient for intent in verdict_or_story.intents]
