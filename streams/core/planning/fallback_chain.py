"""Fallback chain: which channels may tell what another did not, and what is kept for them."""

from msgspec.structs import replace

from schemas.fallback import is_awaited
from schemas.limits import KIB
from schemas.notification import NotificationType
from schemas.plan_state import Kept, Plan, kept_key
from schemas.reasons import Channel, Priority
from schemas.records import Intent
from streams.core.planning import channels
from streams.core.planning.plan_draft import PlanDraft
from streams.core.planning.plan_retention import PLAN_MS

KEPT_BYTES = 128 * KIB  # a larger intent is not kept: it would push others out of the journal
BUILT_IN = (Channel.PUSH.value, Channel.SMS.value)

_HIGH = int(Priority.HIGH)


def left(kind: NotificationType, tried: tuple[str, ...]) -> tuple[str, ...]:
    """Name the channels of a type's chain that were not considered yet, in order."""
    chain = tuple(name.strip().lower() for name in kind.fallback) or BUILT_IN
    known = channels.CHANNELS.difference(tried)
    return tuple(dict.fromkeys(name for name in chain if name in known))


def keep(draft: PlanDraft, intent: Intent, plan: Plan, *, kind: NotificationType) -> None:
    """Keep an intent of which another channel may have to tell, until it expires.

    Only what is urgent is followed, so only that is kept, and only where the person has another
    channel of the chain. The end of an alert is told where its beginning was, and nowhere else.
    """
    if intent.priority < _HIGH or intent.ends or plan.fallback_of:
        return
    if not any(is_awaited(one.outcome, one.reason) for one in plan.channels):
        return
    tried = tuple(dict.fromkeys(one.channel for one in plan.channels))
    others = left(kind, tried)
    if not others:
        return
    asked = replace(intent, channels=list(others))
    if not any(one.addresses for one in channels.chosen(asked, draft.case.person, kind)):
        return
    key = kept_key(draft.recipient, intent.id)
    before = draft.get(key)
    expires_at = min(plan.expires_at or plan.stepped_at + PLAN_MS, plan.stepped_at + PLAN_MS)
    if isinstance(before, Kept):
        tried = tuple(dict.fromkeys((*before.tried, *tried)))
        draft.put(key, replace(before, tried=tried, expires_at=expires_at))
        return
    written = draft.case.write(intent)
    if len(written) <= KEPT_BYTES:
        draft.put(key, Kept(written, expires_at, tried))
