"""Telling: the Intents by which an alert's change reaches people."""

from collections.abc import Sequence
from typing import Any

from schemas import ids
from schemas.reasons import ChangeKind, Priority
from schemas.records import Intent, RawAlert
from schemas.state import AlertState
from streams.core.triage.draft import Draft
from streams.core.triage.route import Addressee
from streams.core.triage.stage import Place

BODY_BYTES = 4096
URGENT_MS = 3_600_000  # DESIGN 4: an Intent that is high or critical is of use for an hour,
NORMAL_MS = 24 * URGENT_MS  # and any other alert for a day


def cut(text: str, limit: int = BODY_BYTES) -> str:
    """Cut a text to so many bytes of UTF-8, never through a character."""
    if len(text) * 4 <= limit:
        return text
    return text.encode()[:limit].decode(errors="ignore")


def tell(
    draft: Draft, addressees: Sequence[Addressee], *, raw: RawAlert, place: Place, **data: Any
) -> None:
    """Tell these people of the last change, and remember whom was told by which template."""
    if not addressees:
        return
    content = _content(draft, raw) | data
    told = list(draft.state.told or ())
    templates = list(draft.state.templates or ())
    for addressee in addressees:
        draft.intents.append(_of_draft(draft, addressee, place=place, data=content, ends=False))
        if addressee.recipient not in told:
            told.append(addressee.recipient)
            templates.append(addressee.template)
    draft.set(told=told, templates=templates)


def tell_end(draft: Draft, *, raw: RawAlert | None, place: Place, **data: Any) -> None:
    """Tell the end to everyone who was told the beginning, and to nobody else.

    They are then told of nothing until the alert begins again.
    """
    told = draft.state.told
    if not told:
        return
    templates = draft.state.templates or ["alert"] * len(told)
    content = _content(draft, raw) | data
    for recipient, template in zip(told, templates, strict=True):
        addressee = Addressee(recipient, template, None)
        draft.intents.append(_of_draft(draft, addressee, place=place, data=content, ends=True))
    draft.set(told=None, templates=None)


def first_told(
    raw: RawAlert,
    state: AlertState,
    addressees: Sequence[Addressee],
    *,
    alert_id: str,
    fingerprint: str,
    place: Place,
) -> tuple[Intent, ...]:
    """Make the Intents that tell these people of an alert's beginning."""
    data = _data(state, raw, kind=ChangeKind.FIRED.value, fingerprint=fingerprint)
    given: dict[str, Any] = {"tenant": raw.tenant, "alert_id": alert_id, "place": place}
    return tuple(_intent(state, one, data=data, ends=False, **given) for one in addressees)


def _of_draft(
    draft: Draft, addressee: Addressee, *, place: Place, data: dict[str, Any], ends: bool
) -> Intent:
    return _intent(
        draft.state,
        addressee,
        tenant=draft.subject.tenant,
        alert_id=draft.alert_id,
        place=place,
        data=data,
        ends=ends,
    )


def _intent(
    state: AlertState,
    addressee: Addressee,
    *,
    tenant: str,
    alert_id: str,
    place: Place,
    data: dict[str, Any],
    ends: bool,
) -> Intent:
    urgent = state.priority >= Priority.HIGH
    return Intent(
        recipient=addressee.recipient,
        template=addressee.template,
        data=data,
        channels=None if addressee.channels is None else list(addressee.channels),
        priority=state.priority,
        expires_at=place.timestamp + (URGENT_MS if urgent else NORMAL_MS),
        alert_id=alert_id,
        alert_seq=state.seq,
        ends=ends,
        created_at=place.timestamp,
        id=ids.alert_intent_id(tenant, alert_id, state.seq, addressee.recipient),
        tenant=tenant,
    )


def _content(draft: Draft, raw: RawAlert | None) -> dict[str, Any]:
    fingerprint = draft.subject.fingerprint
    return _data(draft.state, raw, kind=draft.changes[-1].kind, fingerprint=fingerprint)


def _data(
    state: AlertState, raw: RawAlert | None, *, kind: str, fingerprint: str
) -> dict[str, Any]:
    return {
        "title": state.title if raw is None else raw.title,
        "body": "" if raw is None else cut(raw.body),
        "severity": "" if raw is None else raw.severity,
        "source": state.source,
        "labels": {} if raw is None else raw.labels,
        "links": [] if raw is None else raw.links,
        "count": state.count,
        "priority": state.priority,
        "kind": kind,
        "started_at": 0 if raw is None else raw.started_at,
        "first_seen_at": state.first_seen_at,
        "fingerprint": fingerprint,
    }
