"""How urgent an alert is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.triage.priority import graded, of_source
from streams.core.triage.rules import NONE_FOR_TENANT
from tests import strategies
from tests.builders import raw_alert, rule, rules


@pytest.mark.parametrize(
    ("source", "severity", "expected"),
    [
        ("alertmanager", "critical", 3),
        ("alertmanager", "page", 3),
        ("alertmanager", "Warning", 1),
        ("alertmanager", "info", 0),
        ("alertmanager", "none", 0),
        ("webhook", "DISASTER", 3),
        ("webhook", "Not classified", 0),
        ("webhook", "average", 1),
        ("webhook", "very-high", 3),
        ("opsgenie", "P1", 3),
        ("opsgenie", "P2", 2),
        ("opsgenie", "P3", 1),
        ("opsgenie", "P5", 0),
        ("webhook", "SEV-1", 3),
        ("azure_monitor", "Sev0", 3),
        ("azure_monitor", "Sev1", 2),
        ("azure_monitor", "Sev2", 1),
        ("azure_monitor", "Sev3", 0),
        ("azure_monitor", "Sev4", 0),
        ("sentry", "fatal", 3),
        ("sentry", "error", 2),
        ("github", "moderate", 1),
        ("slack", "", 1),
        ("email", "", 2),
        ("sms", "", 3),
        ("sms", "gibberish", 3),
        ("webhook", "", 1),
        ("webhook", "gibberish", 1),
    ],
)
def test_every_source_speaks_its_own_words(source: str, severity: str, expected: int) -> None:
    """Words of severity become 0 to 3; what is not known gives the source's default."""
    assert expected == of_source(raw_alert(source=source, severity=severity))


@pytest.mark.parametrize(("given_priority", "expected"), [(0, 0), (3, 3), (9, 3), (-1, 3)])
def test_a_number_wins_over_a_word(given_priority: int, expected: int) -> None:
    """Who gives a number means it."""
    assert expected == of_source(raw_alert(priority=given_priority, severity="critical"))


def test_all_matching_rules_apply_in_order() -> None:
    """Each rule works on what those before it made, and sees it."""
    chosen = rules(
        rule("set", "priority", "team=db", set_priority=1, position=1),
        rule("raise", "priority", "priority=1", raise_by=1, position=2),
        rule("other", "priority", "team=web", raise_by=1, position=3),
        rule("none", "priority", "team=db", set_priority=2, position=4),
    ).tenants["default"]
    result = graded(raw_alert(labels={"team": "db"}, priority=3), rules=chosen)
    assert (2, 3, ("set", "raise")) == (result.priority, result.said, result.rule_ids)


@given(
    strategies.priorities,
    st.lists(st.tuples(st.integers(-1, 3), st.integers(-9, 9).filter(bool)), max_size=5),
)
def test_no_rules_lead_out_of_bounds(start: int, changes: list[tuple[int, int]]) -> None:
    """However rules add up, a priority is 0 to 3."""
    chosen = [
        rule(f"r{i}", "priority", set_priority=value, raise_by=by)
        for i, (value, by) in enumerate(changes)
    ]
    of_tenant = rules(*chosen).tenants.get("default", NONE_FOR_TENANT)
    assert graded(raw_alert(priority=start), rules=of_tenant).priority in range(4)
