"""How many messages come through, and when the next one may."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.notification import NotificationType, Recipient
from schemas.plan_state import Slots, pack, unpack
from schemas.rates import Rate
from streams.core.planning.rate_limit import FOREVER, allowance, counted_under, free_at, take
from tests.builders import HOUR, NOON, SECOND

FEW = settings(max_examples=60, deadline=None)

rates = st.builds(Rate, st.integers(1, 4), st.sampled_from((1, 10, 60)))
waits = st.lists(st.integers(0, 30), max_size=40)
PLAIN = NotificationType(id="news")


def in_window(taken: list[int], rate: Rate, now: int) -> int:
    """Count slots as the promise says: a slot counts from when it is taken, for one window."""
    return sum(t <= now < t + rate.window_ms for t in taken)


@FEW
@given(rates, waits)
def test_the_window_is_exact(rate: Rate, waits: list[int]) -> None:
    """A message comes through if and only if fewer than the limit did within the window."""
    slots, taken, now = None, list[int](), NOON
    for wait in waits:
        now += wait
        free = free_at(slots, rate, now) == 0
        assert (in_window(taken, rate, now) < rate.limit) is free
        if free:
            slots = take(slots, rate, now=now)
            taken.append(now)
            assert len(slots.taken) <= rate.limit


@FEW
@given(rates, waits)
def test_waiting_for_the_slot_is_enough_and_not_too_long(rate: Rate, waits: list[int]) -> None:
    """The moment that is named is free, and the one before it is not."""
    slots, now = None, NOON
    for wait in waits:
        now += wait
        until = free_at(slots, rate, now)
        if until:
            assert until > now
            assert 0 == free_at(slots, rate, until)
            assert 0 != free_at(slots, rate, until - 1)
            assert until <= now + rate.window_ms
        else:
            slots = take(slots, rate, now=now)


@FEW
@given(rates, st.lists(st.tuples(st.integers(-200, 200), st.booleans()), max_size=40))
def test_a_clock_that_jumps_does_no_harm(rate: Rate, moves: list[tuple[int, bool]]) -> None:
    """However the clock jumps, little is remembered, in order, and nobody waits two windows."""
    slots, now = None, NOON
    for move, critical in moves:
        now += move
        until = free_at(slots, rate, now)
        assert until < now + 2 * rate.window_ms
        if critical or not until:
            slots = take(slots, rate, now=now)
            assert len(slots.taken) <= rate.limit
            assert sorted(slots.taken) == list(slots.taken)
            assert now in slots.taken or critical


@FEW
@given(rates, st.integers(0, 59))
def test_setting_a_clock_back_lets_nothing_through(rate: Rate, back: int) -> None:
    """After a jump back within the window what was taken still counts; a longer one forgets it."""
    slots = None
    for _ in range(rate.limit):
        slots = take(slots, rate, now=NOON)
    blocked = free_at(slots, rate, NOON - back) > 0
    assert (back < rate.window_ms) is blocked


def test_a_slot_is_taken_even_where_none_is_free() -> None:
    """Critical messages go through and count, so that the next ones wait for them."""
    rate = Rate(2, HOUR)
    slots = None
    for at in (0, 1, 2, 3):
        slots = take(slots, rate, now=NOON + at)
    assert Slots((NOON + 2, NOON + 3), HOUR) == slots
    assert NOON + 2 + HOUR == free_at(slots, rate, NOON + 4)


def test_a_limit_of_none_allows_none() -> None:
    """A limit of 0 is never free, and remembers nothing."""
    assert FOREVER == free_at(None, Rate(0, HOUR), NOON)
    assert Slots((), HOUR) == take(None, Rate(0, HOUR), now=NOON)


def test_a_clock_that_was_wrong_for_a_moment_blocks_nobody() -> None:
    """A slot taken years ahead is forgotten once the clock is right again."""
    rate = Rate(1, HOUR)
    ahead = take(None, rate, now=NOON + 10_000 * HOUR)
    assert 0 == free_at(ahead, rate, NOON)
    assert Slots((NOON,), HOUR) == take(ahead, rate, now=NOON)


def test_five_of_eight_within_a_day() -> None:
    """Of eight text messages in a second, five come through and the sixth waits for the day."""
    rate = allowance("sms", kind=PLAIN, everybody=None, recipient=None)
    slots, through = None, 0
    for at in range(8):
        if not free_at(slots, rate, NOON + at):
            slots, through = take(slots, rate, now=NOON + at), through + 1
    assert 5 == through
    assert NOON + 24 * HOUR == free_at(slots, rate, NOON + 9)


def test_the_limit_of_the_most_exact_record_holds() -> None:
    """The recipient's goes before the type's, that before the tenant's, that before ours."""
    ann = Recipient(id="ann", limits={"email": "1/h"})
    news = NotificationType(id="news", limits={"email": "2/h", "sms": "2/h"})
    everybody = NotificationType(id="*", limits={"email": "3/h", "sms": "3/h", "push": "3/h"})
    limits = {
        channel: allowance(channel, kind=news, everybody=everybody, recipient=ann)
        for channel in ("email", "sms", "push", "slack", "fax")
    }
    expected = {
        "email": Rate(1, HOUR),
        "sms": Rate(2, HOUR),
        "push": Rate(3, HOUR),
        "slack": Rate(20, HOUR),
        "fax": Rate(50, HOUR),
    }
    assert expected == limits


def test_a_limit_that_is_no_rate_is_passed_by() -> None:
    """A slip in a record leaves the next limit standing."""
    ann = Recipient(id="ann", limits={"email": "many"})
    assert Rate(10, HOUR) == allowance("email", kind=PLAIN, everybody=None, recipient=ann)


def test_a_type_with_a_limit_of_its_own_counts_apart() -> None:
    """Only where the type's own limit holds are its messages counted under its name."""
    news = NotificationType(id="news", limits={"email": "2/h"})
    ann = Recipient(id="ann", limits={"email": "1/h"})
    assert "news" == counted_under("email", kind=news, recipient=None)
    assert "" == counted_under("email", kind=news, recipient=ann)
    assert "" == counted_under("sms", kind=news, recipient=None)


def test_slots_survive_being_written_down() -> None:
    """What was packed reads back the same."""
    slots = take(take(None, Rate(3, SECOND), now=NOON), Rate(3, SECOND), now=NOON + 1)
    assert slots == unpack(pack(slots, lapses_at=NOON))
