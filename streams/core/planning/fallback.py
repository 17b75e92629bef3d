"""Fallback: the next channel of an intent that did not arrive, and why there is none.

The wish comes from follow-up, which knows what arrived and nothing else; the matter was kept here.
A fallback passes quiet hours, as all that is urgent, and takes no slot of a limit.
"""

from msgspec.structs import replace

from schemas import fallback as agreed
from schemas import ids
from schemas.fallback import Wish
from schemas.notification import NotificationType
from schemas.plan_state import ChannelPlan, Kept, Plan, kept_key
from schemas.reasons import DeliveryStatus, Outcome, Reason, Stage
from schemas.records import Intent
from streams.core.planning import channels, expiry, told
from streams.core.planning.fallback_chain import left
from streams.core.planning.fan_out import lane
from streams.core.planning.kinds import kind_of
from streams.core.planning.plan_draft import PlanDraft
from streams.core.planning.plan_step import Step
from streams.core.planning.saying import say_again
from streams.core.rendering.template import TemplateFailed

_QUEUED = DeliveryStatus.QUEUED.value
_FAILED = DeliveryStatus.FAILED.value


def answer(draft: PlanDraft, asked: Intent) -> None:
    """Tell an intent on the next channel, or say why on none; Invalid where the wish is none.

    The same wish again gives what it gave before, and nothing else.
    """
    wish = agreed.read(asked.data)
    kept = draft.get(kept_key(draft.recipient, asked.id))
    if not isinstance(kept, Kept):
        _none(draft, asked.id, wish, Reason.NO_FALLBACK)
    elif wish.number <= len(kept.given):
        _repeat(draft, asked.id, wish, given=kept.given[wish.number - 1])
    else:
        _next(draft, asked.id, wish, kept)


def _next(draft: PlanDraft, intent_id: str, wish: Wish, kept: Kept) -> None:
    intent = draft.case.read(kept.intent)
    kind = kind_of(intent.type, draft.case.types)
    found = _chosen(draft, intent, kind, kept)
    came_to = found.channel if isinstance(found, channels.Option) else found.value
    tried = (*kept.tried, came_to) if isinstance(found, channels.Option) else kept.tried
    # Whoever wishes for the third before the second does not get the second as well.
    passed_by = [Reason.NO_FALLBACK.value] * (wish.number - 1 - len(kept.given))
    after = replace(kept, tried=tried, given=(*kept.given, *passed_by, came_to))
    draft.put(kept_key(draft.recipient, intent_id), after)
    if isinstance(found, Reason):
        _none(draft, intent_id, wish, found)
        return
    step = _step(draft, intent, found.channel, kind=kind, expires_at=kept.expires_at)
    step.keep((_outcome(step, found),))
    _given(draft, intent_id, wish, found.channel)


def _chosen(
    draft: PlanDraft, intent: Intent, kind: NotificationType, kept: Kept
) -> channels.Option | Reason:
    """Choose the first channel of the chain that reaches the person and that they want."""
    if expiry.expired(kept.expires_at, draft.case.now):
        return Reason.EXPIRED
    if intent.alert_id and told.comes_too_late(draft, intent):
        return Reason.RESOLVED_FIRST
    others = replace(intent, channels=list(left(kind, kept.tried)))
    options = channels.chosen(others, draft.case.person, kind)
    return next((one for one in options if one.addresses), Reason.NO_FALLBACK)


def _step(
    draft: PlanDraft, intent: Intent, channel: str, *, kind: NotificationType, expires_at: int
) -> Step:
    case = draft.case
    told_on = replace(
        intent,
        id=ids.fallback_id(draft.tenant, intent.id, channel),
        channels=[channel],
        send_at=0,
    )
    plan = Plan(
        intent_id=told_on.id,
        origin=case.place,
        last=case.place,
        step=1,
        planned_at=case.now,
        stepped_at=case.now,
        expires_at=expires_at,
        lane=lane(intent.priority).value,
        fallback_of=intent.id,
    )
    return Step(draft, told_on, plan, kind=kind)


def _outcome(step: Step, option: channels.Option) -> ChannelPlan:
    if not step.words.known:
        return step.outcome(option.channel, _FAILED, Reason.UNKNOWN_TEMPLATE.value)
    try:
        step.words.on(option.channel)
    except TemplateFailed:
        return step.outcome(option.channel, _FAILED, Reason.TEMPLATE_FAILED.value)
    return ChannelPlan(option.channel, _QUEUED, addresses=option.addresses, step=step.number)


def _repeat(draft: PlanDraft, intent_id: str, wish: Wish, *, given: str) -> None:
    if given not in channels.CHANNELS:
        _none(draft, intent_id, wish, Reason(given))
        return
    plan = draft.plan(ids.fallback_id(draft.tenant, intent_id, given))
    if plan is None or plan.origin != draft.case.place:
        mark = f"{wish.number}:" + ":".join(map(str, draft.case.place))
        draft.decide(intent_id, Stage.FALLBACK, Outcome.DROPPED, Reason.DUPLICATE, mark=mark)
        return
    if plan.intent:
        say_again(draft, plan, draft.case.read(plan.intent))
    _given(draft, intent_id, wish, given)


def _given(draft: PlanDraft, intent_id: str, wish: Wish, channel: str) -> None:
    draft.decide(
        ids.fallback_id(draft.tenant, intent_id, channel),
        Stage.FALLBACK,
        Outcome.CHANGED,
        Reason.FALLBACK,
        mark=f"{channel}:{wish.number}",
        detail=f"{channel}: {_because(wish)}",
    )


def _none(draft: PlanDraft, intent_id: str, wish: Wish, reason: Reason) -> None:
    draft.decide(
        intent_id,
        Stage.FALLBACK,
        Outcome.DROPPED,
        reason,
        mark=f"none:{wish.number}",
        detail=f"none: {_because(wish)}",
    )


def _because(wish: Wish) -> str:
    """Say why another channel is tried, in words of ours whatever the wish holds."""
    names = [name for name in dict.fromkeys(wish.channels) if name in channels.CHANNELS]
    what = " and ".join(names) or "it"
    if wish.failed:
        return f"{what} failed"
    return f"{what} did not arrive within {max(0, wish.waited_ms) / 1000:g} s"
