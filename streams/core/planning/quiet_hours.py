"""Quiet hours: until when a person does not want to be disturbed.

They go by the clock on the person's wall. A time that the clock leaps over in spring is the
first moment after the leap. Of a time that comes twice in autumn, quiet hours begin at the first
and end at the second, so that nobody is woken for an hour in the middle of the night.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.notification import NotificationType, Preference
from schemas.reasons import Priority
from streams.core.zones import zone_of

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_HIGH = int(Priority.HIGH)
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)


def passes(kind: NotificationType, *, priority: int) -> bool:
    """Say whether a notification may disturb: high and critical, and what its type lets through."""
    return priority >= _HIGH or kind.quiet_hours == "pass"


def ends(preference: Preference | None, *, zone: str, at: int) -> int:
    """Say when the quiet hours end in which this moment lies; 0 where it lies in none.

    The moment given back never lies in quiet hours itself. A zone that is none is UTC.
    Times that are equal, missing or not `HH:MM` mean no quiet hours.
    """
    if preference is None or not (preference.quiet_from and preference.quiet_to):
        return 0
    around = _around(zone, preference.quiet_from, preference.quiet_to, at // _DAY_MS)
    return next((last for first, last in around if first <= at < last), 0)


@lru_cache(maxsize=16_384)
def _around(zone: str, quiet_from: str, quiet_to: str, day: int) -> tuple[tuple[int, int], ...]:
    """List the quiet hours around a day of UTC, in order and apart from one another."""
    begin, end = _clock(quiet_from), _clock(quiet_to)
    if begin is None or end is None or begin == end:
        return ()
    found, middle = zone_of(zone), _EPOCH + day * _DAY
    apart: list[tuple[int, int]] = []
    # What can touch the day in any zone, and one more that a change of the clocks may join to it.
    for days in range(-2, 4):
        first, last = _span(middle + days * _DAY, begin, end, zone=found)
        if apart and first <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(last, apart[-1][1]))
        elif first < last:
            apart.append((first, last))
    return tuple(apart)


def _clock(text: str) -> time | None:
    found = _TIME.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


def _span(day: date, begin: time, end: time, *, zone: ZoneInfo) -> tuple[int, int]:
    last = day if begin < end else day + _DAY
    first_at = _moment(datetime.combine(day, begin, zone).replace(fold=0), zone=zone)
    return first_at, _moment(datetime.combine(last, end, zone).replace(fold=1), zone=zone)


def _moment(local: datetime, *, zone: ZoneInfo) -> int:
    before, after = (_offset(local.replace(fold=fold)) for fold in (0, 1))
    if before < after:
        wall = int(local.replace(tzinfo=UTC).timestamp())
        return _leap(zone, earliest=wall - after, latest=wall - before) * 1000
    return int(local.timestamp()) * 1000


def _leap(zone: ZoneInfo, *, earliest: int, latest: int) -> int:
    """Find the second at which the clocks leap between two that lie less than a day apart."""
    after = _offset(datetime.fromtimestamp(latest, zone))
    while latest - earliest > 1:
        middle = (earliest + latest) // 2
        if _offset(datetime.fromtimestamp(middle, zone)) == after:
            latest = middle
        else:
            earliest = middle
    return latest


def _offset(local: datetime) -> int:
    offset = local.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
