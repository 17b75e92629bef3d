"""When a delivery is tried again, and which answers of HTTP providers let it be.

Pure: the moment, and the draw from which jitter is made, are arguments.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TypeAlias

from connectors.sinks.sink import Later, Refused, Unknown
from schemas.reasons import AddressKind, Lane, Reason

# DESIGN 4: seconds after the first, second ... attempt. A page that comes hours late is worthless.
Ladders: TypeAlias = Mapping[Lane, Sequence[float]]
LADDERS: Ladders = MappingProxyType(
    {
        Lane.NORMAL: (10.0, 30.0, 120.0, 600.0, 3600.0),
        Lane.URGENT: (5.0, 15.0, 60.0, 180.0, 300.0),
    }
)
JITTER = 0.2
RECEIPT_S = 60.0  # DESIGN 4: so long a receipt may take to say that an unknown call arrived
RETRY_AFTER_MOST_S = 3600.0  # no provider holds a delivery back for longer than our last rung
PARKED_S = (5.0, 60.0)  # the first time, and at most

_LIMITS = frozenset({425, 429})  # come again later: nothing is wrong with the receiver
# A gateway speaks of a server behind it, which may have done the work (DESIGN 1).
_UNKNOWN = frozenset({502, 504})
_GONE = 410
_AGAIN = frozenset({408})


def wait_s(
    answer: Later | Unknown,
    *,
    attempt: int,
    lane: str,
    draw: float,
    ladders: Ladders = LADDERS,
) -> float | None:
    """Give the seconds until the attempt after this one, or None where it was the last.

    `draw` is from 0 to 1. Never earlier than the provider asked for. After an unknown answer
    the normal lane leaves time for a receipt; the urgent lane goes on at once, the first time.
    """
    ladder = ladders[Lane(lane)]
    if attempt > len(ladder):
        return None
    if isinstance(answer, Unknown) and lane == Lane.URGENT and attempt == 1:
        return 0.0
    wait = ladder[attempt - 1] * (1 - JITTER + 2 * JITTER * draw)
    if isinstance(answer, Unknown):
        return wait if lane == Lane.URGENT else max(wait, RECEIPT_S)
    return max(wait, min(answer.after_s or 0.0, RETRY_AFTER_MOST_S))


def parked_s(parked: int, *, draw: float, between: Sequence[float] = PARKED_S) -> float:
    """Give the seconds for which a delivery that was parked so often before is parked now."""
    first, most = between
    wait: float = min(first * 2 ** min(parked, 10), most)
    return wait * (1 - JITTER + 2 * JITTER * draw)


def reply(status: int, *, retry_after: str = "", now: float = 0.0) -> Later | Unknown | Refused:
    """Say what an HTTP status that is no success means; `retry_after` is the header's text.

    `now` is in epoch seconds, for a Retry-After that is a date.
    """
    why = f"HTTP {status}"
    after_s = retry_after_s(retry_after, now=now)
    if status in _LIMITS:
        return Later(why, after_s, Reason.PROVIDER_LIMITS)
    if status in _UNKNOWN or status < 200:
        return Unknown(why)
    if status in _AGAIN or status >= 500:
        return Later(why, after_s)
    if status == _GONE:
        return Refused(why, Reason.ENDPOINT_OFF, AddressKind.GONE)
    return Refused(why)


def retry_after_s(text: str, *, now: float) -> float | None:
    """Read a Retry-After header, seconds or a date; None where it says nothing usable."""
    text = text.strip()
    if not text or len(text) > 64:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    try:
        # RFC 9110: a date without a zone is UTC.
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return None
