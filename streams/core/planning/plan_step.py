"""One step of a plan: what every part of it needs, and how it is written down."""

from msgspec.structs import replace

from schemas.notification import NotificationType
from schemas.plan_state import ChannelPlan, Plan
from schemas.reasons import NO_CHANNEL, DeliveryStatus, Reason
from schemas.records import Intent
from streams.core.planning import fallback_chain, told
from streams.core.planning.kinds import kind_of
from streams.core.planning.plan_draft import PlanDraft, is_digest
from streams.core.planning.saying import say

_HELD = DeliveryStatus.HELD.value
_QUEUED = DeliveryStatus.QUEUED.value
_SUPERSEDED = DeliveryStatus.SUPERSEDED.value


class Step:
    """Hold what every part of one step of a plan needs."""

    __slots__ = ("draft", "intent", "kind", "number", "plan", "words")

    def __init__(
        self, draft: PlanDraft, intent: Intent, plan: Plan, *, kind: NotificationType | None = None
    ) -> None:
        case = draft.case
        self.draft = draft
        self.intent = intent
        self.plan = plan
        self.number = plan.step
        self.kind = kind or kind_of(intent.type, case.types)
        self.words = case.words(intent)

    def outcome(
        self,
        channel: str,
        outcome: str,
        reason: str = "",
        *,
        until: int = 0,
        addresses: tuple[str, ...] = (),
        digest: str = "",
    ) -> ChannelPlan:
        """Make what this step decided of a channel."""
        return ChannelPlan(channel, outcome, reason, until, addresses, self.number, digest)

    def keep(self, decided: tuple[ChannelPlan, ...]) -> None:
        """Write the step down, and say it."""
        draft, intent, words = self.draft, self.intent, self.words
        waits = any(one.outcome == _HELD for one in decided)
        told_anew = is_digest(intent) or bool(self.plan.fallback_of)  # by a record without words
        kept = waits or self.number > 1 or told_anew
        after = replace(
            self.plan,
            channels=decided,
            template_version=words.version,
            variant=words.variant,
            locale=words.locale,
            dropped=decided[0].reason if decided[0].channel == NO_CHANNEL and not waits else "",
            intent=draft.case.write(intent) if kept else b"",
        )
        draft.put_plan(after)
        if intent.alert_id and not intent.ends:
            told.remember(draft, intent, after)
        fallback_chain.keep(draft, intent, after, kind=self.kind)
        say(draft, after, intent, words)


def after_hold(now: ChannelPlan, held: ChannelPlan) -> tuple[ChannelPlan, ...]:
    """Bring every delivery that was held to an outcome of its own."""
    if now.outcome not in {_HELD, _QUEUED}:
        return (replace(now, addresses=held.addresses),)
    left = tuple(address for address in held.addresses if address not in now.addresses)
    if not left:
        return (now,)
    reason = Reason.SUPERSEDED.value
    return now, ChannelPlan(held.channel, _SUPERSEDED, reason, 0, left, now.step)
