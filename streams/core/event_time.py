"""Event time: when a sender spoke, as far as its clock can be believed."""

from msgspec import Struct

FORWARD_MS = 5 * 60_000  # DESIGN 3: a clock may run ahead of Kafka's by 5 minutes
STALE_MS = 24 * 3_600_000  # DESIGN 3: what is older than a day tells nobody


class EventTime(Struct, frozen=True, gc=False):
    """Hold the moment that counts for windows, and what was wrong with the one claimed."""

    at: int
    skewed: bool = False
    stale: bool = False


def event_time(occurred_at: int, *, timestamp: int) -> EventTime:
    """Decide when a record happened; a claim too far ahead of Kafka's timestamp is not believed."""
    if not occurred_at or timestamp <= 0:
        return EventTime(occurred_at or timestamp)
    if occurred_at > timestamp + FORWARD_MS:
        return EventTime(timestamp, skewed=True)
    return EventTime(occurred_at, stale=occurred_at < timestamp - STALE_MS)
