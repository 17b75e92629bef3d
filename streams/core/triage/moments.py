"""Moments: when an alert must be looked at again although nobody speaks of it."""

from schemas.reasons import AlertStatus, Anchor
from schemas.state import AlertState

TIMEOUT_MS = 24 * 3_600_000  # DESIGN 4: an `open` alert of which nothing was heard for a day ends

_OPEN = AlertStatus.OPEN.value
_UNTIL_ENDED = Anchor.OPEN.value


def next_at(state: AlertState) -> int:
    """Say when triage must be woken for the alert; 0 means never.

    A silence or snooze ends, or those who were told are told again. The time-out of an alert is
    no such moment: it is found by sweeping (docs/decisions/0011-time-outs-are-swept.md).
    """
    if state.status != _OPEN or state.acknowledged or state.content is None:
        return 0
    if state.owed:
        return max(state.muted_until, state.snoozed_until)
    return state.told_at + state.retell_ms if state.retell_ms and state.told else 0


def timed_out(state: AlertState, *, at: int) -> bool:
    """Say whether an alert that lives until it is ended was heard of too long ago."""
    ends = times_out_at(state)
    return bool(ends) and at >= ends


def times_out_at(state: AlertState) -> int:
    """Say when an alert ends if nothing more is heard of it; 0 means that silence never ends it."""
    if state.status != _OPEN or state.anchor != _UNTIL_ENDED or state.opened_offset < 0:
        return 0
    return max(state.last_seen_at + TIMEOUT_MS, state.snoozed_until)


def retold(state: AlertState, *, at: int) -> bool:
    """Say whether those who were told are to be told again."""
    return bool(state.told and state.retell_ms) and at >= state.told_at + state.retell_ms
