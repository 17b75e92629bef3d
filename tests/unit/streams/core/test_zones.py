"""Zones by name."""

import pytest

from streams.core.zones import zone_of


@pytest.mark.parametrize(
    "name", ["", "Nowhere/City", "Europe", "../etc/passwd", "/etc/passwd", "a\0b", "ä", "x" * 5000]
)
def test_a_name_that_is_no_zone_is_utc(name: str) -> None:
    """A wrong name harms nobody: the person simply lives in UTC."""
    assert "UTC" == zone_of(name).key


def test_a_zone_is_found_by_its_name() -> None:
    """IANA names are known whatever the machine has."""
    assert "Europe/Vienna" == zone_of("Europe/Vienna").key
