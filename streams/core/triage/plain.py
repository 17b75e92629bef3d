"""Plain: what nearly every record is, a beginning or one more of the same, in one go.

The stages draft a Verdict step by step. Where nothing is out of the ordinary, the same Verdict is
made here without the steps, at a third of their cost; all else is left to them.
"""

from msgspec.structs import replace

from schemas import ids
from schemas.reasons import (
    AlertStatus,
    Anchor,
    ChangeKind,
    Outcome,
    RawStatus,
    Reason,
    Stage,
    SubjectKind,
)
from schemas.records import AlertChange, Decision, RawAlert
from schemas.state import AlertState
from streams.core.event_time import FORWARD_MS, STALE_MS
from streams.core.triage import dedup, priority, silence, telling
from streams.core.triage.draft import ONCE, id_of
from streams.core.triage.route import Routing, routing
from streams.core.triage.rules import TenantRules
from streams.core.triage.stage import Place, Verdict

# As plain strings: taking an enum's value for every record costs as much as making a state.
_FIRING = RawStatus.FIRING.value
_OPEN = AlertStatus.OPEN.value
_LAST = Anchor.LAST.value
_FIRED = ChangeKind.FIRED.value
_ALERT = SubjectKind.ALERT.value
_DROPPED = Outcome.DROPPED.value
_DEDUP, _ROUTE = Stage.DEDUP.value, Stage.ROUTE.value
_DUPLICATE, _NO_ROUTE = Reason.DUPLICATE.value, Reason.NO_ROUTE.value
_SAID_DUPLICATE, _SAID_NO_ROUTE = ONCE[Reason.DUPLICATE], ONCE[Reason.NO_ROUTE]
_NOBODY = Routing()


def verdict(
    raw: RawAlert,
    *,
    fingerprint: str,
    place: Place,
    state: AlertState | None,
    rules: TenantRules,
) -> Verdict | None:
    """Give the Verdict on a plain beginning or a plain duplicate, and None for anything else.

    A record that the state has met before must not come here.
    """
    if place.rekeyed_from is not None:
        return None
    at = raw.occurred_at or place.timestamp
    level = _level(raw, at, place.timestamp, rules)
    if level < 0:
        return None
    if state is None:
        if level != priority.of_source(raw) or (
            rules.mutes and silence.muting(raw, at=at, priority=level, rules=rules) is not None
        ):
            return None
        return _begun(raw, fingerprint, place, at=at, level=level, rules=rules)
    if not _more_of_it(state, at, level, rules):
        return None
    if not state.said & _SAID_DUPLICATE:
        return _doubled(raw.tenant, fingerprint, place, state, at)
    return Verdict(_counted(state, at, place.offset))


def counted(
    raw: RawAlert, *, offset: int, timestamp: int, state: AlertState, rules: TenantRules
) -> AlertState | None:
    """Give the state after a duplicate of which nothing is said, and None for anything else.

    It is what `verdict` gives for a record that stands under its first key; six of the eight
    times that an alert comes, nothing else happens.
    """
    if not state.said & _SAID_DUPLICATE:
        return None
    at = raw.occurred_at or timestamp
    level = _level(raw, at, timestamp, rules)
    if level < 0 or not _more_of_it(state, at, level, rules):
        return None
    return _counted(state, at, offset)


def _level(raw: RawAlert, at: int, timestamp: int, rules: TenantRules) -> int:
    # -1 where the record's status or time is out of the ordinary.
    if raw.status != _FIRING or at < 0 or not timestamp - STALE_MS <= at <= timestamp + FORWARD_MS:
        return -1
    if rules.gradings:
        return priority.graded(raw, rules=rules).priority
    return priority.of_source(raw)


def _more_of_it(state: AlertState, at: int, level: int, rules: TenantRules) -> bool:
    return (
        level <= state.priority
        and state.status == _OPEN
        and (not state.owed or _still_muted(state, at, rules))
        and state.first_seen_at <= at < (state.window_ends_at or at + 1)
        and state.anchor != _LAST
        and state.opened_offset >= 0
    )


def _counted(state: AlertState, at: int, offset: int) -> AlertState:
    seen = state.last_seen_at
    return replace(
        state,
        count=state.count + 1,
        last_seen_at=max(seen, at),
        raw_offset=offset,
    )


def _still_muted(state: AlertState, at: int, rules: TenantRules) -> bool:
    return silence.still_muted(rules, muted_by=state.muted_by, muted_until=state.muted_until, at=at)


def _doubled(tenant: str, fingerprint: str, place: Place, state: AlertState, at: int) -> Verdict:
    doubled = replace(
        state,
        count=state.count + 1,
        last_seen_at=max(state.last_seen_at, at),
        raw_offset=place.offset,
        said=state.said | _SAID_DUPLICATE,
    )
    alert_id = id_of(state, tenant=tenant, fingerprint=fingerprint)
    first = _dropped(tenant, fingerprint, alert_id, at=at, stage=_DEDUP, reason=_DUPLICATE)
    return Verdict(doubled, (), (), (first,))


def _begun(
    raw: RawAlert, fingerprint: str, place: Place, *, at: int, level: int, rules: TenantRules
) -> Verdict | None:
    tenant = raw.tenant
    life = dedup.life(raw, priority=level, rules=rules)
    found = routing(raw, priority=level, rules=rules) if rules.ways else _NOBODY
    people = found.addressees
    if found.going_on:
        return None
    state = AlertState(
        opened_partition=place.partition,
        opened_offset=place.offset,
        seq=1,
        anchor=life.anchor,
        priority=level,
        count=1,
        first_seen_at=at,
        last_seen_at=at,
        changed_at=at,
        window_ends_at=life.ends_at(at),
        window_ms=life.window_ms,
        raw_offset=place.offset,
        told=[one.recipient for one in people] or None,
        said_count=1,
        source=raw.source,
        title=raw.title,
        said=0 if people else _SAID_NO_ROUTE,
        templates=[one.template for one in people] or None,
        lag_ms=max(place.timestamp - at, 0),
    )
    alert_id = id_of(state, tenant=tenant, fingerprint=fingerprint)
    changes = (_fired(raw, state, alert_id, fingerprint),)
    if people:
        told = telling.first_told(
            raw, state, people, alert_id=alert_id, fingerprint=fingerprint, place=place
        )
        return Verdict(state, changes, told)
    unheard = _dropped(
        tenant, fingerprint, alert_id, at=at, stage=_ROUTE, reason=_NO_ROUTE, rule=found.route_id
    )
    return Verdict(state, changes, (), (unheard,))


def _fired(raw: RawAlert, state: AlertState, alert_id: str, fingerprint: str) -> AlertChange:
    at = state.changed_at
    return AlertChange(
        alert_id=alert_id,
        seq=1,
        fingerprint=fingerprint,
        kind=_FIRED,
        priority=state.priority,
        first_seen_at=at,
        last_seen_at=at,
        occurred_at=at,
        window_ends_at=state.window_ends_at,
        opened_partition=state.opened_partition,
        opened_offset=state.opened_offset,
        has_content=True,
        source=raw.source,
        title=raw.title,
        body=raw.body,
        severity=raw.severity,
        labels=raw.labels,
        links=raw.links,
        started_at=raw.started_at,
        id=ids.change_id(raw.tenant, alert_id, 1),
        tenant=raw.tenant,
    )


def _dropped(
    tenant: str,
    fingerprint: str,
    alert_id: str,
    *,
    at: int,
    stage: str,
    reason: str,
    rule: str = "",
) -> Decision:
    return Decision(
        subject_kind=_ALERT,
        subject_id=alert_id,
        stage=stage,
        outcome=_DROPPED,
        reason=reason,
        fingerprint=fingerprint,
        rule_id=rule,
        occurred_at=at,
        id=ids.decision_id(tenant, alert_id, stage, f"{reason}:"),
        tenant=tenant,
    )
