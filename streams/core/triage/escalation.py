"""Escalation: who else is told of an alert while it is open and nobody has taken it in hand.

The steps of a route are counted from when the route told of the alert, in Kafka's time. A step that
is taken late moves those after it by as much, so an outage of ours never wakes a whole house at
once.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from schemas.reasons import ChangeKind, Outcome, Reason, Stage
from schemas.state import Escalation
from streams.core.triage import telling
from streams.core.triage.draft import Draft
from streams.core.triage.item import Item
from streams.core.triage.route import Addressee, Routing, merge
from streams.core.triage.rules import Step, Way


class Taken(Struct, frozen=True):
    """Hold a step that is taken now; `number` counts from 1 within its route."""

    way: Way
    step: Step
    number: int


def begun(
    known: Sequence[Escalation] | None, ways: Iterable[Way], *, now: int
) -> list[Escalation] | None:
    """Begin to count the steps of the routes that tell now; those that count already go on."""
    before = {one.route_id: one for one in known or ()}
    return [
        before.get(way.id) or Escalation(way.id, now, next_ms=way.steps[0].after_ms)
        for way in ways
        if way.steps
    ] or None


def resumed(known: Sequence[Escalation] | None, *, now: int) -> list[Escalation] | None:
    """Count each next step from now, as far off as it stands from the one before it."""
    return [replace(one, since=now - one.taken_ms) for one in known] if known else None


def taken(
    known: Sequence[Escalation] | None, ways: Iterable[Way], *, now: int
) -> tuple[list[Escalation], list[Taken]]:
    """Take of each route the next step if it is due, by the steps that the route has now.

    A route that is gone, or does not match any more, takes its steps with it.
    """
    by_id = {way.id: way for way in ways if way.steps}
    after: list[Escalation] = []
    out: list[Taken] = []
    for one in known or ():
        way = by_id.get(one.route_id)
        if way is None:
            continue
        number, step = _next(way, one.taken_ms)
        if step is None or now < one.since + step.after_ms:
            after.append(replace(one, next_ms=step.after_ms if step else 0))
            continue
        out.append(Taken(way, step, number))
        _, rest = _next(way, step.after_ms)
        next_ms = rest.after_ms if rest else 0
        after.append(Escalation(way.id, now - step.after_ms, step.after_ms, next_ms))
    return after, out


def _next(way: Way, taken_ms: int) -> tuple[int, Step | None]:
    for number, step in enumerate(way.steps, start=1):
        if step.after_ms > taken_ms:
            return number, step
    return 0, None


def go_on(draft: Draft, item: Item, found: Routing) -> None:
    """Take the steps that are due, and tell again where it is time; each person once."""
    state, now = draft.state, item.place.timestamp
    after, steps = taken(state.escalations, found.going_on, now=now)
    retell_ms = found.retell_ms if found.addressees else 0
    again = bool(retell_ms) and now >= state.told_at + retell_ms
    waits = retell_ms or any(one.next_ms for one in after)
    draft.set(
        escalations=after or None,
        retell_ms=retell_ms,
        told_at=now if again else state.told_at,
        content=state.content if waits else None,
    )
    if not (steps or again):
        return
    said = ["told again"] * again + [f"escalated to {', '.join(_names(steps))}"] * bool(steps)
    draft.change(ChangeKind.REPEATED, note="; ".join(said))
    firing_for_s = max(now - state.first_seen_at, 0) // 1000
    people = _tell_steps(draft, item, steps, firing_for_s=firing_for_s)
    if again:
        rest = [one for one in found.addressees if one.recipient not in people]
        telling.tell(draft, rest, raw=item.raw, place=item.place, firing_for_s=firing_for_s)


def _names(steps: Iterable[Taken]) -> list[str]:
    return list(dict.fromkeys(name for one in steps for name in one.step.recipients))


def _tell_steps(
    draft: Draft, item: Item, steps: Sequence[Taken], *, firing_for_s: int
) -> dict[str, Addressee]:
    # Who is named by several steps of this moment is told once, by the first one's template.
    people: dict[str, Addressee] = {}
    first: dict[str, Taken] = {}
    for one in steps:
        for name in one.step.recipients:
            people[name] = merge(people.get(name), name, one.step)
            first.setdefault(name, one)
    for one in steps:
        telling.tell(
            draft,
            [people[name] for name, by in first.items() if by is one],
            raw=item.raw,
            place=item.place,
            firing_for_s=firing_for_s,
            escalation_step=one.number,
        )
        draft.decide(
            Stage.ROUTE,
            Outcome.CHANGED,
            Reason.ESCALATION_STEP,
            rule_id=one.way.id,
            detail=f"step {one.number} of {len(one.way.steps)}: {', '.join(one.step.recipients)}",
            mark=f"{draft.state.seq}:{one.way.id}",
        )
    return people
