"""Told: a resolve reaches whom its alert reached, after the fire, and nobody else."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from schemas.plan_state import (
    NOWHERE,
    ChannelPlan,
    Collected,
    Plan,
    Told,
    collected_key,
    told_key,
)
from schemas.reasons import DeliveryStatus, Reason
from schemas.records import Intent
from streams.core.planning.plan_draft import PlanDraft
from streams.core.planning.saying import say, say_again

REMEMBERED = 50  # intents of one alert that may still hold something

_HELD = DeliveryStatus.HELD.value
_QUEUED = DeliveryStatus.QUEUED.value
_SUPERSEDED = DeliveryStatus.SUPERSEDED.value


class Way(Struct, frozen=True):
    """Say how the end of an alert is told: on the channels and in the lane of the first telling."""

    channels: tuple[str, ...]
    lane: str


def comes_too_late(draft: PlanDraft, intent: Intent) -> bool:
    """Say whether the end of what this tells was met already, on another way."""
    told = _told(draft, intent)
    return told is not None and intent.alert_seq < told.seq


def remember(draft: PlanDraft, intent: Intent, plan: Plan) -> None:
    """Take note that an intent sent, holds or collected something of its alert."""
    out = [one.channel for one in plan.channels if one.outcome == _QUEUED]
    if not out and not any(one.outcome == _HELD or one.digest for one in plan.channels):
        return
    told = _told(draft, intent) or Told()
    if told.ended_by and intent.alert_seq >= told.seq:
        told = Told(seq=told.seq, before=_unsaid(draft, told))  # the alert began again
    known = intent.id in told.intents
    draft.put(
        told_key(draft.recipient, intent.alert_id),
        replace(
            told,
            intents=told.intents if known else (*told.intents, intent.id)[-REMEMBERED:],
            channels=tuple(dict.fromkeys((*told.channels, *out))),
            lane=told.lane if told.intents else plan.lane,
            at=draft.case.now,
            told_seq=max(told.told_seq, intent.alert_seq),
        ),
    )


def end(draft: PlanDraft, intent: Intent) -> Way | Reason:
    """Withdraw what an alert's intents still hold, and say how its end is told, or why not."""
    told = _told(draft, intent) or Told()
    if intent.alert_seq < told.told_seq:
        return Reason.SUPERSEDED  # it began again, and that was told
    if intent.alert_seq < told.seq:
        return Reason.NOT_TOLD
    channels = list(told.channels)
    # An end before this one withdrew what there was: what then is in no digest was never told.
    for intent_id in () if told.ended_by else told.intents:
        plan = draft.plan(intent_id)
        if plan is not None:
            channels += _withdraw(draft, plan)
    way = Way(tuple(dict.fromkeys(channels)), told.lane)
    draft.put(
        told_key(draft.recipient, intent.alert_id),
        replace(
            told,
            channels=way.channels,
            seq=intent.alert_seq,
            ended_by=intent.id,
            at=draft.case.now,
        ),
    )
    return way if way.channels else Reason.NOT_TOLD


def repeat(draft: PlanDraft, intent: Intent) -> None:
    """Say once more what the end at this place withdrew."""
    told = _told(draft, intent)
    for intent_id in (*told.before, *told.intents) if told is not None else ():
        plan = draft.plan(intent_id)
        if plan is not None and plan.intent and plan.last == draft.case.place:
            say_again(draft, plan, draft.case.read(plan.intent))


def _told(draft: PlanDraft, intent: Intent) -> Told | None:
    found = draft.get(told_key(draft.recipient, intent.alert_id))
    return found if isinstance(found, Told) else None


def _unsaid(draft: PlanDraft, told: Told) -> tuple[str, ...]:
    plans = ((known, draft.plan(known)) for known in (*told.before, *told.intents))
    return tuple(known for known, plan in plans if plan is not None and plan.intent)[-REMEMBERED:]


def _withdraw(draft: PlanDraft, plan: Plan) -> list[str]:
    """Withdraw what a plan holds; give the channels on which a digest told it already."""
    step = plan.step + 1
    told = list(_digests_told(draft, plan))
    if any(one.outcome == _HELD for one in plan.channels):
        after = replace(
            plan,
            last=draft.case.place,
            step=step,
            stepped_at=draft.case.now,
            channels=tuple(_withdrawn(one, step) for one in plan.channels),
        )
        draft.put_plan(after)
        say(draft, after, draft.case.read(after.intent))
    return told


def _withdrawn(one: ChannelPlan, step: int) -> ChannelPlan:
    if one.outcome != _HELD:
        return one
    reason = Reason.RESOLVED_FIRST.value
    return replace(one, outcome=_SUPERSEDED, reason=reason, until=0, step=step, digest="")


def _digests_told(draft: PlanDraft, plan: Plan) -> Iterator[str]:
    for one in plan.channels:
        if not one.digest:
            continue
        key = collected_key(draft.recipient, one.channel, one.digest)
        held = draft.get(key)
        if isinstance(held, Collected):
            rest = tuple(item for item in held.items if item[0] != plan.intent_id)
            if len(rest) < len(held.items) and held.wake == NOWHERE:
                draft.put(key, replace(held, items=rest))
                continue
        yield one.channel
