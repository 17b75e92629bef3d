"""One recipient's deliveries do not overtake one another."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.lines import Lines


@given(
    joins=st.lists(st.sampled_from("abc"), max_size=60),
    abreast=st.integers(1, 4),
    choices=st.randoms(use_true_random=False),
)
def test_everybody_goes_in_order(joins: list[str], abreast: int, choices: object) -> None:
    """Each line lets so many go at once, in the order of joining, and forgets nobody."""
    lines: Lines[int] = Lines()
    waiting: dict[str, list[int]] = {name: [] for name in "abc"}
    going: list[tuple[str, int]] = []
    gone: dict[str, list[int]] = {name: [] for name in "abc"}

    def leave() -> None:
        name, _ = going.pop(choices.randrange(len(going)))  # type: ignore[attr-defined]
        for who in lines.leave(name, now=0.0):
            assert waiting[name].pop(0) == who
            going.append((name, who))
            gone[name].append(who)

    for who, name in enumerate(joins):
        if lines.join(name, who, abreast=abreast, now=0.0):
            assert not waiting[name]
            going.append((name, who))
            gone[name].append(who)
        else:
            waiting[name].append(who)
        assert all(sum(each == n for each, _ in going) <= abreast for n in "abc")
        if going and choices.random() < 0.5:  # type: ignore[attr-defined]
            leave()
    while going:
        leave()
    assert {n: [w for w, each in enumerate(joins) if each == n] for n in "abc"} == gone


def test_a_line_that_stands_still_is_stuck() -> None:
    """A line is stuck when enough wait and nobody has moved for long enough."""
    lines: Lines[str] = Lines()
    for who in "abc":
        lines.join("r", who, abreast=1, now=0.0)
    assert not lines.is_stuck("r", now=0.9, since_s=1.0, length=2)
    assert lines.is_stuck("r", now=1.0, since_s=1.0, length=2)
    lines.leave("r", now=1.0)
    assert not lines.is_stuck("r", now=1.5, since_s=1.0, length=1)
    assert not lines.is_stuck("nobody", now=9.0, since_s=1.0, length=0)


def test_who_waits_can_be_sent_home() -> None:
    """At a stop those who wait are dropped, and those under way finish."""
    lines: Lines[str] = Lines()
    assert lines.join("r", "first", abreast=1, now=0.0)
    lines.join("r", "second", abreast=1, now=0.0)
    assert ["second"] == lines.drop()
    assert [] == lines.leave("r", now=0.0)


def test_two_of_one_subject_never_go_abreast() -> None:
    """While the beginning of an alert is on its way its end waits, and who stands behind it."""
    lines: Lines[str] = Lines()
    assert lines.join("r", "begin", abreast=4, now=0.0, subject="alert")
    assert lines.join("r", "other", abreast=4, now=0.0, subject="another")
    assert not lines.join("r", "end", abreast=4, now=0.0, subject="alert")
    assert not lines.join("r", "plain", abreast=4, now=0.0)
    assert [] == lines.leave("r", now=1.0, subject="another")
    assert ["end", "plain"] == lines.leave("r", now=2.0, subject="alert")
