"""Which silence mutes an alert."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.triage.rules import TenantRules
from streams.core.triage.silence import muting, still_muted
from tests.builders import HOUR, NOON, raw_alert, rules, silence

RULES = rules(
    silence("short", "source=webhook"),
    silence("long", "source=webhook", ends_at=NOON + 2 * HOUR),
    silence("other", "source=slack", ends_at=NOON + 9 * HOUR),
).tenants["default"]


def _who(at: int, *, muted_by: str = "", of: TenantRules = RULES) -> str:
    mute = muting(raw_alert(), at=NOON + at, priority=1, rules=of, muted_by=muted_by)
    return mute.id if mute else ""


def test_a_silence_holds_from_its_start_up_to_its_end() -> None:
    """The start is inside, the end is outside."""
    assert ["", "long", "long", ""] == [_who(at) for at in (-1, 0, 2 * HOUR - 1, 2 * HOUR)]


def test_the_longest_silence_is_named() -> None:
    """Who looks sees how long it will stay quiet; of equals the first by name is taken."""
    assert "long" == _who(0)
    twins = rules(silence("b", "source=webhook"), silence("a", "source=webhook"))
    assert "a" == _who(0, of=twins.tenants["default"])


def test_the_silence_that_mutes_already_stays_the_one() -> None:
    """An alert does not wander between silences."""
    assert "short" == _who(0, muted_by="short")
    assert "long" == _who(HOUR, muted_by="short")


@given(st.integers(-HOUR, 3 * HOUR), st.integers(0, 2))
def test_a_silence_stands_only_unchanged_and_in_force(at: int, moved: int) -> None:
    """A silence that was moved, removed or is over is looked at again."""
    stands = still_muted(RULES, muted_by="short", muted_until=NOON + HOUR + moved, at=NOON + at)
    assert (moved == 0 and 0 <= at < HOUR) is stands
    assert not still_muted(RULES, muted_by="gone", muted_until=NOON + HOUR, at=NOON + at)
