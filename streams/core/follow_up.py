"""Follow-up: whether what is urgent reached anybody, and when another channel is asked for.

A Watch adds up what was said of an intent's deliveries. What is known of each only grows, so the
same events in any order, and however often, come to the same.
"""

from msgspec.structs import replace

from schemas import fallback, keys
from schemas.deliveries import DeliveryEvent
from schemas.fallback import Wish
from schemas.reasons import FINAL, NO_CHANNEL, DeliveryStatus, IntentKind, Priority, Reason
from schemas.records import Intent
from schemas.watch_state import ARRIVED, ENDED, OPEN, TAKEN_BACK, Watch, Watched

AFTER_MS = 60_000  # DESIGN 4
# Planning says the channels of an intent one after the other, and a sink may fail the first before
# the second is said; also, what was taken is known in Valkey before it is on Kafka (take.lua).
SETTLE_MS = 1_000
MOST_WISHES = 4  # as many as there are channels beside the first
MOST_DELIVERIES = 50  # of one intent, and of each fallback, that are told apart
MOST_FALLBACKS = 5  # that are known of: as many as there are channels
CHANNEL_CHARS = 40  # of a name that may be anybody's
LIFE_MS = 86_400_000

_HIGH = int(Priority.HIGH)
_SUPERSEDED = DeliveryStatus.SUPERSEDED.value
_REACHED = frozenset(
    {DeliveryStatus.SENT.value, DeliveryStatus.DELIVERED.value, "opened", "clicked"}
)
_FINAL = frozenset(status.value for status in FINAL)
_RESOLVED_FIRST = Reason.RESOLVED_FIRST.value


def followed(event: DeliveryEvent) -> bool:
    """Say whether an event is of a delivery that must arrive soon.

    The end of an alert is told where its beginning was, so no other channel is asked for.
    """
    return event.priority >= _HIGH and not event.ends


def heard(held: Watch | None, event: DeliveryEvent, *, at: int, trace: bytes = b"") -> Watch:
    """Add an event to what is known; the same object where it says nothing new.

    `at` is when Kafka took the event, `trace` the trace that it belongs to.
    """
    watch = held or Watch(event.recipient, trace=trace)
    if watch.over:
        return watch
    if _is_over(event):
        return replace(given_up(watch), changed_at=at)
    return _told(watch, event, at=at)


def due(watch: Watch, *, after_ms: int = AFTER_MS) -> int:
    """Say when another channel is to be asked for; 0 where none is."""
    if watch.over or watch.awaiting or not watch.armed_at or watch.asked >= MOST_WISHES:
        return 0
    if any(one.stands == ARRIVED for one in watch.deliveries):
        return 0
    # What was handed over before the last fallback has had its time.
    now = len(watch.fallbacks)
    if any(one.stands == OPEN for one in watch.deliveries if one.round == now):
        return watch.armed_at + after_ms
    return watch.changed_at + SETTLE_MS


def lapses_at(watch: Watch) -> int:
    """Say from when a Watch may be forgotten."""
    return max(watch.changed_at, watch.armed_at) + LIFE_MS


def asked(watch: Watch) -> Watch:
    """Note that another channel is asked for: nothing more is until something is heard of it."""
    return replace(watch, asked=watch.asked + 1, awaiting=True)


def given_up(watch: Watch) -> Watch:
    """Follow it no more."""
    return replace(watch, over=True, deliveries=())


def wish(watch: Watch, key: bytes, *, after_ms: int = AFTER_MS) -> Intent:
    """Make the record that asks planning for the next channel; `key` is the Watch's own."""
    tenant, intent_id = keys.split(key)
    failed = all(one.stands != OPEN for one in watch.deliveries)
    wanted = Wish(
        number=watch.asked + 1,
        channels=list(
            dict.fromkeys(one.channel for one in watch.deliveries if one.channel != NO_CHANNEL)
        ),
        failed=failed,
        waited_ms=0 if failed else after_ms,
    )
    return Intent(
        recipient=watch.recipient,
        kind=IntentKind.FALLBACK.value,
        id=intent_id,
        priority=_HIGH,
        data=fallback.written(wanted),
        tenant=tenant,
    )


def _is_over(event: DeliveryEvent) -> bool:
    """Say whether the matter itself is settled: a later word on it was told, or it ended."""
    if event.status != _SUPERSEDED:
        return False
    return event.attempt > 0 or event.reason == _RESOLVED_FIRST


def _told(watch: Watch, event: DeliveryEvent, *, at: int) -> Watch:
    stands = _stands(event)
    known = next((one for one in watch.deliveries if one.id == event.delivery_id), None)
    if known is None:
        return _met(watch, event, stands, at=at)
    arms = fallback.is_awaited(event.status, event.reason) and not watch.armed_at
    if stands <= known.stands and not arms:
        return watch
    now = replace(known, stands=max(stands, known.stands))
    return replace(
        watch,
        deliveries=tuple(now if one is known else one for one in watch.deliveries),
        armed_at=at if arms else watch.armed_at,
        changed_at=max(at, watch.changed_at),
    )


def _met(watch: Watch, event: DeliveryEvent, stands: int, *, at: int) -> Watch:
    """Take note of a delivery of which nothing was heard before."""
    stands_in, channel = bool(event.fallback_of), event.channel[:CHANNEL_CHARS]
    fallbacks = watch.fallbacks
    if stands_in and channel not in fallbacks:
        if len(fallbacks) >= MOST_FALLBACKS:
            return watch
        fallbacks = (*fallbacks, channel)
    round_ = fallbacks.index(channel) + 1 if stands_in else 0
    if sum(one.round == round_ for one in watch.deliveries) >= MOST_DELIVERIES:
        # One of very many arrived: that is enough to know.
        return given_up(watch) if stands == ARRIVED else watch
    awaited = fallback.is_awaited(event.status, event.reason)
    arms = awaited and (stands_in or not watch.armed_at)
    return replace(
        watch,
        deliveries=(*watch.deliveries, Watched(event.delivery_id, channel, stands, round_)),
        armed_at=at if arms else watch.armed_at,
        changed_at=max(at, watch.changed_at),
        # After a crash the last wish may be out although this does not know of it.
        asked=max(watch.asked, len(fallbacks)),
        awaiting=watch.awaiting and not stands_in,
        fallbacks=fallbacks,
    )


def _stands(event: DeliveryEvent) -> int:
    if event.status in _REACHED:
        return ARRIVED
    if event.status not in _FINAL:
        return OPEN
    return TAKEN_BACK if event.corrects else ENDED
