"""Zones: time zones by their IANA names."""

from functools import lru_cache
from zoneinfo import ZoneInfo

UTC = "UTC"


@lru_cache(maxsize=2048)
def zone_of(name: str) -> ZoneInfo:
    """Find the zone of this name; UTC where the name is empty or none."""
    try:
        return ZoneInfo(name or UTC)
    # A name is looked up as a file: what is wrong with it may be a directory or a bad path, too.
    except (KeyError, ValueError, OSError):
        return ZoneInfo(UTC)
