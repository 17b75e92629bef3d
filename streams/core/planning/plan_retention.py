"""Retention of planning: until when its states can still change what is decided."""

from schemas.plan_state import NOWHERE, Collected, Kept, Plan, PlanningState, Slots

_DAY_MS = 86_400_000
PLAN_MS = _DAY_MS  # DESIGN 4: a plan lives 24 h after its last step
TOLD_MS = 7 * _DAY_MS
UNTOLD_MS = 9 * _DAY_MS  # longer than a wake can be late


def lapses_at(state: PlanningState) -> int:
    """Say from when a state may be forgotten."""
    if isinstance(state, Plan):
        held_until = max((one.until for one in state.channels), default=0)
        return max(state.stepped_at, held_until) + PLAN_MS
    if isinstance(state, Slots):
        return state.taken[-1] + state.window_ms if state.taken else 0
    if isinstance(state, Collected):
        return state.due_at + (UNTOLD_MS if state.wake == NOWHERE and state.items else PLAN_MS)
    if isinstance(state, Kept):
        return state.expires_at
    return state.at + TOLD_MS
