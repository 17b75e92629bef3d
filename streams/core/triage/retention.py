"""Retention: how long a state must be remembered."""

from schemas.reasons import AlertStatus
from schemas.state import FOREVER, AlertState
from streams.core.triage.moments import times_out_at

LATE_MS = 3_600_000  # records of a window may come an hour after its end and still be counted


def lapses_at(state: AlertState) -> int:
    """Say after which moment of Kafka time a state may be forgotten; FOREVER if it must stay.

    It stays while it has something to say, and while the alert lives until someone ends it; one
    that nothing was heard of for a day is ended before it is forgotten.
    """
    if state.count > state.said_count:
        return FOREVER
    end = state.window_ends_at
    if state.status == AlertStatus.OPEN:
        times_out = times_out_at(state)
        if times_out:
            return times_out
        if not end or state.acknowledged:
            return FOREVER
        end = max(end, state.snoozed_until)
        if state.owed:
            end = max(end, state.muted_until)
    return end + LATE_MS
