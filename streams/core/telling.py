"""Telling: the Intents by which an alert's change reaches people."""

from collections.abc import Sequence
from typing import Any

from schemas import ids
from schemas.reasons import Priority
from schemas.records import Intent, RawAlert
from streams.core.draft import Draft
from streams.core.route import Addressee
from streams.core.stage import Place

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
    content = _data(draft, raw) | data
    told = list(draft.state.told or ())
    templates = list(draft.state.templates or ())
    for addressee in addressees:
        draft.intents.append(_intent(draft, addressee, place=place, data=content, ends=False))
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
    content = _data(draft, raw) | data
    for recipient, template in zip(told, templates, strict=True):
        addressee = Addressee(recipient, template, None)
        draft.intents.append(_intent(draft, addressee, place=place, data=content, ends=True))
    draft.set(told=None, templates=None)


def _intent(
    draft: Draft, addressee: Addressee, *, place: Place, data: dict[str, Any], ends: bool
) -> Intent:
    state, tenant = draft.state, draft.subject.tenant
    urgent = state.priority >= Priority.HIGH
    return Intent(
        recipient=addressee.recipient,
        template=addressee.template,
        data=data,
        channels=None if addressee.channels is None else list(addressee.channels),
        priority=state.priority,
        expires_at=place.timestamp + (URGENT_MS if urgent else NORMAL_MS),
        alert_id=draft.alert_id,
        alert_seq=state.seq,
        ends=ends,
        created_at=place.timestamp,
        id=ids.alert_intent_id(tenant, draft.alert_id, state.seq, addressee.recipient),
        tenant=tenant,
    )


def _data(draft: Draft, raw: RawAlert | None) -> dict[str, Any]:
    state = draft.state
    return {
        "title": state.title if raw is None else raw.title,
        "body": "" if raw is None else cut(raw.body),
        "severity": "" if raw is None else raw.severity,
        "source": state.source,
        "labels": {} if raw is None else raw.labels,
        "links": [] if raw is None else raw.links,
        "count": state.count,
        "priority": state.priority,
        "kind": draft.changes[-1].kind,
        "started_at": 0 if raw is None else raw.started_at,
        "first_seen_at": state.first_seen_at,
    }
