"""Rules: the control records in force, compiled once and asked many times."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct

from schemas.control import Route, Rule, Silence
from schemas.errors import Invalid
from schemas.limits import ESCALATION_S, ESCALATION_STEPS
from schemas.matching import Matching, compile_matching
from schemas.reasons import Anchor, Priority, RuleKind
from schemas.records import NO_PRIORITY

Record = TypeVar("Record", Silence, Route, Rule)
Compiled = TypeVar("Compiled")

_ANCHORS = frozenset(anchor.value for anchor in Anchor)
_PRIORITIES = range(Priority.LOW, Priority.CRITICAL + 1)


class Mute(Struct, frozen=True):
    """Hold a compiled silence, in force from `starts_at` up to `ends_at`."""

    id: str
    matching: Matching
    starts_at: int
    ends_at: int


class Step(Struct, frozen=True):
    """Hold a compiled step of an escalation, `after_ms` after its route told of the alert."""

    after_ms: int
    recipients: tuple[str, ...]
    template: str
    channels: tuple[str, ...] | None


class Way(Struct, frozen=True):
    """Hold a compiled route; `goes_on` says that telling once is not the end of it."""

    id: str
    matching: Matching
    min_priority: int
    recipients: tuple[str, ...]
    template: str
    channels: tuple[str, ...] | None
    continue_matching: bool
    retell_ms: int = 0
    steps: tuple[Step, ...] = ()
    goes_on: bool = False


class Grading(Struct, frozen=True):
    """Hold a compiled priority rule."""

    id: str
    matching: Matching
    set_priority: int
    raise_by: int


class Window(Struct, frozen=True):
    """Hold a compiled dedup rule; an empty anchor or 0 ms leave the default standing."""

    id: str
    matching: Matching
    anchor: str
    window_ms: int


class TenantRules(Struct, frozen=True):
    """Hold what one tenant has in force; routes and rules in the order they are asked."""

    mutes: tuple[Mute, ...] = ()
    ways: tuple[Way, ...] = ()
    gradings: tuple[Grading, ...] = ()
    windows: tuple[Window, ...] = ()
    mute_by_id: Mapping[str, Mute] = MappingProxyType({})


class Refusal(Struct, frozen=True):
    """Say which control record was left out, and why."""

    kind: str
    tenant: str
    id: str
    why: str


class Rules(Struct, frozen=True):
    """Hold every tenant's rules, and the records that could not be obeyed."""

    tenants: Mapping[str, TenantRules] = MappingProxyType({})
    refused: tuple[Refusal, ...] = ()


NONE_FOR_TENANT = TenantRules()
NO_RULES = Rules()


def compile_silence(silence: Silence) -> Mute:
    """Compile a silence; Invalid where it names nothing or a pattern is wrong."""
    if not (silence.matchers or silence.title_regex or silence.body_regex):
        raise Invalid("a silence must name what it mutes; source=~.* means everything")
    matching = compile_matching(
        silence.matchers, title_regex=silence.title_regex, body_regex=silence.body_regex
    )
    return Mute(silence.id, matching, silence.starts_at, silence.ends_at)


def compile_route(route: Route) -> Way:
    """Compile a route; Invalid where a matcher or a step is wrong."""
    steps = _compile_steps(route)
    retell_ms = max(route.retell_s, 0) * 1000
    return Way(
        route.id,
        compile_matching(route.matchers),
        route.min_priority,
        tuple(route.recipients),
        route.template,
        None if route.channels is None else tuple(route.channels),
        route.continue_matching,
        retell_ms,
        steps,
        bool(retell_ms or steps),
    )


def _compile_steps(route: Route) -> tuple[Step, ...]:
    if len(route.escalation) > ESCALATION_STEPS:
        raise Invalid(f"an escalation has at most {ESCALATION_STEPS} steps")
    before_s = 0
    steps = []
    for step in route.escalation:
        if not before_s < step.after_s <= ESCALATION_S or not step.recipients:
            raise Invalid("each step of an escalation tells somebody, later than the one before")
        before_s = step.after_s
        steps.append(
            Step(
                step.after_s * 1000,
                tuple(step.recipients),
                step.template or route.template,
                None if step.channels is None else tuple(step.channels),
            )
        )
    return tuple(steps)


def compile_grading(rule: Rule) -> Grading:
    """Compile a priority rule; Invalid where it would change nothing or name no priority."""
    if rule.set_priority != NO_PRIORITY and rule.set_priority not in _PRIORITIES:
        raise Invalid(f"set_priority is 0 to 3, not {rule.set_priority}")
    if rule.set_priority == NO_PRIORITY and not rule.raise_by:
        raise Invalid("a priority rule must have set_priority or raise_by")
    return Grading(rule.id, compile_matching(rule.matchers), rule.set_priority, rule.raise_by)


def compile_window(rule: Rule) -> Window:
    """Compile a dedup rule; Invalid where it would change nothing or name no anchor."""
    if rule.anchor and rule.anchor not in _ANCHORS:
        raise Invalid(f"an anchor is first, last or open, not {rule.anchor[:20]!r}")
    if rule.window_s < 0 or not (rule.anchor or rule.window_s):
        raise Invalid("a dedup rule must have an anchor, or window_s above 0")
    return Window(rule.id, compile_matching(rule.matchers), rule.anchor, rule.window_s * 1000)


def _compiled(
    records: Iterable[Record],
    compile_one: Callable[[Record], Compiled],
    *,
    kind: str,
    refused: list[Refusal],
) -> dict[str, list[Compiled]]:
    tenants: dict[str, list[Compiled]] = {}
    for record in records:
        try:
            tenants.setdefault(record.tenant, []).append(compile_one(record))
        except Invalid as error:
            refused.append(Refusal(kind, record.tenant, record.id, str(error)))
    return tenants


def _in_order(rules: Iterable[Rule], kind: RuleKind) -> list[Rule]:
    chosen = [rule for rule in rules if rule.kind == kind]
    return sorted(chosen, key=lambda rule: (rule.position, rule.id))


def compile_rules(
    silences: Iterable[Silence], routes: Iterable[Route], rules: Iterable[Rule]
) -> Rules:
    """Compile everything in force; what cannot be obeyed is left out and listed in `refused`."""
    refused: list[Refusal] = []
    rules = list(rules)
    known = {kind.value for kind in RuleKind}
    refused += (
        Refusal("rule", rule.tenant, rule.id, f"no kind of rule: {rule.kind[:20]!r}")
        for rule in rules
        if rule.kind not in known
    )
    mutes = _compiled(silences, compile_silence, kind="silence", refused=refused)
    in_order = sorted(routes, key=lambda route: (route.position, route.id))
    ways = _compiled(in_order, compile_route, kind="route", refused=refused)
    gradings = _compiled(
        _in_order(rules, RuleKind.PRIORITY), compile_grading, kind="rule", refused=refused
    )
    windows = _compiled(
        _in_order(rules, RuleKind.DEDUP), compile_window, kind="rule", refused=refused
    )
    tenants = {
        tenant: TenantRules(
            tuple(mutes.get(tenant, ())),
            tuple(ways.get(tenant, ())),
            tuple(gradings.get(tenant, ())),
            tuple(windows.get(tenant, ())),
            MappingProxyType({mute.id: mute for mute in mutes.get(tenant, ())}),
        )
        for tenant in {*mutes, *ways, *gradings, *windows}
    }
    return Rules(MappingProxyType(tenants), tuple(refused))
