"""How control records become rules in force."""

import pytest

from schemas.control import EscalationStep, Rule, Silence
from streams.core.triage.rules import NO_RULES, compile_rules
from tests.builders import later, route, rule, rules, silence


def test_one_bad_record_never_disables_the_others() -> None:
    """What can be obeyed is obeyed; what cannot is listed with its reason."""
    compiled = compile_rules(
        [silence("good", "a=b"), silence("bad", "a=~(")],
        [route("good"), route("bad", "a=~[")],
        [
            rule("good", "priority", raise_by=1),
            rule("bad", "priority", "a=~*", raise_by=1),
            rule("odd", "colour"),
        ],
    )
    of_tenant = compiled.tenants["default"]
    assert ["good"] == [mute.id for mute in of_tenant.mutes]
    assert ["good"] == [way.id for way in of_tenant.ways]
    assert ["good"] == [grading.id for grading in of_tenant.gradings]
    assert [("rule", "odd"), ("silence", "bad"), ("route", "bad"), ("rule", "bad")] == [
        (refusal.kind, refusal.id) for refusal in compiled.refused
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        rule("r", "priority"),
        rule("r", "priority", set_priority=4),
        rule("r", "dedup"),
        rule("r", "dedup", anchor="middle"),
        rule("r", "dedup", window_s=-1),
    ],
)
def test_a_rule_that_means_nothing_is_refused(wrong: Rule) -> None:
    """A rule that could change nothing is a mistake that someone should hear of."""
    assert ["r"] == [refusal.id for refusal in compile_rules([], [], [wrong]).refused]


def test_a_silence_that_names_nothing_is_refused() -> None:
    """No slip of the pen mutes everything; who means everything says so."""
    assert ["s"] == [refusal.id for refusal in compile_rules([Silence(id="s")], [], []).refused]
    assert not compile_rules([silence("s", "source=~.*")], [], []).refused


@pytest.mark.parametrize(
    "steps",
    [
        [later(0, "bob")],
        [later(300)],
        [later(300, "bob"), later(300, "cy")],
        [later(8 * 86_400, "bob")],
        [later(n, "bob") for n in range(1, 12)],
    ],
)
def test_steps_that_mean_nothing_are_refused(steps: list[EscalationStep]) -> None:
    """A step without people, out of order or out of reach is a mistake to be told of."""
    assert ["r"] == [
        refusal.id for refusal in compile_rules([], [route("r", escalation=steps)], []).refused
    ]


def test_rules_are_asked_by_position_then_by_name() -> None:
    """The order in which records arrived changes nothing."""
    compiled = rules(
        route("c", position=2), route("b", position=1), route("a", position=2), route("d")
    )
    assert ["b", "a", "c", "d"] == [way.id for way in compiled.tenants["default"].ways]


def test_tenants_have_rules_of_their_own() -> None:
    """One tenant's rules are never another's."""
    compiled = rules(route("r", tenant="acme"), rule("f", "fingerprint", labels=["team"]))
    assert ["acme"] == list(compiled.tenants)
    assert {} == dict(NO_RULES.tenants)
