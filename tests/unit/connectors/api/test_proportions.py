"""Shares are as sure as the books say, and chance is not taken for proof."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api.proportions import Share, Verdict, best_two, difference, interval

shares = st.integers(min_value=1, max_value=10_000).flatmap(
    lambda of: st.builds(Share, st.integers(min_value=0, max_value=of), st.just(of))
)


# Newcombe, Statistics in Medicine 17 (1998): pages 857 to 872, table I, and 873 to 890, table II.
@pytest.mark.parametrize(
    ("low", "high", "hits", "of"),
    [
        (0.2553, 0.3662, 81, 263),
        (0.0624, 0.1605, 15, 148),
        (0.0000, 0.1611, 0, 20),
        (0.0061, 0.1718, 1, 29),
    ],
)
def test_a_share_is_as_sure_as_published(low: float, high: float, hits: int, of: int) -> None:
    """Whoever computes Wilson's interval elsewhere gets the same."""
    found = interval(Share(hits, of))
    assert (low, high) == (round(found.low, 4), round(found.high, 4))


@pytest.mark.parametrize(
    ("low", "high", "one", "other"),
    [
        (0.0524, 0.3339, Share(56, 70), Share(48, 80)),
        (0.1705, 0.8090, Share(9, 10), Share(3, 10)),
        (0.0582, 0.8062, Share(6, 7), Share(2, 7)),
        (-0.0381, 0.1926, Share(5, 56), Share(0, 29)),
        (-0.1611, 0.2775, Share(0, 10), Share(0, 20)),
        (-0.2775, 0.2775, Share(0, 10), Share(0, 10)),
        (0.6791, 1.0000, Share(10, 10), Share(0, 20)),
        (0.6075, 1.0000, Share(10, 10), Share(0, 10)),
    ],
)
def test_a_difference_is_as_sure_as_published(
    low: float, high: float, one: Share, other: Share
) -> None:
    """Whoever computes Newcombe's interval elsewhere gets the same."""
    found = difference(one, other)
    assert (low, high) == (round(found.low, 4), round(found.high, 4))


@given(shares)
def test_a_share_lies_within_its_interval(share: Share) -> None:
    """The interval is one of shares, and surer where more is asked of it."""
    wide, narrow = interval(share, confidence=0.99), interval(share)
    assert 0 <= wide.low <= narrow.low <= share.rate <= narrow.high <= wide.high <= 1


@given(shares, shares)
def test_a_difference_is_the_same_from_either_side(one: Share, other: Share) -> None:
    """How much more one is than the other is how much less the other is than the one."""
    there, back = difference(one, other), difference(other, one)
    assert pytest.approx((there.low, there.high)) == (-back.high, -back.low)
    assert there.low <= one.rate - other.rate <= there.high


def test_one_alone_is_not_compared() -> None:
    """Nobody is the winner of a race of one."""
    assert best_two({}) is None
    assert best_two({"a": Share(1, 2)}) is None


def test_the_best_two_are_compared() -> None:
    """A clear lead is told from a lead that may be luck, whoever else took part."""
    found = best_two({"c": Share(1, 100), "b": Share(20, 100), "a": Share(60, 100)})
    assert found is not None
    assert ("a", "b", Verdict.MORE_THAN_CHANCE) == (found.best, found.second, found.verdict)
    close = best_two({"a": Share(21, 100), "b": Share(20, 100)})
    assert close is not None
    assert ("a", "b", Verdict.MAY_BE_CHANCE) == (close.best, close.second, close.verdict)


def test_the_best_of_many_must_lead_further() -> None:
    """Among ten variants one leads by luck: what proves a lead of two proves none of ten."""
    two = {"a": Share(45, 100), "b": Share(30, 100)}
    ten = two | {f"v{number}": Share(30, 100) for number in range(8)}
    found = [best_two(two), best_two(ten)]
    assert [Verdict.MORE_THAN_CHANCE, Verdict.MAY_BE_CHANCE] == [
        one.verdict for one in found if one is not None
    ]


@given(shares, st.integers(min_value=2, max_value=6))
def test_equals_never_differ(share: Share, many: int) -> None:
    """Where all do alike, nothing is claimed, however many they are."""
    found = best_two({f"v{number}": share for number in range(many)})
    assert found is not None
    assert Verdict.MAY_BE_CHANCE == found.verdict


def test_more_people_make_surer() -> None:
    """The same share of more people has a narrower interval."""
    widths = [
        found.high - found.low for found in (interval(Share(n, 4 * n)) for n in (1, 10, 100, 1000))
    ]
    assert all(wider > narrower for wider, narrower in pairwise(widths))
