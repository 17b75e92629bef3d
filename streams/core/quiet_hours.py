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
_DAY = timedelta(days=1)


def passes(kind: NotificationType, *, priority: int) -> bool:
    """Say whether a notification may disturb: high and critical, and what its type lets through."""
    return priority >= Priority.HIGH or kind.quiet_hours == "pass"


def ends(preference: Preference | None, *, zone: str, at: int) -> int:
    """Say when the quiet hours end in which this moment lies; 0 where it lies in none.

    The moment given back never lies in quiet hours itself. `zone` is used as it is given.
    Times that are equal, missing or not `HH:MM` mean no quiet hours.
    """
    if preference is None or not (preference.quiet_from and preference.quiet_to):
        return 0
    begin, end = _clock(preference.quiet_from), _clock(preference.quiet_to)
    if begin is None or end is None or begin == end:
        return 0
    until = _end(zone, begin, end, at=at)
    # A change of the clocks can join two nights.
    while until and (later := _end(zone, begin, end, at=until)):
        until = later
    return until


def _end(zone: str, begin: time, end: time, *, at: int) -> int:
    today = datetime.fromtimestamp(at // 1000, zone_of(zone)).date()
    # Tomorrow's too: clocks that go back over midnight bring back the evening before.
    spans = (_span(zone, begin, end, today + days) for days in (-_DAY, timedelta(0), _DAY))
    return max((last for first, last in spans if first <= at < last), default=0)


@lru_cache(maxsize=4096)
def _clock(text: str) -> time | None:
    found = _TIME.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


@lru_cache(maxsize=16_384)
def _span(zone: str, begin: time, end: time, day: date) -> tuple[int, int]:
    found = zone_of(zone)
    last = day if begin < end else day + _DAY
    first_at = _moment(datetime.combine(day, begin, found).replace(fold=0), zone=found)
    return first_at, _moment(datetime.combine(last, end, found).replace(fold=1), zone=found)


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
