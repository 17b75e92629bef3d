"""Foreign values: every way in which senders write a time."""

from typing import Any

import pytest

from connectors.ingest.formats.reading import moment


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2023-01-01T00:00:00Z", 1_672_531_200_000),
        ("2023-01-01 00:00:00", 1_672_531_200_000),
        ("2023-01-01T01:00:00.9+01:00", 1_672_531_200_900),
        ("2022-12-31T19:00:00.123456789-0500", 1_672_531_200_123),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        (1_672_531_200, 1_672_531_200_000),
        (1_672_531_200_123, 1_672_531_200_123),
        ("1672531200.5", 1_672_531_200_500),
        ("0001-01-01T00:00:00Z", 0),
        ("2023-02-30T00:00:00Z", 0),
        ("2023-01-01T00:00:00+99:99", 0),
        ("1e400", 0),
        ("nan", 0),
        (float("inf"), 0),
        (10**400, 0),
        (10**18, 0),
        (-5, 0),
        (True, 0),
        (None, 0),
        ([], 0),
        ("x" * 100, 0),
    ],
)
def test_moments(given: Any, expected: int) -> None:
    """A time is read whatever its form, and what is none is not known."""
    assert expected == moment(given)
