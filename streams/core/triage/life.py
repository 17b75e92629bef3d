"""Life: how an alert begins, is counted, ends and gives way to the next.

Who is told of a beginning is not decided here; the end is told to whom the beginning was.
"""

from typing import Any

from msgspec.structs import replace

from schemas.reasons import AlertStatus, Anchor, ChangeKind, Outcome, RawStatus, Reason, Stage
from schemas.records import RawAlert
from schemas.state import AlertState
from streams.core.triage import dedup, telling
from streams.core.triage.coalesce import announce, announced, reserve
from streams.core.triage.draft import Draft
from streams.core.triage.item import Item
from streams.core.triage.stage import Place

_OPEN = AlertStatus.OPEN.value
_RESOLVED = AlertStatus.RESOLVED.value
_LAST = Anchor.LAST.value
TIMEOUT = "timeout"  # who ends what nobody ends


def opened(before: AlertState, item: Item) -> AlertState:
    """Begin the life of the alert that this record opens; how far topics were applied is kept."""
    raw, place, at = item.raw, item.place, item.at
    partition, offset = place.rekeyed_from or (place.partition, place.offset)
    chosen = dedup.life(raw, priority=item.graded.priority, rules=item.rules)
    return AlertState(
        opened_partition=partition,
        opened_offset=offset,
        anchor=chosen.anchor,
        priority=item.graded.priority,
        count=1,
        first_seen_at=at,
        last_seen_at=at,
        changed_at=at,
        window_ends_at=chosen.ends_at(at),
        window_ms=chosen.window_ms,
        raw_offset=before.raw_offset,
        command_offset=before.command_offset,
        rekeyed=before.rekeyed,
        source=raw.source,
        title=raw.title,
        stale=item.time.stale,
        lag_ms=max(place.timestamp - at, 0),
    )


def open_resolved(draft: Draft, item: Item) -> None:
    """Open an alert whose resolve came first; it is over already and tells nobody."""
    ended_at = draft.state.changed_at
    draft.begin(opened(draft.state, item))
    draft.change(ChangeKind.FIRED, raw=item.raw)
    ends_at = ended_at + draft.state.window_ms
    draft.change(
        ChangeKind.RESOLVED,
        raw=item.raw,
        status=_RESOLVED,
        changed_at=ended_at,
        window_ends_at=ends_at,
    )
    draft.decide(Stage.DEDUP, Outcome.DROPPED, Reason.RESOLVED_FIRST)


def count(draft: Draft, item: Item) -> None:
    """Count one more occurrence; that there are duplicates is said once."""
    draft.set(**occurred(draft.state, item))
    draft.decide_once(Stage.DEDUP, Outcome.DROPPED, Reason.DUPLICATE)


def count_older(draft: Draft, item: Item) -> None:
    """Count an occurrence that would change the alert, were it not older than the last change."""
    draft.set(**occurred(draft.state, item))
    draft.decide_once(Stage.DEDUP, Outcome.DROPPED, Reason.OLDER_THAN_LAST_CHANGE)


def count_resolved(draft: Draft, item: Item) -> None:
    """Count a resolve of what is resolved already."""
    draft.set(**occurred(draft.state, item))
    draft.decide_once(Stage.DEDUP, Outcome.DROPPED, Reason.ALREADY_RESOLVED)


def occurred(state: AlertState, item: Item) -> dict[str, Any]:
    """Give the fields that one more record of the alert changes.

    A resolve that ends nothing is counted, but it is no moment at which the alert was seen.
    """
    at = item.at
    if item.raw.status == RawStatus.RESOLVED:
        return {"count": state.count + 1}
    fields: dict[str, Any] = {
        "count": state.count + 1,
        "first_seen_at": min(state.first_seen_at, at),
        "last_seen_at": max(state.last_seen_at, at),
    }
    if state.anchor == _LAST and state.status == _OPEN:
        fields["window_ends_at"] = max(state.window_ends_at, at + state.window_ms)
    return fields


def acknowledge(draft: Draft, item: Item) -> None:
    """Acknowledge the alert on the word of its source."""
    source = item.raw.source
    draft.change(ChangeKind.ACKNOWLEDGED, actor=source, acknowledged=True, acknowledged_by=source)


def end(draft: Draft, *, place: Place, raw: RawAlert | None, actor: str, note: str = "") -> None:
    """Resolve the alert, and tell those who were told of it."""
    state = draft.state
    at = max(draft.subject.at, state.changed_at)
    draft.change(
        ChangeKind.RESOLVED,
        raw=raw,
        actor=actor,
        note=note,
        status=_RESOLVED,
        changed_at=at,
        window_ends_at=at + state.window_ms,
        owed=False,
        content=None,
        retell_ms=0,
        escalations=None,
    )
    if draft.subject.stale:
        draft.decide_once(Stage.TRIAGE, Outcome.DROPPED, Reason.STALE)
    else:
        telling.tell_end(draft, raw=raw, place=place, actor=actor)
    _say_saved(draft)


def run_out(draft: Draft) -> None:
    """Resolve an alert that nobody ended in its time; that is no news, so nobody is told.

    It ends with its window, whatever record or wake shows that this is over.
    """
    state, subject = draft.state, draft.subject
    ended_at = max(state.window_ends_at, state.last_seen_at, state.changed_at)
    draft.subject = replace(subject, at=ended_at, stale=state.stale)
    draft.change(
        ChangeKind.RESOLVED,
        actor=TIMEOUT,
        status=_RESOLVED,
        changed_at=ended_at,
        owed=False,
        content=None,
        retell_ms=0,
        escalations=None,
    )
    draft.decide(Stage.DEDUP, Outcome.CHANGED, Reason.WINDOW_OVER, mark=draft.state.seq)
    _say_saved(draft)
    draft.subject = subject


def remember_resolve(draft: Draft, item: Item) -> None:
    """Remember a resolve without an alert for one window, in case its alert comes late."""
    before, at = draft.state, item.at
    retire(draft)
    known = not dedup.has_alert(before) and at < before.window_ends_at
    chosen = dedup.life(item.raw, priority=item.graded.priority, rules=item.rules)
    resolved_at = max(at, before.changed_at) if known else at
    draft.begin(
        AlertState(
            status=_RESOLVED,
            anchor=chosen.anchor,
            changed_at=resolved_at,
            window_ms=chosen.window_ms,
            window_ends_at=resolved_at + chosen.window_ms,
            raw_offset=before.raw_offset,
            command_offset=before.command_offset,
            rekeyed=before.rekeyed,
            source=item.raw.source,
            title=item.raw.title,
        )
    )
    if not known:
        place = f"{item.place.partition}/{item.place.offset}"
        draft.decide(
            Stage.DEDUP,
            Outcome.DROPPED,
            Reason.NOTHING_TO_RESOLVE,
            mark=place,
            record=item.raw.id or place,
        )


def retire(draft: Draft) -> None:
    """Let the alert give way to another: what was counted of it is said now or never.

    One that is still open is over now: nobody could end it any more.
    """
    if not dedup.has_alert(draft.state):
        return
    _announce(draft)
    if draft.state.status == _OPEN:
        run_out(draft)
        return
    draft.state = reserve(draft.state)
    _announce(draft)
    _say_saved(draft)


def _announce(draft: Draft) -> None:
    if draft.state.reserved is not None:
        subject = draft.subject
        draft.changes.append(
            announce(draft.state, fingerprint=subject.fingerprint, tenant=subject.tenant)
        )
        draft.state = announced(draft.state)


def _say_saved(draft: Draft) -> None:
    state = draft.state
    duplicates = state.count - 1 - state.saved
    if duplicates > 0:
        draft.set(saved=state.count - 1)
        draft.decide(
            Stage.DEDUP,
            Outcome.DROPPED,
            Reason.DUPLICATES_SAVED,
            count=duplicates,
            mark=state.count,
        )
