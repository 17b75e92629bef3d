"""Rate limits as people write them: `10/h`, `100/min`, `5/d`."""

import re
from functools import lru_cache
from typing import NamedTuple

from schemas.errors import Invalid
from schemas.reasons import Channel

_RATE = re.compile(r"(\d{1,6})\s*/\s*(s|sec|min|m|h|hour|d|day)")
_WINDOWS = {
    "s": 1_000,
    "sec": 1_000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
}


class Rate(NamedTuple):
    """Allow `limit` messages within any `window_ms` milliseconds; a limit of 0 allows none."""

    limit: int
    window_ms: int


@lru_cache(maxsize=1024)
def rate(text: str) -> Rate:
    """Read a rate limit; Invalid where it is none."""
    found = _RATE.fullmatch(text.strip().lower())
    if found is None:
        raise Invalid(f"{text[:40]!r} is no rate: say 10/h, 100/min or 5/d")
    return Rate(int(found[1]), _WINDOWS[found[2]])


# DESIGN section 4, planning: what a recipient gets at most where nobody said otherwise.
DEFAULTS: dict[str, Rate] = {
    Channel.EMAIL: rate("10/h"),
    Channel.PUSH: rate("20/h"),
    Channel.SMS: rate("5/d"),
    Channel.WEBHOOK: rate("100/min"),
    Channel.SLACK: rate("20/h"),
}
OTHERS = rate("50/h")
