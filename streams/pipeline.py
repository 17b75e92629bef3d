"""The stage sequences on one page: what becomes of a raw alert, and of a command.

Every function here is pure. A state is one fingerprint's; what is to be done with a Verdict
(publish, write, commit, in this order) is the shell's business.
"""

from typing import Any

from msgspec.structs import replace

from schemas.reasons import AlertStatus, Anchor, ChangeKind, Outcome, RawStatus, Reason, Stage
from schemas.records import AlertCommand, RawAlert
from schemas.state import AlertState
from streams.core.event_time import EventTime, event_time
from streams.core.triage import dedup, escalation, holding, life, moments, plain, priority, silence
from streams.core.triage.coalesce import announce, announced, reserve
from streams.core.triage.command import Order, order
from streams.core.triage.dedup import Move
from streams.core.triage.draft import Draft, Subject
from streams.core.triage.item import Item
from streams.core.triage.orders import carry_out
from streams.core.triage.priority import Graded
from streams.core.triage.retention import lapses_at
from streams.core.triage.rules import NONE_FOR_TENANT, Rules, TenantRules, compile_rules
from streams.core.triage.stage import Place, Verdict

__all__ = [
    "announce",
    "announced",
    "command",
    "compile_rules",
    "counted",
    "lapses_at",
    "reserve",
    "staged",
    "triage",
]

_OPEN = AlertStatus.OPEN.value
_UNTIL_ENDED = Anchor.OPEN.value


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


def counted(
    raw: RawAlert, *, offset: int, timestamp: int, state: AlertState, rules: Rules
) -> AlertState | None:
    """Give the state after one more of the same where nothing else comes of it, else None.

    The record must stand under its first key. None says nothing: `triage` decides.
    """
    if offset <= state.raw_offset:
        return None
    of_tenant = rules.tenants.get(raw.tenant, NONE_FOR_TENANT)
    return plain.counted(raw, offset=offset, timestamp=timestamp, state=state, rules=of_tenant)


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
    return _armed(draft.verdict(), now=place.timestamp)


def command(
    cmd: AlertCommand,
    *,
    place: Place,
    state: AlertState | None,
    rules: Rules,
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
    if what is Order.LOOK:
        _woken(draft, cmd, place, rules.tenants.get(cmd.tenant, NONE_FOR_TENANT))
    else:
        carry_out(what, draft, cmd, place=place)
    verdict = _armed(draft.verdict(), now=place.timestamp)
    return verdict if state is not None else replace(verdict, state=None)


def _armed(verdict: Verdict, *, now: int) -> Verdict:
    # A wake that comes too early is no harm, so an alert asks again only for an earlier moment.
    state = verdict.state
    at = 0 if state is None else moments.next_at(state)
    if state is None or not at or 0 < state.wake_at <= at:
        return verdict
    return replace(verdict, state=replace(state, wake_at=at), wake_at=max(at, now))


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
        "lag_ms": max(item.place.timestamp - item.at, 0),
        "saved": state.saved + 1,
    }
    _change_and_tell(draft, item, ChangeKind.REOPENED, **fields)


def _come_due(draft: Draft, item: Item) -> None:
    # A telling was withheld. This occurrence shows that the alert still fires: is it told now?
    if _still_muted(draft.state, item.at, item.rules):
        life.count(draft, item)
        return
    held = holding.hold(draft.state, item)
    if held is not None and held.mute is None:
        life.count(draft, item)
        return
    _tell_withheld(draft, item, held, life.occurred(draft.state, item))


def _tell_withheld(
    draft: Draft, item: Item, held: holding.Hold | None, fields: dict[str, Any]
) -> None:
    # Either nothing holds the alert any more, or another silence does.
    state = draft.state
    fields = fields | holding.held_fields(held, item.raw)
    if held is not None:
        rule_id = held.mute.id if held.mute else ""
        draft.change(ChangeKind.SILENCED, rule_id=rule_id, **fields)
        holding.say(draft, held)
        return
    withheld_by_rule = state.muted_by or state.snoozed_until
    kind = ChangeKind.UNSILENCED if withheld_by_rule else ChangeKind.ESCALATED
    if "count" in fields:
        fields["saved"] = state.saved + 1
    # Those who were told first are told first: the steps are counted anew from here.
    fields["escalations"] = escalation.resumed(state.escalations, now=item.place.timestamp)
    draft.change(kind, raw=None if withheld_by_rule else item.raw, stale=False, **fields)
    firing_for_ms = max(item.at - draft.state.first_seen_at, 0)
    holding.tell(draft, item, firing_for_s=firing_for_ms // 1000)


def _woken(draft: Draft, cmd: AlertCommand, place: Place, rules: TenantRules) -> None:
    # Nobody spoke of the alert: its moment came, or the rules changed.
    state, at = draft.state, draft.subject.at
    if at >= state.wake_at:
        draft.set(wake_at=0)
    if moments.timed_out(state, at=at):
        if state.anchor == _UNTIL_ENDED:
            life.end(draft, place=place, raw=None, actor=life.TIMEOUT)
        else:
            life.run_out(draft)
    elif state.status == _OPEN and not state.acknowledged and state.content is not None:
        # A wake says for when it was asked; what is told now is judged by the moment it comes.
        now = replace(place, timestamp=max(at, place.timestamp))
        graded = Graded(state.priority, state.priority)
        time = EventTime(now.timestamp)
        _look(draft, Item(state.content, cmd.fingerprint, now, time, graded, rules))


def _look(draft: Draft, item: Item) -> None:
    state = draft.state
    held = holding.hold(state, item)
    mute = held.mute if held else None
    if state.owed:
        known = (state.muted_by, state.muted_until)
        if held is None or (mute is not None and (mute.id, mute.ends_at) != known):
            _tell_withheld(draft, item, held, {})
    elif moments.is_due(state, at=item.at):
        if mute is not None:
            _tell_withheld(draft, item, held, {})
        elif held is None:
            holding.go_on(draft, item)


def _change_and_tell(draft: Draft, item: Item, kind: ChangeKind, **fields: Any) -> None:
    held = holding.hold(draft.state, item)
    draft.change(
        kind,
        raw=item.raw,
        rule_id=held.mute.id if held and held.mute else "",
        stale=item.time.stale,
        **holding.held_fields(held, item.raw),
        **fields,
    )
    _say_graded(draft, item.graded)
    if held is None:
        holding.tell(draft, item)
    else:
        holding.say(draft, held)


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
