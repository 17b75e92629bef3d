"""Planning on one page: what becomes of an intent, of the wake of one that was held, and of one
that another channel must tell.

Everything here is pure. Plans come first: they are written before a word of them is put out, and
a record that was planned already is not decided again, but said again from its plan.
"""

from msgspec.structs import replace

from schemas.plan_state import ChannelPlan, Plan, Slots, slots_key
from schemas.reasons import (
    NO_CHANNEL,
    DeliveryStatus,
    Excess,
    IntentKind,
    Lane,
    Outcome,
    Priority,
    Reason,
    Stage,
)
from schemas.records import Intent
from streams.core.planning import (
    channels,
    collecting,
    digest,
    expiry,
    fallback,
    quiet_hours,
    rate_limit,
    told,
)
from streams.core.planning.fan_out import lane
from streams.core.planning.kinds import EVERYBODY, kind_of
from streams.core.planning.plan_draft import DIGEST_WAKE, Case, PlanDraft, Planned, is_digest
from streams.core.planning.plan_step import Step, after_hold
from streams.core.planning.saying import ask_for_digest, say_again
from streams.core.rendering.template import TemplateFailed

__all__ = ["Case", "Planned", "plan"]

UNKNOWN_RECIPIENT_MS = 5_000  # DESIGN 4: the record may be a moment behind its first intent

# Plain words: a member of an enum is slow to ask for its value, and this is for every intent.
_WAKE = IntentKind.WAKE.value
_FALLBACK = IntentKind.FALLBACK.value
_HELD = DeliveryStatus.HELD.value
_QUEUED = DeliveryStatus.QUEUED.value
_FAILED = DeliveryStatus.FAILED.value
_EXPIRED = DeliveryStatus.EXPIRED.value
_SUPPRESSED = DeliveryStatus.SUPPRESSED.value
_SUPERSEDED = DeliveryStatus.SUPERSEDED.value
_RATE_LIMITED = DeliveryStatus.RATE_LIMITED.value


def plan(intent: Intent, case: Case) -> Planned:
    """Decide what becomes of an identified intent or wake, on the state of this moment."""
    draft = PlanDraft(intent, case)
    if intent.kind == _WAKE:
        if intent.id.startswith(DIGEST_WAKE):
            _tell_digest(draft, intent.id)
        else:
            _wake(draft, intent.id)
        return draft.planned()
    if intent.kind == _FALLBACK:
        fallback.answer(draft, intent)
        return draft.planned()
    known = draft.plan(intent.id)
    if known is None:
        _begin(draft, intent)
    elif case.place in (known.origin, known.last):
        _repeat(draft, known, intent)
    else:
        mark = ":".join(map(str, case.place))
        draft.decide(intent.id, Stage.PLANNING, Outcome.DROPPED, Reason.DUPLICATE, mark=mark)
    return draft.planned()


# -- an intent, the first time and after a crash


def _begin(draft: PlanDraft, intent: Intent) -> None:
    case = draft.case
    kind = kind_of(intent.type, case.types)
    fresh = Plan(
        intent_id=intent.id,
        origin=case.place,
        last=case.place,
        step=1,
        planned_at=case.now,
        stepped_at=case.now,
        expires_at=expiry.expires_at(intent, kind, created_at=intent.created_at),
        lane=lane(intent.priority).value,
    )
    late = intent.alert_id and not intent.ends and told.comes_too_late(draft, intent)
    dropped = Reason.RESOLVED_FIRST if late else None
    if intent.ends and intent.alert_id:
        way = told.end(draft, intent)
        if isinstance(way, told.Way):
            intent = replace(intent, channels=list(way.channels))
            fresh = replace(fresh, lane=way.lane)
        else:
            dropped = way
    step = Step(draft, intent, fresh, kind=kind)
    if dropped is None or expiry.expired(fresh.expires_at, case.now):
        step.keep(_judged(step))
    else:
        status = _SUPPRESSED if dropped is Reason.NOT_TOLD else _SUPERSEDED
        step.keep((step.outcome(NO_CHANNEL, status, dropped.value),))


def _repeat(draft: PlanDraft, known: Plan, intent: Intent) -> None:
    # What the plan kept is the intent as it was planned: a resolve has other channels then.
    say_again(draft, known, draft.case.read(known.intent) if known.intent else intent)
    if intent.ends:
        told.repeat(draft, intent)


# -- wakes


def _wake(draft: PlanDraft, intent_id: str) -> None:
    known, case = draft.plan(intent_id), draft.case
    if known is None or not known.intent:
        return  # nothing waits, and all is said
    intent = case.read(known.intent)
    waits = any(one.outcome == _HELD for one in known.channels)
    if collecting.applied(known, case.place) or not waits:
        say_again(draft, known, intent)
        return
    after = replace(known, last=case.place, step=known.step + 1, stepped_at=case.now)
    step = Step(draft, intent, after)
    step.keep(tuple(now for one in known.channels for now in _woken(step, one)))


def _woken(step: Step, one: ChannelPlan) -> tuple[ChannelPlan, ...]:
    now = step.draft.case.now
    if one.outcome != _HELD:
        return (one,)
    if expiry.expired(step.plan.expires_at, now):
        return (_expired(step, one),)
    if one.until > now or one.digest:  # a digest has a wake of its own
        return (one,)
    if one.channel == NO_CHANNEL:
        decided = _judged(step, waited_for=one.reason)
        if decided[0].channel == NO_CHANNEL:
            return decided
        # The waiting is over, and the channels go on from here.
        return (step.outcome(NO_CHANNEL, _SUPERSEDED, one.reason), *decided)
    return after_hold(_told_now(step, _option(step, one.channel)), one)


def _option(step: Step, channel: str) -> channels.Option:
    asked = replace(step.intent, channels=[channel])
    (option,) = channels.chosen(asked, step.draft.case.person, step.kind)
    return option


def _expired(step: Step, one: ChannelPlan) -> ChannelPlan:
    reason = Reason.EXPIRED.value
    return step.outcome(one.channel, _EXPIRED, reason, addresses=one.addresses)


# -- every channel of an intent


def _judged(step: Step, *, waited_for: str = "") -> tuple[ChannelPlan, ...]:
    """Decide every channel; one outcome of channel `none` where the whole is dropped or held."""
    intent, case = step.intent, step.draft.case
    if expiry.expired(step.plan.expires_at, case.now):
        return (step.outcome(NO_CHANNEL, _EXPIRED, Reason.EXPIRED.value),)
    if intent.send_at > case.now:
        reason = Reason.NOT_YET.value
        return (step.outcome(NO_CHANNEL, _HELD, reason, until=intent.send_at),)
    if case.person.recipient is None and not intent.to:
        reason = Reason.UNKNOWN_RECIPIENT.value
        if waited_for == reason:
            return (step.outcome(NO_CHANNEL, _FAILED, reason),)
        until = case.now + UNKNOWN_RECIPIENT_MS
        return (step.outcome(NO_CHANNEL, _HELD, reason, until=until),)
    if not step.words.known:
        return (step.outcome(NO_CHANNEL, _FAILED, Reason.UNKNOWN_TEMPLATE.value),)
    options = channels.chosen(intent, case.person, step.kind)
    if not options:
        return (step.outcome(NO_CHANNEL, _SUPPRESSED, Reason.NO_CHANNEL.value),)
    return tuple(_on_channel(step, option) for option in options)


def _on_channel(step: Step, option: channels.Option) -> ChannelPlan:
    """Decide a channel for the first time; what asks to be digested waits for others."""
    if step.intent.digest_key and not option.reason:
        due_at = collecting.due_at(step, option.channel)
        due_at = _quiet_until(step, due_at) or due_at
        if _may_wait(step, due_at):
            failed = _worded(step, option)
            return failed or collecting.hold(step, option, due_at=due_at)
    return _told_now(step, option)


def _may_wait(step: Step, due_at: int) -> bool:
    """Say whether an intent is digested as it asks: not where it is urgent, or would expire."""
    intent, plan = step.intent, step.plan
    urgent = intent.priority >= Priority.HIGH or plan.lane == Lane.URGENT
    return bool(intent.digest_key) and not urgent and not expiry.expired(plan.expires_at, due_at)


def _held(step: Step, option: channels.Option, reason: Reason, *, until: int) -> ChannelPlan:
    addresses = option.addresses
    return step.outcome(option.channel, _HELD, reason.value, until=until, addresses=addresses)


def _told_now(step: Step, option: channels.Option) -> ChannelPlan:
    """Decide a channel on which nothing is to be collected first."""
    if option.reason:
        return step.outcome(option.channel, _SUPPRESSED, option.reason)
    until = _quiet_until(step, step.draft.case.now)
    if until:
        return _held(step, option, Reason.QUIET_HOURS, until=until)
    return _worded(step, option) or _within_limit(step, option)


def _quiet_until(step: Step, at: int) -> int:
    if quiet_hours.passes(step.kind, priority=step.intent.priority):
        return 0
    person = step.draft.case.person
    return quiet_hours.ends(person.preference, zone=person.zone, at=at)


def _worded(step: Step, option: channels.Option) -> ChannelPlan | None:
    """Give the failure of a channel for which there are no words."""
    try:
        step.words.on(option.channel)
    except TemplateFailed:
        return step.outcome(option.channel, _FAILED, Reason.TEMPLATE_FAILED.value)
    return None


def _within_limit(step: Step, option: channels.Option) -> ChannelPlan:
    """Take a slot, or decide what becomes of a message for which there is none."""
    draft, kind, channel = step.draft, step.kind, option.channel
    now, recipient = draft.case.now, draft.case.person.recipient
    everybody = draft.case.types.get(EVERYBODY)
    limit = rate_limit.allowance(channel, kind=kind, everybody=everybody, recipient=recipient)
    under = rate_limit.counted_under(channel, kind=kind, recipient=recipient)
    key = slots_key(draft.recipient, channel, under)
    found = draft.get(key)
    slots = found if isinstance(found, Slots) else None
    free_at = rate_limit.free_at(slots, limit, now)
    if free_at and step.intent.priority < Priority.CRITICAL:
        return _in_excess(step, option, free_at=free_at)
    draft.put(key, rate_limit.take(slots, limit, now=now))
    return ChannelPlan(channel, _QUEUED, addresses=option.addresses, step=step.number)


def _in_excess(step: Step, option: channels.Option, *, free_at: int) -> ChannelPlan:
    limited = Reason.RATE_LIMITED.value
    excess = Excess.DELAY.value if is_digest(step.intent) else step.kind.excess
    if free_at >= rate_limit.FOREVER or excess == Excess.DROP:
        return step.outcome(option.channel, _RATE_LIMITED, limited)
    if excess == Excess.DELAY:
        return _held(step, option, Reason.RATE_LIMITED, until=free_at)
    if _may_wait(step, free_at):
        return collecting.hold(step, option, due_at=free_at)
    return collecting.supersede(step, option.channel, due_at=free_at)


# -- digests


def _tell_digest(draft: PlanDraft, wake_id: str) -> None:
    """Make one intent of what was collected, and plan it; the only one goes out as itself."""
    channel, _, name = wake_id.removeprefix(DIGEST_WAKE).partition(":")
    held = collecting.found(draft, channel, name)
    if held is None or collecting.tell_again(draft, held, channel=channel, name=name):
        return
    if not digest.collecting(held):
        return
    if held.due_at > draft.case.now:
        ask_for_digest(draft, channel=channel, name=name, due_at=held.due_at)
        return
    collecting.begin_telling(draft, held, channel=channel, name=name)
    what = collecting.gathered(draft, held, channel=channel, name=name, ended=_ended)
    if len(what.lines) == len(what.waiting) == 1 and not held.more:
        collecting.let_go(what.waiting[0], channel=channel, name=name, decide=_alone)
    elif what.lines:
        _begin(draft, collecting.digest_of(draft, held, what, channel=channel, name=name))


def _ended(step: Step, one: ChannelPlan) -> ChannelPlan | None:
    """Give the end of what may not be told in its digest any more."""
    if expiry.expired(step.plan.expires_at, step.draft.case.now):
        return _expired(step, one)
    option = _option(step, one.channel)
    if not option.reason:
        return None
    return step.outcome(one.channel, _SUPPRESSED, option.reason, addresses=one.addresses)


def _alone(step: Step, one: ChannelPlan) -> tuple[ChannelPlan, ...]:
    return after_hold(_told_now(step, _option(step, one.channel)), one)
