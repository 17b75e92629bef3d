"""Holding: whether people are told of an alert now, or once what holds it is over."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schemas.reasons import Outcome, RawStatus, Reason, Stage
from schemas.records import RawAlert
from schemas.state import AlertState
from streams.core.triage import escalation, silence, telling
from streams.core.triage.draft import ONCE, Draft
from streams.core.triage.item import Item
from streams.core.triage.route import routing
from streams.core.triage.rules import Mute


class Hold(Struct, frozen=True):
    """Say why an alert is not told now; `mute` is the silence, where it is one."""

    stage: Stage
    outcome: Outcome
    reason: Reason
    mute: Mute | None = None


def hold(state: AlertState, item: Item) -> Hold | None:
    """Find what keeps the alert from being told at the item's event time."""
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


def held_fields(held: Hold | None, raw: RawAlert) -> dict[str, Any]:
    """Give the fields of the state that say what is held, and keep what is to be told then."""
    mute = held.mute if held else None
    by_rule = held is not None and held.stage is Stage.SILENCE
    return {
        "owed": held is not None,
        "muted_by": mute.id if mute else "",
        "muted_until": mute.ends_at if mute else 0,
        "content": kept(raw) if by_rule else None,
    }


def kept(raw: RawAlert) -> RawAlert:
    """Give what of a raw alert is needed to match, route and tell it later."""
    return replace(raw, body=telling.cut(raw.body))


def say(draft: Draft, held: Hold) -> None:
    """Say why nobody is told."""
    if held.reason in ONCE:
        draft.decide_once(held.stage, held.outcome, held.reason)
    else:
        rule_id = held.mute.id if held.mute else ""
        draft.decide(held.stage, held.outcome, held.reason, rule_id=rule_id, mark=draft.state.seq)


def tell(draft: Draft, item: Item, **data: Any) -> None:
    """Tell those whom the routes name, or say that no route names anyone."""
    state, now = draft.state, item.place.timestamp
    found = routing(item.raw, priority=state.priority, rules=item.rules)
    telling.tell(draft, found.addressees, raw=item.raw, place=item.place, **data)
    if not found.addressees:
        draft.decide_once(Stage.ROUTE, Outcome.DROPPED, Reason.NO_ROUTE, rule_id=found.route_id)
    elif found.going_on:
        draft.set(
            told_at=now,
            retell_ms=found.retell_ms,
            escalations=escalation.begun(state.escalations, found.going_on, now=now),
            content=kept(item.raw),
        )


def go_on(draft: Draft, item: Item) -> None:
    """Tell again, and take the steps that are due, as the routes have it now."""
    found = routing(item.raw, priority=draft.state.priority, rules=item.rules)
    escalation.go_on(draft, item, found)
