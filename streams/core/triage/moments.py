"""Moments: when an alert must be looked at again although nobody speaks of it."""

from schemas.reasons import AlertStatus, Anchor
from schemas.state import AlertState

TIMEOUT_MS = 24 * 3_600_000  # DESIGN 4: an `open` alert of which nothing was heard for a day ends
LATE_MS = 3_600_000  # records of a window may come an hour after its end and still be counted

_OPEN = AlertStatus.OPEN.value
_UNTIL_ENDED = Anchor.OPEN.value


def next_at(state: AlertState) -> int:
    """Say when triage must be woken for the alert; 0 means never.

    A silence or snooze ends, those who were told are told again, or others are told too. The
    time-out of an alert is no such moment: it is found by sweeping
    (docs/decisions/0011-time-outs-are-swept.md).
    """
    if state.status != _OPEN or state.acknowledged or state.content is None:
        return 0
    if state.owed:
        return max(state.muted_until, state.snoozed_until, 1)  # 1: what held it was lifted
    step_at = next_step_at(state)
    if state.retell_ms and state.told:
        again_at = state.told_at + state.retell_ms
        step_at = min(step_at, again_at) if step_at else again_at
    return max(step_at, state.snoozed_until) if step_at else 0


def next_step_at(state: AlertState) -> int:
    """Say when the next step of an escalation is due; 0 means that none is left."""
    steps = [one.since + one.next_ms for one in state.escalations or () if one.next_ms]
    return min(steps, default=0)


def timed_out(state: AlertState, *, at: int) -> bool:
    """Say whether an alert ends because nothing more was heard of it."""
    ends = times_out_at(state)
    return bool(ends) and at >= ends


def times_out_at(state: AlertState) -> int:
    """Say when an open alert ends if nothing more is heard of it; 0 means that silence does not.

    One that lives until it is ended, and one that somebody has in hand, end after a day of
    silence. Any other ends with its window, once nothing late can come and nobody is left to be
    told (docs/decisions/0017-what-nobody-ends-ends-by-the-clock.md).
    """
    if state.status != _OPEN or state.opened_offset < 0:
        return 0
    if state.anchor == _UNTIL_ENDED:
        return max(state.last_seen_at + TIMEOUT_MS, state.snoozed_until)
    # What came late is not over before anyone could see it.
    window_ends_at = state.window_ends_at + state.lag_ms
    if state.acknowledged:
        silent_at = state.last_seen_at + state.lag_ms + TIMEOUT_MS
        return max(silent_at, window_ends_at, state.snoozed_until)
    if state.content is not None and (state.owed or next_step_at(state)):
        return 0
    return max(window_ends_at, state.snoozed_until) + LATE_MS


def is_due(state: AlertState, *, at: int) -> bool:
    """Say whether a moment of the alert has come."""
    return 0 < next_at(state) <= at
