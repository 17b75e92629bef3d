"""Coalescing: duplicates raise a count at once, and the count is said in one change now and then.

What the clock decides is written down before it is said: `reserve` goes to the changelog, then
`announce` is published, then `announced` clears it. After a crash `announce` says the same again.
"""

from msgspec.structs import replace

from schemas.reasons import ChangeKind
from schemas.records import AlertChange
from schemas.state import AlertState, Reservation
from streams.core.triage.draft import Subject, fact, id_of


def reserve(state: AlertState) -> AlertState:
    """Set aside the next seq for a `repeated` change, where there is anything new to say.

    A reservation that stands already is kept: it must be announced first.
    """
    if state.reserved is not None or state.count <= state.said_count:
        return state
    seq = state.seq + 1
    reserved = Reservation(seq, state.count, state.last_seen_at)
    return replace(state, seq=seq, said_count=state.count, reserved=reserved)


def announce(state: AlertState, *, fingerprint: str, tenant: str) -> AlertChange:
    """Make the `repeated` change that was reserved; ValueError where none was."""
    reserved = state.reserved
    if reserved is None:
        raise ValueError(f"nothing is reserved under fingerprint {fingerprint}")
    then = replace(
        state, seq=reserved.seq, count=reserved.count, last_seen_at=reserved.last_seen_at
    )
    subject = Subject(tenant, fingerprint, reserved.last_seen_at, stale=state.stale)
    alert_id = id_of(state, tenant=tenant, fingerprint=fingerprint)
    return fact(then, kind=ChangeKind.REPEATED, alert_id=alert_id, subject=subject)


def announced(state: AlertState) -> AlertState:
    """Clear the reservation, once its change is surely published."""
    return state if state.reserved is None else replace(state, reserved=None)
