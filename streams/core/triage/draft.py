"""Drafts: what one record leads to, collected in order and numbered, until it is a Verdict."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schemas import ids
from schemas.reasons import ChangeKind, Outcome, Reason, Stage, SubjectKind
from schemas.records import AlertChange, Decision, Intent, RawAlert
from schemas.state import AlertState
from streams.core.triage.stage import Verdict

# Bits of AlertState.said: what is said once in the life of an alert, however often it is true.
ONCE = {
    Reason.DUPLICATE: 0x01,
    Reason.ALREADY_RESOLVED: 0x02,
    Reason.OLDER_THAN_LAST_CHANGE: 0x04,
    Reason.STALE: 0x08,
    Reason.CLOCK_SKEW: 0x10,
    Reason.NEVER_PAGES: 0x20,
    Reason.NO_ROUTE: 0x40,
}


_NO_CONTENT = RawAlert(source="", title="")


class Subject(Struct, frozen=True, gc=False):
    """Name what is judged: whose alert, under which fingerprint, at which event time."""

    tenant: str
    fingerprint: str
    at: int
    stale: bool = False


class Draft:
    """Collect what one record leads to; `state` is always the state after what was said so far."""

    __slots__ = ("_alert_id", "changes", "decisions", "intents", "state", "subject")

    def __init__(self, state: AlertState, subject: Subject) -> None:
        self.subject = subject
        self.changes: list[AlertChange] = []
        self.intents: list[Intent] = []
        self.decisions: list[Decision] = []
        self.begin(state)

    def begin(self, state: AlertState) -> None:
        """Speak of the alert of this state from here on."""
        self.state = state
        self._alert_id = ""

    @property
    def alert_id(self) -> str:
        """Name the alert that is spoken of."""
        if not self._alert_id:
            subject = self.subject
            self._alert_id = id_of(
                self.state, tenant=subject.tenant, fingerprint=subject.fingerprint
            )
        return self._alert_id

    def set(self, **fields: Any) -> None:
        """Change the state and say nothing of it."""
        self.state = replace(self.state, **fields)

    def change(
        self,
        kind: ChangeKind,
        *,
        raw: RawAlert | None = None,
        actor: str = "",
        rule_id: str = "",
        note: str = "",
        **fields: Any,
    ) -> None:
        """Change the state and state it as the next fact; `raw` gives the content, if given."""
        before = self.state
        fields.setdefault("count", before.count)
        state = replace(before, seq=before.seq + 1, said_count=fields["count"], **fields)
        self.state = state
        self.changes.append(
            fact(
                state,
                kind=kind,
                alert_id=self.alert_id,
                subject=self.subject,
                raw=raw,
                actor=actor,
                rule_id=rule_id,
                note=note,
            )
        )

    def decide(
        self,
        stage: Stage,
        outcome: Outcome,
        reason: Reason,
        *,
        rule_id: str = "",
        detail: str = "",
        count: int = 1,
        mark: object = "",
        record: str = "",
    ) -> None:
        """Say why something was dropped, muted or changed; `mark` tells repeats apart.

        `record` names what is spoken of where there is no alert.
        """
        subject = self.subject
        subject_id = record or self.alert_id
        self.decisions.append(
            Decision(
                subject_kind=SubjectKind.RECORD if record else SubjectKind.ALERT,
                subject_id=subject_id,
                stage=stage,
                outcome=outcome,
                reason=reason,
                fingerprint=subject.fingerprint,
                rule_id=rule_id,
                detail=detail,
                count=count,
                occurred_at=subject.at,
                id=ids.decision_id(subject.tenant, subject_id, stage, f"{reason}:{mark}"),
                tenant=subject.tenant,
            )
        )

    def decide_once(
        self, stage: Stage, outcome: Outcome, reason: Reason, *, rule_id: str = "", detail: str = ""
    ) -> None:
        """Say why once in the life of the alert, and nothing every further time."""
        bit = ONCE[reason]
        if not self.state.said & bit:
            self.set(said=self.state.said | bit)
            self.decide(stage, outcome, reason, rule_id=rule_id, detail=detail)

    def verdict(self) -> Verdict:
        """Give what was collected."""
        return Verdict(self.state, tuple(self.changes), tuple(self.intents), tuple(self.decisions))


def id_of(state: AlertState, *, tenant: str, fingerprint: str) -> str:
    """Name the alert of a state."""
    return ids.alert_id(tenant, fingerprint, state.opened_partition, state.opened_offset)


def fact(
    state: AlertState,
    *,
    kind: ChangeKind,
    alert_id: str,
    subject: Subject,
    raw: RawAlert | None = None,
    actor: str = "",
    rule_id: str = "",
    note: str = "",
) -> AlertChange:
    """State the fact that made an alert what it is now; `raw` gives the content, if given."""
    content = _NO_CONTENT if raw is None else raw
    return AlertChange(
        alert_id=alert_id,
        seq=state.seq,
        fingerprint=subject.fingerprint,
        kind=kind,
        status=state.status,
        priority=state.priority,
        count=state.count,
        first_seen_at=state.first_seen_at,
        last_seen_at=state.last_seen_at,
        occurred_at=subject.at,
        acknowledged=state.acknowledged,
        acknowledged_by=state.acknowledged_by,
        muted_by=state.muted_by,
        muted_until=state.muted_until,
        snoozed_until=state.snoozed_until,
        stale=subject.stale,
        window_ends_at=state.window_ends_at,
        opened_partition=state.opened_partition,
        opened_offset=state.opened_offset,
        has_content=raw is not None,
        source=state.source,
        title=content.title,
        body=content.body,
        severity=content.severity,
        labels=content.labels,
        links=content.links,
        started_at=content.started_at,
        actor=actor,
        rule_id=rule_id,
        note=note,
        id=ids.change_id(subject.tenant, alert_id, state.seq),
        tenant=subject.tenant,
    )
