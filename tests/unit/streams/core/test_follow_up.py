"""What is urgent is followed until it arrived, and another channel is asked for in time."""

from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.deliveries import DeliveryEvent
from schemas.fallback import read
from schemas.watch_state import Watch, due_at, pack_watch, unpack_watch
from streams.core.follow_up import (
    AFTER_MS,
    LIFE_MS,
    MOST_DELIVERIES,
    MOST_WISHES,
    SETTLE_MS,
    asked,
    due,
    followed,
    heard,
    lapses_at,
    wish,
)

AT = 1_000_000
KEY = b"acme:i1"


def event(delivery: str, status: str = "queued", **fields: Any) -> DeliveryEvent:
    """State a step of a delivery of an urgent intent; its name begins with its channel."""
    given: dict[str, Any] = {
        "delivery_id": delivery,
        "intent_id": "i1",
        "recipient": "ann",
        "channel": delivery.partition("-")[0],
        "status": status,
        "priority": 2,
        "attempt": 0 if status == "held" else 1,
        "tenant": "acme",
    }
    return DeliveryEvent(**(given | fields))


def fallback(delivery: str, status: str = "queued", **fields: Any) -> DeliveryEvent:
    """State a step of a delivery that stands in for others."""
    return event(delivery, status, intent_id="f", fallback_of="i1", **fields)


def watched(*events: DeliveryEvent | tuple[int, DeliveryEvent], held: Watch | None = None) -> Watch:
    """Add events up, each with how long after the first it came."""
    for one in events:
        after, said = one if isinstance(one, tuple) else (0, one)
        held = heard(held, said, at=AT + after)
    assert held is not None
    return held


def test_nothing_heard_for_a_minute_asks_for_another_channel() -> None:
    """The minute begins when the first delivery was handed over."""
    assert AT + AFTER_MS == due(watched(event("push"), (5_000, event("email"))))
    assert AT + AFTER_MS == due(watched(event("push"), (5_000, event("push", "retrying"))))


def test_one_that_arrived_is_enough() -> None:
    """Where one delivery is sent or better, nobody is told on another channel."""
    for status in ("sent", "delivered", "opened", "clicked"):
        assert 0 == due(watched(event("push"), event("email"), event("email", status)))


def test_where_all_failed_nobody_waits() -> None:
    """A moment after the last of them failed another channel is asked for."""
    for status in ("failed", "expired", "suppressed", "rate_limited"):
        both = watched(event("push"), event("email"), (500, event("push", "failed")))
        assert AT + AFTER_MS == due(both)
        both = watched((900, event("email", status)), held=both)
        assert AT + 900 + SETTLE_MS == due(both)


def test_a_failure_told_before_its_beginning_counts() -> None:
    """A sink may be faster than planning is heard."""
    early = watched(event("push", "failed"))
    assert 0 == due(early)
    assert AT + 20 + SETTLE_MS == due(watched((20, event("push")), held=early))


def test_what_was_only_held_is_not_followed() -> None:
    """Who waits for a slot has not been handed to anybody."""
    assert 0 == due(watched(event("push", "held"), event("email", "suppressed")))


def test_a_channel_that_cannot_be_used_reached_nobody() -> None:
    """Where the only address is gone, or words failed, another channel is asked for at once."""
    for status, reason in (("suppressed", "address_gone"), ("failed", "template_failed")):
        watch = watched(event("push", status, reason=reason, attempt=0))
        assert AT + SETTLE_MS == due(watch)
        assert AT + AFTER_MS == due(watched(event("email"), held=watch))
    assert 0 == due(watched(event("push", "suppressed", reason="opted_out", attempt=0)))


def test_an_arrival_that_was_taken_back_is_none() -> None:
    """A bounce after `sent` asks for another channel, whichever of the two is heard first."""
    bounced = event("push", "failed", corrects="sent")
    for steps in permutations((event("push"), event("push", "sent"), bounced)):
        assert AT + SETTLE_MS == due(watched(*steps))


def test_what_is_over_is_followed_no_more() -> None:
    """A later word on the alert, its end, or another channel's success settles the matter."""
    for fields in ({"reason": "superseded"}, {"reason": "resolved_first", "attempt": 0}):
        over = watched(event("push"), event("push", "superseded", **fields))
        assert 0 == due(watched((9, event("email", "failed")), held=over))


def test_what_went_into_a_digest_did_not_arrive_yet() -> None:
    """A digest may be hours away, so that another channel is asked for as if it had failed."""
    digested = event("email", "superseded", reason="digested", attempt=0)
    assert AT + AFTER_MS == due(watched(event("push"), digested))


def test_a_wish_says_what_did_not_arrive() -> None:
    """The wish goes to the recipient's planning, for the first intent, with its number."""
    late = wish(watched(event("push-1"), event("push-2"), event("email")), KEY)
    assert ("fallback", "i1", "ann", "acme", 2) == (
        late.kind, late.id, late.recipient, late.tenant, late.priority
    )  # fmt: skip
    said = read(late.data)
    assert (1, ["push", "email"], False, AFTER_MS) == (
        said.number, said.channels, said.failed, said.waited_ms
    )  # fmt: skip
    failed = read(wish(watched(event("push"), event("push", "failed")), KEY).data)
    assert (True, 0) == (failed.failed, failed.waited_ms)


def test_after_a_wish_nothing_is_asked_until_its_fallback_is_heard() -> None:
    """Where planning knows no other channel, it is asked once."""
    waiting = asked(watched(event("push")))
    assert 0 == due(waiting)
    assert 0 == due(watched((70_000, event("push", "failed")), held=waiting))


def test_a_fallback_is_followed_as_well() -> None:
    """The chain goes on a minute after it began, or at once where the fallback failed."""
    waiting = watched((61_000, fallback("sms")), held=asked(watched(event("push"))))
    assert AT + 61_000 + AFTER_MS == due(waiting)
    failed = watched((62_000, fallback("sms", "failed")), held=waiting)
    assert AT + 62_000 + SETTLE_MS == due(failed)
    second = read(wish(failed, KEY).data)
    assert (2, ["push", "sms"], False) == (second.number, second.channels, second.failed)
    for arrived in (fallback("sms", "sent"), event("push", "sent")):
        assert 0 == due(watched(arrived, held=failed))


def test_a_wish_that_was_forgotten_at_a_crash_is_counted() -> None:
    """A fallback that is heard of was asked for, whatever this state knows of it."""
    heard_of = watched(event("push"), (61_000, fallback("sms")))
    assert (1, 2) == (heard_of.asked, read(wish(heard_of, KEY).data).number)


def test_there_is_an_end_to_asking() -> None:
    """No chain is longer than there are channels."""
    watch = watched(event("push"))
    for number in range(MOST_WISHES):
        assert due(watch)
        watch = watched((number, fallback(f"c{number}")), held=asked(watch))
    assert 0 == due(watch)


def test_a_state_stays_small() -> None:
    """However many devices somebody has, so many are told apart, and one success is enough."""
    many = watched(*(event(f"push-{number}") for number in range(3 * MOST_DELIVERIES)))
    assert MOST_DELIVERIES == len(many.deliveries)
    assert AT + AFTER_MS == due(many)
    assert 0 == due(watched(event("push-149", "sent"), held=many))
    second = watched(*(fallback(f"sms-{n}") for n in range(3 * MOST_DELIVERIES)), held=asked(many))
    assert 2 * MOST_DELIVERIES == len(second.deliveries)
    assert AT + AFTER_MS == due(second)


def test_only_what_is_urgent_is_followed() -> None:
    """Neither what may wait nor the end of an alert asks for another channel."""
    assert [False, False, True, True] == [followed(event("push", priority=n)) for n in range(4)]
    assert not followed(event("push", ends=True))


def test_a_state_tells_its_moment_unread() -> None:
    """A restart finds what is due, and the sweep what lapsed, without unpacking."""
    watch = watched(event("push"))
    packed = pack_watch(watch, due_at=due(watch), lapses_at=lapses_at(watch))
    assert (watch, AT + AFTER_MS, 1) == (unpack_watch(packed), due_at(packed), packed[0])
    arrived = watched(event("push", "sent"), held=watch)
    packed = pack_watch(arrived, due_at=due(arrived), lapses_at=lapses_at(arrived))
    assert (0, 0, AT + LIFE_MS) == (due_at(packed), packed[0], int.from_bytes(packed[1:9], "big"))


steps = st.lists(
    st.builds(
        lambda name, status, corrects, stands_in: event(
            name,
            status,
            corrects="sent" if corrects and status == "failed" else "",
            fallback_of="i1" if stands_in and name != "push" else "",
        ),
        st.sampled_from(("push", "email", "sms")),
        st.sampled_from(
            ("queued", "held", "retrying", "sent", "delivered", "failed", "expired", "superseded")
        ),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


@given(steps, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_come_to_the_same(
    life: list[DeliveryEvent], chance: Any
) -> None:
    """What is known of each delivery does not hang on the order in which it is heard."""

    def known(events: list[DeliveryEvent]) -> Any:
        watch: Watch | None = None
        for one in events:
            watch = heard(watch, one, at=AT)
        if watch is None or watch.over:
            return watch is None
        return {(one.id, one.stands) for one in watch.deliveries}, bool(watch.armed_at)

    again = [*life, *life]
    chance.shuffle(again)
    assert known(life) == known(again)


@given(steps)
def test_a_watch_agrees_with_a_naive_reading(life: list[DeliveryEvent]) -> None:
    """Another channel is asked for exactly where something was handed over and nothing arrived."""
    watch: Watch | None = None
    for one in life:
        watch = heard(watch, one, at=AT)
    over = any(e.status == "superseded" for e in life)
    taken_back = {e.delivery_id for e in life if e.corrects}
    arrived = {e.delivery_id for e in life if e.status in {"sent", "delivered"}} - taken_back
    queued = any(e.status == "queued" for e in life)
    expected = queued and not over and not arrived
    assert expected == bool(watch is not None and due(watch))


@given(steps)
def test_hearing_nothing_new_changes_nothing(life: list[DeliveryEvent]) -> None:
    """A copy of an event costs no write."""
    watch: Watch | None = None
    for one in life:
        watch = heard(watch, one, at=AT)
    for one in life:
        assert watch is heard(watch, one, at=AT)
