"""Rate limit: how many messages a recipient gets on a channel within any window.

The window slides on the wall clock and is exact: a slot counts for a whole window from the moment
it was taken. A slot that lies ahead of the clock (it was set back) counts too, so that setting a
clock back lets nothing through, but one that lies more than a window ahead is forgotten, so that
a clock which was wrong for a moment blocks nobody for years.
"""

from bisect import bisect_left, bisect_right, insort

from schemas.checks import LATEST_MS
from schemas.errors import Invalid
from schemas.notification import NotificationType, Recipient
from schemas.plan_state import Slots
from schemas.rates import DEFAULTS, OTHERS, Rate, rate

FOREVER = LATEST_MS


def allowance(
    channel: str,
    *,
    kind: NotificationType,
    everybody: NotificationType | None,
    recipient: Recipient | None,
) -> Rate:
    """Find the limit of a channel: the recipient's, else the type's, else the tenant's, else ours.

    `everybody` is the type `*`. A limit that is no rate is passed by.
    """
    for limits in (recipient, kind, everybody):
        found = None if limits is None else _said(limits.limits, channel)
        if found is not None:
            return found
    return DEFAULTS.get(channel, OTHERS)


def counted_under(channel: str, *, kind: NotificationType, recipient: Recipient | None) -> str:
    """Name what the slots are counted under: the type where its own limit holds, else empty."""
    if recipient is not None and _said(recipient.limits, channel) is not None:
        return ""
    return kind.id if _said(kind.limits, channel) is not None else ""


def free_at(slots: Slots | None, rate: Rate, now: int) -> int:
    """Say when a slot is free: 0 is now, FOREVER is never."""
    if rate.limit <= 0:
        return FOREVER
    if slots is None or len(slots.taken) < rate.limit:
        return 0
    counting = _counting(slots, rate, now)
    return 0 if len(counting) < rate.limit else counting[-rate.limit] + rate.window_ms


def take(slots: Slots | None, rate: Rate, *, now: int) -> Slots:
    """Take a slot, whether or not one is free; no more are remembered than the limit allows."""
    taken = [] if slots is None else list(_counting(slots, rate, now))
    insort(taken, now)
    return Slots(tuple(taken[-rate.limit :]) if rate.limit > 0 else (), rate.window_ms)


def _counting(slots: Slots, rate: Rate, now: int) -> tuple[int, ...]:
    first = bisect_right(slots.taken, now - rate.window_ms)
    return slots.taken[first : bisect_left(slots.taken, now + rate.window_ms)]


def _said(limits: dict[str, str], channel: str) -> Rate | None:
    text = limits.get(channel)
    if text is None:
        return None
    try:
        return rate(text)
    except Invalid:
        return None
