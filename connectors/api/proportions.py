"""Proportions: how sure a share is, and whether two differ by more than chance. Pure.

Shares of few people and shares near 0 or 1 are what is met here, so the intervals are Wilson's
(1927) and, for a difference, Newcombe's made of two of them (Statistics in Medicine 17, 1998,
pages 873 to 890, method 10): both hold what they promise there, where the textbook's do not.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


class Verdict(StrEnum):
    """Say in words what a comparison came to."""

    MORE_THAN_CHANCE = "more_than_chance"
    MAY_BE_CHANCE = "may_be_chance"
    NOTHING_TO_COMPARE = "nothing_to_compare"


@dataclass(frozen=True, slots=True)
class Share:
    """Count how many of how many; `of` is above 0."""

    hits: int
    of: int

    @property
    def rate(self) -> float:
        """Give the share as a number from 0 to 1."""
        return self.hits / self.of


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold where the truth lies, as far as can be known."""

    low: float
    high: float


def interval(share: Share, *, confidence: float = CONFIDENCE) -> Interval:
    """Give Wilson's interval of a share."""
    z = _z(confidence)
    hits, of = share.hits, share.of
    middle = hits + z * z / 2
    half = z * sqrt(hits * (of - hits) / of + z * z / 4)
    # What is nobody's, or everybody's, is at its end exactly, whatever a float makes of it.
    low = (middle - half) / (of + z * z) if hits else 0.0
    high = (middle + half) / (of + z * z) if hits < of else 1.0
    return Interval(low, high)


def difference(one: Share, other: Share, *, confidence: float = CONFIDENCE) -> Interval:
    """Give Newcombe's interval of how much larger one share is than the other."""
    ours, theirs = interval(one, confidence=confidence), interval(other, confidence=confidence)
    gap = one.rate - other.rate
    return Interval(
        gap - sqrt((one.rate - ours.low) ** 2 + (theirs.high - other.rate) ** 2),
        gap + sqrt((ours.high - one.rate) ** 2 + (other.rate - theirs.low) ** 2),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Say which two are best, by how much, and whether that is more than chance."""

    best: str
    second: str
    gap: float
    within: Interval
    verdict: Verdict


def best_two(shares: dict[str, Share]) -> Comparison | None:
    """Compare the best share with the next; None where there are not two.

    Who picks the best of several finds differences where there are none, so the interval is as
    much wider as there are pairs to pick from (Bonferroni): wrong in 1 of 20 such tables at most.
    """
    if len(shares) < 2:
        return None
    ranked = sorted(shares, key=lambda name: (-shares[name].rate, name))
    best, second = ranked[:2]
    pairs = len(shares) * (len(shares) - 1) / 2
    within = difference(shares[best], shares[second], confidence=1 - (1 - CONFIDENCE) / pairs)
    return Comparison(
        best=best,
        second=second,
        gap=shares[best].rate - shares[second].rate,
        within=within,
        verdict=Verdict.MORE_THAN_CHANCE if within.low > 0 else Verdict.MAY_BE_CHANCE,
    )


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
