"""Rates: what people write as a limit is read as one, and nothing else is."""

import pytest

from schemas.errors import Invalid
from schemas.rates import DEFAULTS, Rate, rate
from schemas.reasons import Channel


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10/h", Rate(10, 3_600_000)),
        (" 100 / MIN ", Rate(100, 60_000)),
        ("5/day", Rate(5, 86_400_000)),
        ("0/s", Rate(0, 1_000)),
    ],
)
def test_a_rate_is_a_number_and_a_span(text: str, expected: Rate) -> None:
    """Spaces and case do not matter."""
    assert expected == rate(text)


@pytest.mark.parametrize("text", ["", "10", "h", "-1/h", "10/week", "1.5/h", "10/h/h"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """A wrong limit is said, and never taken for none."""
    with pytest.raises(Invalid, match="no rate"):
        rate(text)


def test_every_channel_has_a_limit() -> None:
    """No channel is unlimited by forgetting."""
    assert set(Channel) == set(DEFAULTS)
