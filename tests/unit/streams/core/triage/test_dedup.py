"""How long an alert lives, and what has been met before."""

import pytest

from schemas.state import AlertState
from streams.core.triage.dedup import Life, applied, lapsed, life
from streams.core.triage.rules import NONE_FOR_TENANT
from tests.builders import HOUR, NOON, raw_alert, rule, rules


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"team": "db"}, Life("last", 60_000)),
        ({"team": "web"}, Life("first", 120_000)),
        ({"team": "ops"}, Life("open", HOUR)),
        ({}, Life("first", HOUR)),
    ],
)
def test_the_first_matching_rule_gives_the_window(labels: dict[str, str], expected: Life) -> None:
    """A rule may set anchor, window or both; the rest stays as it is by default."""
    of_tenant = rules(
        rule("1", "dedup", "team=db", anchor="last", window_s=60),
        rule("2", "dedup", "team=web", window_s=120),
        rule("3", "dedup", "team=ops", anchor="open"),
        rule("4", "dedup", "team=db", anchor="first"),
    ).tenants["default"]
    assert expected == life(raw_alert(labels=labels), priority=1, rules=of_tenant)


def test_without_rules_the_sender_decides() -> None:
    """Senders with a life cycle and own identities end their alerts; others have an hour."""
    assert Life("open", HOUR) == life(raw_alert(dedup_key="k"), priority=1, rules=NONE_FOR_TENANT)
    assert Life("first", HOUR) == life(raw_alert(), priority=1, rules=NONE_FOR_TENANT)
    assert 0 == Life("open", HOUR).ends_at(NOON)
    assert NOON + HOUR == Life("last", HOUR).ends_at(NOON)


@pytest.mark.parametrize(
    ("fields", "at", "expected"),
    [
        ({}, HOUR - 1, False),
        ({}, HOUR, True),
        ({"acknowledged": True}, HOUR, False),
        ({"acknowledged": True, "status": "resolved"}, HOUR, True),
        ({"snoozed_until": 2 * HOUR}, 2 * HOUR - 1, False),
        ({"snoozed_until": 2 * HOUR}, 2 * HOUR, True),
        ({"window_ends_at": 0}, 999 * HOUR, False),
    ],
)
def test_the_clock_begins_anew_only_what_nobody_has(
    fields: dict[str, object], at: int, expected: bool
) -> None:
    """The end of a window is outside it; acknowledged and snoozed alerts stay."""
    state = AlertState(**({"window_ends_at": HOUR} | fields))  # type: ignore[arg-type]
    assert expected is lapsed(state, at=at)


@pytest.mark.parametrize(
    ("offset", "rekeyed_from", "expected"),
    [
        (5, None, True),
        (6, None, False),
        (6, (1, 7), True),
        (6, (1, 8), False),
        (6, (2, 0), False),
        (5, (2, 0), True),
    ],
)
def test_a_record_is_known_by_its_places(
    offset: int, rekeyed_from: tuple[int, int] | None, expected: bool
) -> None:
    """Met before means: at or below the last offset here, or at its first place."""
    state = AlertState(raw_offset=5, rekeyed={1: 7})
    assert expected is applied(state, offset=offset, rekeyed_from=rekeyed_from)
