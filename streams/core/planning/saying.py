"""Saying: the records that a plan's unpublished steps lead to.

The one way from a plan to its outputs: used when it was just decided, and again after a crash,
so that both give the same records under the same ids.
"""

from schemas.plan_state import ChannelPlan, Collected, Plan, collected_key
from schemas.reasons import DeliveryStatus, Lane, Outcome, Reason, Stage
from schemas.records import Intent
from streams.core.planning import fan_out
from streams.core.planning.digest import collecting
from streams.core.planning.plan_draft import DIGEST_WAKE, PLAN_WAKE, Alarm, Fault, PlanDraft
from streams.core.planning.words import Words
from streams.core.rendering.template import TemplateFailed

_HELD = DeliveryStatus.HELD.value
_QUEUED = DeliveryStatus.QUEUED.value

_RESOLVED_FIRST = Reason.RESOLVED_FIRST.value
_OF_WORDS = frozenset((Reason.TEMPLATE_FAILED.value, Reason.UNKNOWN_TEMPLATE.value))
_REASONS = {reason.value: reason for reason in Reason}
_STAGES = {
    Reason.NO_ADDRESS: Stage.CHANNELS,
    Reason.NO_CHANNEL: Stage.CHANNELS,
    Reason.PREFERENCE: Stage.CHANNELS,
    Reason.OPTED_OUT: Stage.CHANNELS,
    Reason.ADDRESS_GONE: Stage.CHANNELS,
    Reason.QUIET_HOURS: Stage.QUIET_HOURS,
    Reason.RATE_LIMITED: Stage.RATE_LIMIT,
    Reason.DIGESTED: Stage.DIGEST,
    Reason.TEMPLATE_FAILED: Stage.RENDER,
    Reason.UNKNOWN_TEMPLATE: Stage.RENDER,
}


def say(draft: PlanDraft, plan: Plan, intent: Intent, words: Words | None = None) -> None:
    """Put out what the last step of a plan leads to, which was just decided.

    `words` are what was rendered while it was decided; without them it is rendered.
    """
    _say(draft, plan, intent, words, since=plan.step - 1)


def say_again(draft: PlanDraft, plan: Plan, intent: Intent) -> None:
    """Put out once more every step of a plan that is not known to be out."""
    if plan.step > plan.said:
        _say(draft, plan, intent, None, since=plan.said)


def _say(draft: PlanDraft, plan: Plan, intent: Intent, words: Words | None, *, since: int) -> None:
    case = draft.case
    words = words or case.words(intent)
    for one in plan.channels:
        if one.step <= since:
            continue
        if one.outcome == _QUEUED:
            _deliver(draft, plan, one, intent, words)
        else:
            _tell(draft, plan, one, intent, words)
    # What waits for a digest comes with that.
    until = [one.until for one in plan.channels if one.outcome == _HELD and not one.digest]
    if until:
        mark = f"{PLAN_WAKE}{plan.intent_id}"
        due_at = min(*until, plan.expires_at) if plan.expires_at else min(until)
        draft.ask(plan.intent_id, mark=mark, lane=plan.lane, due_at=due_at)
    elif plan.step > 1 and any(one.reason == _RESOLVED_FIRST for one in plan.channels):
        mark = f"{PLAN_WAKE}{plan.intent_id}"
        draft.alarms.append(Alarm(mark, plan.lane))


def _deliver(draft: PlanDraft, plan: Plan, one: ChannelPlan, intent: Intent, words: Words) -> None:
    try:
        rendered = words.on(one.channel)
    except TemplateFailed as failed:
        # Only after a crash: the words were changed in between.
        _fail(draft, plan, one, intent, error=str(failed))
        return
    for address in one.addresses:
        delivery = fan_out.delivery(
            intent,
            channel=one.channel,
            address=address,
            rendered=rendered,
            lane=plan.lane,
            created_at=plan.planned_at,
            expires_at=plan.expires_at,
            template_version=words.version,
            variant=words.variant,
            fallback_of=plan.fallback_of,
        )
        draft.deliveries.append(delivery)
        draft.events.append(fan_out.queued(delivery, occurred_at=plan.stepped_at))


def _tell(draft: PlanDraft, plan: Plan, one: ChannelPlan, intent: Intent, words: Words) -> None:
    if one.reason in _OF_WORDS:
        _fail(draft, plan, one, intent, error=words.fault(one.channel))
        return
    _event(draft, plan, one, intent, status=one.outcome, reason=one.reason)
    if one.digest:
        _ask_for_its_digest(draft, one, intent.id)
    if not one.reason:
        return
    reason = _REASONS[one.reason]
    outcome = Outcome.HELD if one.outcome == _HELD else Outcome.DROPPED
    mark = f"{one.channel}:{one.step}"
    draft.decide(intent.id, _STAGES.get(reason, Stage.PLANNING), outcome, reason, mark=mark)


def ask_for_digest(draft: PlanDraft, *, channel: str, name: str, due_at: int) -> None:
    """Ask for the wake at which a digest is told."""
    mark = f"{DIGEST_WAKE}{draft.who}:{channel}:{name}"
    wake_id = f"{DIGEST_WAKE}{channel}:{name}"
    draft.ask(wake_id, mark=mark, lane=Lane.NORMAL.value, due_at=due_at)


def _ask_for_its_digest(draft: PlanDraft, one: ChannelPlan, intent_id: str) -> None:
    held = draft.get(collected_key(draft.recipient, one.channel, one.digest))
    # The first one collected asks, so that a storm of them asks once.
    if isinstance(held, Collected) and collecting(held) and held.items[0][0] == intent_id:
        ask_for_digest(draft, channel=one.channel, name=one.digest, due_at=held.due_at)


def _fail(draft: PlanDraft, plan: Plan, one: ChannelPlan, intent: Intent, *, error: str) -> None:
    reason = Reason.TEMPLATE_FAILED
    if one.reason == Reason.UNKNOWN_TEMPLATE:
        reason = Reason.UNKNOWN_TEMPLATE
    status = DeliveryStatus.FAILED.value
    _event(draft, plan, one, intent, status=status, reason=reason.value, error=error)
    mark = f"{one.channel}:{one.step}"
    draft.decide(intent.id, Stage.RENDER, Outcome.DROPPED, reason, mark=mark)
    draft.faults.append(Fault(intent, reason, error))


def _event(
    draft: PlanDraft,
    plan: Plan,
    one: ChannelPlan,
    intent: Intent,
    *,
    status: str,
    reason: str,
    error: str = "",
) -> None:
    for address in one.addresses or ("",):
        draft.events.append(
            fan_out.event(
                intent,
                channel=one.channel,
                status=status,
                reason=reason,
                address=address,
                lane=plan.lane,
                created_at=plan.planned_at,
                occurred_at=plan.stepped_at,
                until=one.until,
                error=error,
                # A second hold of a delivery is another step than the first.
                mark=str(one.step) if status == _HELD else "",
                locale=plan.locale,
                template_version=plan.template_version,
                variant=plan.variant,
                fallback_of=plan.fallback_of,
            )
        )
