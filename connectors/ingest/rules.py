"""The rules of identity in force, as they stand in `control.rules`."""

import logging
from collections.abc import Iterable

from schemas import codec
from schemas.control import Rule
from schemas.errors import Permanent
from schemas.identity import Identities
from schemas.records import RawAlert

log = logging.getLogger("tocsin.ingest")


class RuleBook:
    """Say what an alert's identity is, by the rules read so far."""

    def __init__(self) -> None:
        self._rules: dict[bytes, Rule] = {}
        self._identities = Identities()

    def obey(self, pairs: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take over what was written to the topic; a tombstone removes a rule.

        A rule that cannot be read is left out and logged: triage does the same.
        """
        for key, value in pairs:
            self._rules.pop(key, None)
            if value is not None:
                try:
                    self._rules[key] = codec.decode(Rule, value)
                except Permanent as wrong:
                    log.warning("rule %r left out: %s", key[:80], wrong)
        self._identities = Identities(self._rules.values())

    @property
    def mark(self) -> bytes:
        """Give the header that says by which rules a key was made."""
        return self._identities.mark

    def fingerprint(self, alert: RawAlert) -> str:
        """Give an alert's fingerprint."""
        return self._identities.fingerprint(alert)
