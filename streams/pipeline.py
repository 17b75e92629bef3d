"""The stage sequences on one page: what becomes of a raw alert, and of a command.

Every function here is pure. A state is one fingerprint's; what is to be done with a Verdict
(publish, write, commit, in this order) is the shell's business.
"""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schemas.reasons import AlertStatus, ChangeKind, Outcome, RawStatus, Reason, Stage
from schemas.records import AlertCommand, RawAlert
from schemas.state import AlertState
from streams.core import dedup, life, plain, priority, silence, telling
from streams.core.coalesce import announce, announced, reserve
from streams.core.command import order
from streams.core.dedup import Move
from streams.core.draft import ONCE, Draft, Subject
from streams.core.event_time import event_time
from streams.core.item import Item
from streams.core.orders import carry_out
from streams.core.priority import Graded
from streams.core.retention import lapses_at
from streams.core.route import routing
from streams.core.rules import NONE_FOR_TENANT, Mute, Rules, TenantRules, compile_rules
from streams.core.stage import Place, Verdict

__all__ = [
    "announce",
    "announced",
    "command",
    "compile_rules",
    "lapses_at",
    "reserve",
    "staged",
    "triage",
]

_OPEN = AlertStatus.OPEN.value


class Hold(Struct, frozen=True):
    """Say why an alert is not told now; `mute` is the silence, where it is one."""

    stage: Stage
    outcome: Outcome
    reason: Reason
    mute: Mute | None = None


def triage(
    raw: RawAlert, *, fingerprint: str, place: Place, state: AlertState | None, rules: Rules
) -> Verdict:
    """Decide what becomes of a raw alert.

    A record that the state has met before changes nothing and says nothing.
    Raises Invalid where the record breaks an agreement.
    """
    of_tenant = rules.tenants.get(raw.tenant, NONE_FOR_TENANT)
    if state is not None and dedup.applied(
        state, offset=place.offset, rekeyed_from=place.rekeyed_from
    ):
        return Verdict(state)
    quick = plain.verdict(raw, fingerprint=fingerprint, place=place, state=state, rules=of_tenant)
    if quick is not None:
        return quick
    return staged(raw, fingerprint=fingerprint, place=place, state=state, rules=of_tenant)


def staged(
    raw: RawAlert, *, fingerprint: str, place: Place, state: AlertState | None, rules: TenantRules
) -> Verdict:
    """Decide by every stage in turn what becomes of a raw alert that is new to the state."""
    time = event_time(raw.occurred_at, timestamp=place.timestamp)
    graded = priority.graded(raw, rules=rules)
    item = Item(raw, fingerprint, place, time, graded, rules)
    move = dedup.move(state, status=raw.status, at=time.at, priority=graded.priority)
    draft = Draft(
        _reached(state or AlertState(), place),
        Subject(raw.tenant, fingerprint, time.at, stale=time.stale),
    )
    _MOVES[move](draft, item)
    if time.skewed and dedup.has_alert(draft.state):
        draft.decide_once(Stage.TRIAGE, Outcome.CHANGED, Reason.CLOCK_SKEW)
    return draft.verdict()


def command(
    cmd: AlertCommand,
    *,
    place: Place,
    state: AlertState | None,
    rules: Rules,  # noqa: ARG001 - both sequences are called alike
) -> Verdict:
    """Decide what becomes of a command.

    One that the state has met before changes nothing and says nothing.
    Raises Invalid where its kind is none of ours.
    """
    if state is not None and (
        place.offset <= state.command_offset or -1 < place.sequenced_at <= state.raw_offset
    ):
        return Verdict(state)
    at = event_time(cmd.issued_at, timestamp=place.timestamp).at
    before = state or AlertState()
    reached = replace(
        before,
        command_offset=place.offset,
        raw_offset=max(before.raw_offset, place.sequenced_at),
    )
    draft = Draft(reached, Subject(cmd.tenant, cmd.fingerprint, at))
    what = order(cmd, state=state, alert_id=draft.alert_id, at=at)
    carry_out(what, draft, cmd, place=place)
    verdict = draft.verdict()
    return verdict if state is not None else replace(verdict, state=None)


def _still_muted(state: AlertState, at: int, rules: TenantRules) -> bool:
    return silence.still_muted(rules, muted_by=state.muted_by, muted_until=state.muted_until, at=at)


def _reached(state: AlertState, place: Place) -> AlertState:
    if place.rekeyed_from is None:
        return replace(state, raw_offset=place.offset)
    partition, offset = place.rekeyed_from
    rekeyed = {**(state.rekeyed or {}), partition: offset}
    return replace(state, raw_offset=place.offset, rekeyed=rekeyed)


def _open(draft: Draft, item: Item) -> None:
    life.retire(draft)
    draft.begin(life.opened(draft.state, item))
    _change_and_tell(draft, item, ChangeKind.FIRED)
    if item.raw.status == RawStatus.ACKNOWLEDGED:
        life.acknowledge(draft, item)


def _escalate(draft: Draft, item: Item) -> None:
    _change_and_tell(
        draft,
        item,
        ChangeKind.ESCALATED,
        priority=item.graded.priority,
        changed_at=item.at,
        saved=draft.state.saved + 1,
        **life.occurred(draft.state, item),
    )


def _reopen(draft: Draft, item: Item) -> None:
    state = draft.state
    fields = life.occurred(state, item) | {
        "status": _OPEN,
        "priority": item.graded.priority,
        "changed_at": item.at,
        "window_ends_at": dedup.Life(state.anchor, state.window_ms).ends_at(item.at),
        "acknowledged": False,
        "acknowledged_by": "",
        "saved": state.saved + 1,
    }
    _change_and_tell(draft, item, ChangeKind.REOPENED, **fields)


def _come_due(draft: Draft, item: Item) -> None:
    # A telling was withheld. This occurrence shows that the alert still fires: is it told now?
    state, at = draft.state, item.at
    if _still_muted(state, at, item.rules):
        life.count(draft, item)
        return
    hold = _hold(state, item)
    occurred = life.occurred(state, item)
    if hold is None:
        withheld_by_rule = state.muted_by or state.snoozed_until
        kind = ChangeKind.UNSILENCED if withheld_by_rule else ChangeKind.ESCALATED
        occurred |= {"owed": False, "muted_by": "", "muted_until": 0, "saved": state.saved + 1}
        draft.change(kind, raw=None if withheld_by_rule else item.raw, stale=False, **occurred)
        _tell(draft, item, firing_for_s=max(at - draft.state.first_seen_at, 0) // 1000)
    elif hold.mute is not None:
        mute = hold.mute
        occurred |= {"muted_by": mute.id, "muted_until": mute.ends_at}
        draft.change(ChangeKind.SILENCED, rule_id=mute.id, **occurred)
        _say_hold(draft, hold)
    else:
        life.count(draft, item)


def _change_and_tell(draft: Draft, item: Item, kind: ChangeKind, **fields: Any) -> None:
    hold = _hold(draft.state, item)
    mute = hold.mute if hold else None
    draft.change(
        kind,
        raw=item.raw,
        rule_id=mute.id if mute else "",
        owed=hold is not None,
        muted_by=mute.id if mute else "",
        muted_until=mute.ends_at if mute else 0,
        stale=item.time.stale,
        **fields,
    )
    _say_graded(draft, item.graded)
    if hold is None:
        _tell(draft, item)
    else:
        _say_hold(draft, hold)


def _say_graded(draft: Draft, graded: Graded) -> None:
    if graded.rule_ids and graded.priority != graded.said:
        draft.decide(
            Stage.PRIORITY,
            Outcome.CHANGED,
            Reason.PRIORITY_RULE,
            rule_id=graded.rule_ids[-1],
            detail=f"{graded.said} -> {graded.priority} by {', '.join(graded.rule_ids)}",
            mark=draft.state.seq,
        )


def _hold(state: AlertState, item: Item) -> Hold | None:
    if item.raw.status in {RawStatus.INFO, RawStatus.NO_DATA}:
        return Hold(Stage.PRIORITY, Outcome.DROPPED, Reason.NEVER_PAGES)
    if item.time.stale:
        return Hold(Stage.TRIAGE, Outcome.DROPPED, Reason.STALE)
    mute = silence.muting(
        item.raw,
        at=item.at,
        priority=item.graded.priority,
        rules=item.rules,
        muted_by=state.muted_by,
    )
    if mute is not None:
        return Hold(Stage.SILENCE, Outcome.MUTED, Reason.SILENCED, mute)
    if state.snoozed_until > item.at:
        return Hold(Stage.SILENCE, Outcome.MUTED, Reason.SNOOZED)
    return None


def _say_hold(draft: Draft, hold: Hold) -> None:
    if hold.reason in ONCE:
        draft.decide_once(hold.stage, hold.outcome, hold.reason)
    else:
        rule_id = hold.mute.id if hold.mute else ""
        draft.decide(hold.stage, hold.outcome, hold.reason, rule_id=rule_id, mark=draft.state.seq)


def _tell(draft: Draft, item: Item, **data: Any) -> None:
    found = routing(item.raw, priority=draft.state.priority, rules=item.rules)
    telling.tell(draft, found.addressees, raw=item.raw, place=item.place, **data)
    if not found.addressees:
        draft.decide_once(Stage.ROUTE, Outcome.DROPPED, Reason.NO_ROUTE, rule_id=found.route_id)


def _resolve(draft: Draft, item: Item) -> None:
    life.end(draft, place=item.place, raw=item.raw, actor=item.raw.source)


_MOVES = {
    Move.OPEN: _open,
    Move.OPEN_RESOLVED: life.open_resolved,
    Move.COUNT: life.count,
    Move.COUNT_OLDER: life.count_older,
    Move.COUNT_RESOLVED: life.count_resolved,
    Move.ESCALATE: _escalate,
    Move.ACKNOWLEDGE: life.acknowledge,
    Move.RESOLVE: _resolve,
    Move.REMEMBER_RESOLVE: life.remember_resolve,
    Move.REOPEN: _reopen,
    Move.COME_DUE: _come_due,
}
