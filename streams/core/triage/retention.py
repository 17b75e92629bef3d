"""Retention: how long a state must be remembered."""

from schemas.reasons import AlertStatus
from schemas.state import FOREVER, AlertState
from streams.core.triage.moments import LATE_MS, times_out_at


def lapses_at(state: AlertState) -> int:
    """Say after which moment of Kafka time a state may be forgotten; FOREVER if it must stay.

    It stays while it has something to say. An alert is ended before it is forgotten, so whatever
    is open in the inbox is known here.
    """
    if state.count > state.said_count:
        return FOREVER
    if state.status == AlertStatus.OPEN:
        return times_out_at(state) or FOREVER
    return state.window_ends_at + LATE_MS
