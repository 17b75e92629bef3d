"""Collecting: what a digest gathers of a recipient's intents, and what becomes of each of them.

What asks to be digested is held until its digest is told: it ends as told by that, or goes out
as itself where it is the only one. What exceeds a limit is superseded at once, and never expires.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from schemas import ids
from schemas.plan_state import ChannelPlan, Collected, Place, Plan, collected_key
from schemas.reasons import DeliveryStatus, Reason
from schemas.records import Intent
from streams.core.planning import digest
from streams.core.planning.channels import Option
from streams.core.planning.plan_draft import DIGEST_TEMPLATE, DIGEST_WAKE, PlanDraft
from streams.core.planning.plan_step import Step
from streams.core.planning.saying import say_again

LIFE_MS = 72 * 3_600_000  # longer than the longest window of a limit: it waits for a slot

_HELD = DeliveryStatus.HELD.value
_SUPERSEDED = DeliveryStatus.SUPERSEDED.value
_DIGESTED = Reason.DIGESTED.value

# Decides a channel that is no longer held back, and a channel's plan where it cannot be told.
Decide = Callable[[Step, ChannelPlan], tuple[ChannelPlan, ...]]
Ended = Callable[[Step, ChannelPlan], ChannelPlan | None]


class Gathered(Struct, frozen=True):
    """Hold what a digest still has to tell: its lines, and the intents that wait for it."""

    lines: tuple[tuple[str, str], ...]
    waiting: tuple[Step, ...]


def name_of(intent: Intent, channel: str) -> str:
    """Name what an intent is digested with; what goes to another address is another digest."""
    name, to = intent.digest_key or intent.type, intent.to.get(channel, "").strip()
    # The name stands in ids, and an address is nobody else's business.
    return f"{name}@{sha256(to.encode()).hexdigest()[:16]}" if to else name


def found(draft: PlanDraft, channel: str, name: str) -> Collected | None:
    """Give what is collected under a name for a channel."""
    state = draft.get(collected_key(draft.recipient, channel, name))
    return state if isinstance(state, Collected) else None


def due_at(step: Step, channel: str) -> int:
    """Say when the digest is due that an intent would join or begin: a window from its first."""
    held = found(step.draft, channel, name_of(step.intent, channel))
    if held is not None and digest.collecting(held):
        return held.due_at
    return step.draft.case.now + digest.window_ms(step.kind)


def hold(step: Step, option: Option, *, due_at: int) -> ChannelPlan:
    """Collect what asked for it; one too many for a line is only counted, and waits no longer."""
    channel, addresses = option.channel, option.addresses
    name, after = _put(step, channel, due_at=due_at)
    listed = any(known == step.intent.id for known, _ in after.items)
    outcome, until = (_HELD, after.due_at) if listed else (_SUPERSEDED, 0)
    return step.outcome(channel, outcome, _DIGESTED, until=until, addresses=addresses, digest=name)


def supersede(step: Step, channel: str, *, due_at: int) -> ChannelPlan:
    """Collect what is over a limit."""
    name, _after = _put(step, channel, due_at=due_at)
    return step.outcome(channel, _SUPERSEDED, _DIGESTED, digest=name)


def _put(step: Step, channel: str, *, due_at: int) -> tuple[str, Collected]:
    draft, intent = step.draft, step.intent
    name = name_of(intent, channel)
    held = found(draft, channel, name)
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
        before, told = digest.told_last(held), digest.intents_told_last(held)
        to = intent.to.get(channel, "").strip()
        after = replace(after, before=before, told=told, to=to)
    draft.put(collected_key(draft.recipient, channel, name), after)
    return name, after


# -- telling


def begin_telling(draft: PlanDraft, held: Collected, *, channel: str, name: str) -> None:
    """Mark a digest as told by the wake that is judged."""
    key = collected_key(draft.recipient, channel, name)
    draft.put(key, digest.told(held, wake=draft.case.place))


def gathered(
    draft: PlanDraft, held: Collected, *, channel: str, name: str, ended: Ended
) -> Gathered:
    """List what a digest has to tell; what `ended` gives an end does not stand in it any more."""
    lines: list[tuple[str, str]] = []
    waiting: list[Step] = []
    for item in held.items:
        plan = draft.plan(item[0])
        one = None if plan is None else _of(plan, channel, name)
        if plan is None or (one is not None and one.outcome == _SUPERSEDED):
            lines.append(item)
        elif one is not None and one.outcome == _HELD:
            step = _next(draft, plan)
            end = ended(step, one)
            if end is None:
                lines.append(item)
                waiting.append(step)
            else:
                step.keep(_with(step.plan, one, (end,)))
    return Gathered(tuple(lines), tuple(waiting))


def let_go(step: Step, *, channel: str, name: str, decide: Decide) -> None:
    """Let the only one that was collected go out as itself."""
    one = _of(step.plan, channel, name)
    if one is not None:
        step.keep(_with(step.plan, one, decide(step, one)))


def digest_of(
    draft: PlanDraft, held: Collected, what: Gathered, *, channel: str, name: str
) -> Intent:
    """Make the intent that tells a digest, and say of those who waited that it tells them.

    It lives as long as one of them, or for three days where something in it was over a limit.
    """
    now = draft.case.now
    for step in what.waiting:
        one = _of(step.plan, channel, name)
        if one is not None:
            told = replace(one, outcome=_SUPERSEDED, until=0, step=step.number)
            step.keep(_with(step.plan, one, (told,)))
    lives = [step.plan.expires_at for step in what.waiting]
    waited = bool(lives) and len(lives) == len(what.lines) and all(lives)
    return Intent(
        recipient=draft.who,
        template=DIGEST_TEMPLATE,
        to={channel: held.to} if held.to else {},
        data=digest.data(replace(held, items=what.lines)),
        channels=[channel],
        priority=held.priority,
        type=held.type,
        idempotency_key=f"{DIGEST_WAKE}{channel}:{held.number}",
        locale=held.locale,
        expires_at=max(lives) if waited else now + LIFE_MS,
        created_at=now,
        id=ids.digest_id(draft.tenant, draft.who, channel, name, held.number),
        tenant=draft.tenant,
    )


def tell_again(draft: PlanDraft, held: Collected, *, channel: str, name: str) -> bool:
    """Say once more what the wake at this place led to; False where it has led to nothing yet."""
    place, read = draft.case.place, draft.case.read
    told = False
    for plan in _told(draft, held, channel=channel, name=name):
        if place == plan.origin or applied(plan, place):
            told = True
            if plan.intent:
                say_again(draft, plan, read(plan.intent))
    return told


def applied(plan: Plan, wake: Place) -> bool:
    """Say whether a plan has met this wake: all its wakes come in one lane, one after another."""
    return wake[0] == plan.last[0] and wake[1] <= plan.last[1]


def _told(draft: PlanDraft, held: Collected, *, channel: str, name: str) -> Iterator[Plan]:
    digests = (
        ids.digest_id(draft.tenant, draft.who, channel, name, number)
        for number in (held.number, held.before)
    )
    single = (known for known, _ in held.items)
    for intent_id in dict.fromkeys((*digests, *single, *held.told)):
        plan = draft.plan(intent_id)
        if plan is not None:
            yield plan


def _next(draft: PlanDraft, plan: Plan) -> Step:
    case = draft.case
    after = replace(plan, last=case.place, step=plan.step + 1, stepped_at=case.now)
    return Step(draft, case.read(plan.intent), after)


def _of(plan: Plan, channel: str, name: str) -> ChannelPlan | None:
    for one in plan.channels:
        if one.channel == channel and one.digest == name:
            return one
    return None


def _with(plan: Plan, one: ChannelPlan, now: tuple[ChannelPlan, ...]) -> tuple[ChannelPlan, ...]:
    return tuple(each for known in plan.channels for each in (now if known is one else (known,)))
