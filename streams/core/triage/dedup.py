"""Dedup: what a record is to the alert that stands under its fingerprint."""

from enum import Enum, auto

from msgspec import Struct

from schemas.errors import Invalid
from schemas.matching import matches
from schemas.reasons import AlertStatus, Anchor, RawStatus
from schemas.records import RawAlert
from schemas.senders import LIFE_CYCLE
from schemas.state import AlertState
from streams.core.triage.rules import TenantRules

FIRST_MS = 3_600_000  # DESIGN 4: one hour from the first occurrence

_OPEN = AlertStatus.OPEN.value
_STATUSES = frozenset(status.value for status in RawStatus)


class Move(Enum):
    """Name what a record does to an alert."""

    OPEN = auto()
    OPEN_RESOLVED = auto()
    COUNT = auto()
    COUNT_OLDER = auto()
    COUNT_RESOLVED = auto()
    ESCALATE = auto()
    ACKNOWLEDGE = auto()
    RESOLVE = auto()
    REMEMBER_RESOLVE = auto()
    REOPEN = auto()
    COME_DUE = auto()


class Life(Struct, frozen=True, gc=False):
    """Say how long an alert lives: from which anchor its window is counted, and its length."""

    anchor: str
    window_ms: int

    def ends_at(self, at: int) -> int:
        """Say from when an occurrence begins a new alert; 0 means the clock never does."""
        return 0 if self.anchor == _UNTIL_ENDED.anchor else at + self.window_ms


_UNTIL_ENDED = Life(Anchor.OPEN.value, FIRST_MS)
_FOR_AN_HOUR = Life(Anchor.FIRST.value, FIRST_MS)


def life(raw: RawAlert, *, priority: int, rules: TenantRules) -> Life:
    """Choose the life of the alert that this record opens; the first matching rule decides."""
    own = raw.dedup_key or raw.source in LIFE_CYCLE
    usual = _UNTIL_ENDED if own else _FOR_AN_HOUR
    for window in rules.windows:
        if matches(window.matching, raw, priority=priority):
            return Life(window.anchor or usual.anchor, window.window_ms or usual.window_ms)
    return usual


def has_alert(state: AlertState | None) -> bool:
    """Say whether a state holds an alert, and not merely a resolve that came too soon."""
    return state is not None and state.opened_offset >= 0


def lapsed(state: AlertState, *, at: int) -> bool:
    """Say whether an occurrence at this time begins a new alert.

    An open alert that someone acknowledged or snoozed is never begun anew by the clock.
    """
    if not state.window_ends_at or at < state.window_ends_at:
        return False
    return state.status != _OPEN or not (state.acknowledged or at < state.snoozed_until)


def applied(state: AlertState, *, offset: int, rekeyed_from: tuple[int, int] | None) -> bool:
    """Say whether the state has met this raw record before."""
    if offset <= state.raw_offset:
        return True
    if rekeyed_from is None or state.rekeyed is None:
        return False
    return rekeyed_from[1] <= state.rekeyed.get(rekeyed_from[0], -1)


def move(state: AlertState | None, *, status: str, at: int, priority: int) -> Move:
    """Decide what a record does; Invalid where its status is none of ours."""
    if status not in _STATUSES:
        raise Invalid(f"no status of an alert: {status[:40]!r}")
    if state is None or not has_alert(state):
        if status == RawStatus.RESOLVED:
            return Move.REMEMBER_RESOLVE
        # Where both spoke in the same millisecond, the order in Kafka is the order of things.
        return Move.OPEN if state is None or at >= state.changed_at else Move.OPEN_RESOLVED
    if status == RawStatus.RESOLVED:
        return _resolve(state, at)
    if lapsed(state, at=at):
        return Move.OPEN
    if status == RawStatus.ACKNOWLEDGED:
        known = state.acknowledged or at < state.changed_at
        return Move.COUNT if known else Move.ACKNOWLEDGE
    if state.status == _OPEN:
        return _occur(state, status, at, priority)
    if status == RawStatus.INFO:
        return Move.COUNT
    return Move.COUNT_OLDER if at < state.changed_at else Move.REOPEN


def _resolve(state: AlertState, at: int) -> Move:
    if state.status == _OPEN:
        return Move.COUNT_OLDER if at < state.changed_at else Move.RESOLVE
    return Move.REMEMBER_RESOLVE if lapsed(state, at=at) else Move.COUNT_RESOLVED


def _occur(state: AlertState, status: str, at: int, priority: int) -> Move:
    if status != RawStatus.FIRING:
        return Move.COUNT
    if priority > state.priority:
        return Move.COUNT_OLDER if at < state.changed_at else Move.ESCALATE
    if state.owed and not state.acknowledged and at >= state.changed_at:
        return Move.COME_DUE
    return Move.COUNT
