"""What a digest collects and tells."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.plan_state import Collected, pack, unpack
from streams.core.planning.digest import (
    MOST,
    collect,
    collecting,
    data,
    next_number,
    one_line,
    told,
)
from tests.builders import HOUR, NOON

FEW = settings(max_examples=60, deadline=None)

names = st.lists(st.integers(0, 120).map(str), max_size=150)


def gather(
    intents: list[str], held: Collected | None = None, *, now: int = NOON
) -> Collected | None:
    """Collect intents one after the other."""
    for name in intents:
        held = collect(held, intent_id=name, line=f"line {name}", due_at=now + HOUR, now=now)
    return held


@FEW
@given(names.map(lambda many: list(dict.fromkeys(many))))
def test_collecting_loses_and_invents_nothing(intents: list[str]) -> None:
    """Every intent is a line, or one of those that are counted; there are never more than 50."""
    held = gather(intents) or Collected()
    content = data(held)
    assert [f"line {name}" for name in intents[:MOST]] == content["items"]
    assert len(intents) == content["count"] == len(content["items"]) + content["more"]


@FEW
@given(names, st.data())
def test_an_intent_stands_in_a_digest_once(intents: list[str], draw: st.DataObject) -> None:
    """What stands in it already changes nothing, not even the object."""
    held = gather(intents)
    if held is not None:
        again = draw.draw(st.sampled_from([name for name, _ in held.items]))
        assert held is gather([again], held)


def test_the_first_says_when_and_the_highest_how_urgent() -> None:
    """Due, type and locale are the first one's, the priority the highest."""
    first = collect(
        None, intent_id="1", line="a", due_at=NOON, now=1, kind="alert", locale="de", priority=1
    )
    more = collect(first, intent_id="2", line="b", due_at=NOON + 9, now=2, kind="x", priority=2)
    assert Collected(1, NOON, (("1", "a"), ("2", "b")), 0, "alert", "de", 2) == more


@FEW
@given(st.lists(st.integers(-5, 5), max_size=20))
def test_no_two_digests_share_a_number(moves: list[int]) -> None:
    """After one is told the next begins anew under a higher number, wherever the clock goes."""
    held: Collected | None = None
    now, numbers = NOON, []
    for count, move in enumerate(moves):
        now += move
        held = collect(held, intent_id=str(count), line="x", due_at=now, now=now)
        numbers.append(held.number)
        assert 1 == len(held.items)
        assert collecting(held)
        held = told(held, wake=(0, count))
        assert not collecting(held)
    assert sorted(set(numbers)) == numbers


def test_a_number_is_new_even_where_the_last_is_forgotten() -> None:
    """The clock numbers digests, so that nothing need be remembered between them."""
    assert NOON == next_number(None, now=NOON)
    assert NOON + 1 == next_number(Collected(NOON), now=NOON)
    assert NOON + HOUR == next_number(Collected(NOON), now=NOON + HOUR)


def test_what_was_told_can_be_told_alike() -> None:
    """A digest keeps what it held after it was told, for a crash may ask again."""
    held = gather(["1", "2"])
    assert held is not None
    assert data(held) == data(told(held, wake=(1, 7)))
    assert held is not told(held, wake=(1, 7))
    assert held == unpack(pack(held, lapses_at=NOON))


@FEW
@given(st.text(max_size=400))
def test_a_line_is_one_line(text: str) -> None:
    """Nothing breaks a line, and none is longer than 200 characters."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= 200
    assert line == one_line(line)
