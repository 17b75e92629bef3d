"""Planning on one page: what becomes of an intent, of the wake of one that was held, and of one
that another channel must tell.

Everything here is pure. Plans come first: they are written before a word of them is put out, and
a record that was planned already is not decided again, but said again from its plan.
"""

from msgspec.structs import replace

from schemas import ids
from schemas.plan_state import ChannelPlan, Collected, Plan, Slots, collected_key, slots_key
from schemas.reasons import (
    NO_CHANNEL,
    DeliveryStatus,
    Excess,
    IntentKind,
    Outcome,
    Priority,
    Reason,
    Stage,
)
from schemas.records import Intent
from streams.core.planning import channels, digest, expiry, fallback, quiet_hours, rate_limit, told
from streams.core.planning.fan_out import lane
from streams.core.planning.kinds import EVERYBODY, kind_of
from streams.core.planning.plan_draft import (
    DIGEST_WAKE,
    Case,
    PlanDraft,
    Planned,
    digest_of,
    is_digest,
)
from streams.core.planning.plan_step import Step
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
    dropped = Reason.RESOLVED_FIRST if _comes_too_late(draft, intent) else None
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


def _comes_too_late(draft: PlanDraft, intent: Intent) -> bool:
    return bool(intent.alert_id) and not intent.ends and told.comes_too_late(draft, intent)


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
    if known.last == case.place or not any(one.outcome == _HELD for one in known.channels):
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
        reason = Reason.EXPIRED.value
        return (replace(one, outcome=_EXPIRED, reason=reason, until=0, step=step.number),)
    if one.until > now:
        return (one,)
    if one.channel == NO_CHANNEL:
        decided = _judged(step, waited_for=one.reason)
        if decided[0].channel == NO_CHANNEL:
            return decided
        # The waiting is over, and the channels go on from here.
        return (step.outcome(NO_CHANNEL, _SUPERSEDED, one.reason), *decided)
    asked = replace(step.intent, channels=[one.channel])
    (option,) = channels.chosen(asked, step.draft.case.person, step.kind)
    return _after_hold(_on_channel(step, option), one)


def _after_hold(now: ChannelPlan, held: ChannelPlan) -> tuple[ChannelPlan, ...]:
    """Bring every delivery that was held to an outcome of its own."""
    if now.outcome not in {_HELD, _QUEUED}:
        return (replace(now, addresses=held.addresses),)
    left = tuple(address for address in held.addresses if address not in now.addresses)
    if not left:
        return (now,)
    reason = Reason.SUPERSEDED.value
    return now, ChannelPlan(held.channel, _SUPERSEDED, reason, 0, left, now.step)


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
    if option.reason:
        return step.outcome(option.channel, _SUPPRESSED, option.reason)
    intent, case, kind = step.intent, step.draft.case, step.kind
    if not quiet_hours.passes(kind, priority=intent.priority):
        person = case.person
        until = quiet_hours.ends(person.preference, zone=person.zone, at=case.now)
        if until:
            reason = Reason.QUIET_HOURS.value
            held = step.outcome(option.channel, _HELD, reason, until=until)
            return replace(held, addresses=option.addresses)
    try:
        step.words.on(option.channel)
    except TemplateFailed:
        return step.outcome(option.channel, _FAILED, Reason.TEMPLATE_FAILED.value)
    return _within_limit(step, option)


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
        held = step.outcome(option.channel, _HELD, limited, until=free_at)
        return replace(held, addresses=option.addresses)
    return _collected(step, option.channel, due_at=free_at)


# -- digests


def _collected(step: Step, channel: str, *, due_at: int) -> ChannelPlan:
    draft, intent = step.draft, step.intent
    name = intent.digest_key or intent.type
    key = collected_key(draft.recipient, channel, name)
    found = draft.get(key)
    held = found if isinstance(found, Collected) else None
    after = digest.collect(
        held,
        intent_id=intent.id,
        line=step.words.line(channel),
        due_at=due_at,
        now=draft.case.now,
        kind=intent.type,
        locale=step.words.locale,
        priority=intent.priority,
    )
    if held is None or after.number != held.number:
        after = replace(after, before=digest.told_last(held))
    draft.put(key, after)
    return step.outcome(channel, _SUPERSEDED, Reason.DIGESTED.value, digest=name)


def _tell_digest(draft: PlanDraft, wake_id: str) -> None:
    """Make one intent of what was collected, and plan it."""
    channel, _, name = wake_id.removeprefix(DIGEST_WAKE).partition(":")
    key = collected_key(draft.recipient, channel, name)
    held = draft.get(key)
    if not isinstance(held, Collected):
        return
    for number in (held.number, held.before):
        told_by = draft.plan(ids.digest_id(draft.tenant, draft.who, channel, name, number))
        if told_by is not None and told_by.origin == draft.case.place:
            _repeat_digest(draft, told_by)
            return
    if not digest.collecting(held):
        return
    if held.due_at > draft.case.now:
        ask_for_digest(draft, channel=channel, name=name, due_at=held.due_at)
        return
    draft.put(key, digest.told(held, wake=draft.case.place))
    _begin(draft, digest_of(draft, held, channel=channel, name=name))


def _repeat_digest(draft: PlanDraft, told_by: Plan) -> None:
    if told_by.intent:
        say_again(draft, told_by, draft.case.read(told_by.intent))
