"""Each address gets one delivery under an id that never differs, and each step one event."""

from msgspec.structs import replace

from schemas import ids
from schemas.deliveries import event_key
from schemas.reasons import NO_CHANNEL, Channel, DeliveryStatus, Lane
from schemas.records import Intent
from streams.core.planning import fan_out
from streams.core.rendering.render import Rendered

INTENT = Intent(
    id="i1", recipient="ann", template="t", priority=3, alert_id="a", alert_seq=2, tenant="acme"
)
WORDS = Rendered(subject="s", text="x", html="<p>", payload={"a": 1}, locale="de")


def test_a_delivery_is_the_same_every_time() -> None:
    """Made again after a crash, it bears the same id and says the same."""
    first, again = (
        fan_out.delivery(
            INTENT,
            channel="email",
            address="a@example.org",
            rendered=WORDS,
            lane="urgent",
            created_at=1,
            expires_at=2,
            template_version="v",
            variant="b",
        )
        for _ in range(2)
    )
    assert first == again
    assert ids.delivery_id("acme", "i1", "email", "a@example.org") == first.id
    assert ("i1", "ann", "acme", "t", "v", "de", "b") == (
        first.intent_id,
        first.recipient,
        first.tenant,
        first.template,
        first.template_version,
        first.locale,
        first.variant,
    )
    assert ("s", "x", "<p>", {"a": 1}) == (first.subject, first.text, first.html, first.payload)
    assert (1, 2, 1, 3, "urgent") == (
        first.created_at,
        first.expires_at,
        first.attempt,
        first.priority,
        first.lane,
    )


def test_a_queued_event_says_what_was_queued() -> None:
    """Every field that views show is there, and the subject without the text."""
    delivery = fan_out.delivery(
        INTENT,
        channel="sms",
        address="1",
        rendered=WORDS,
        lane="urgent",
        created_at=1,
        expires_at=2,
    )
    event = fan_out.queued(delivery, occurred_at=5)
    assert (delivery.id, "queued", 5, 1, "s", "1") == (
        event.delivery_id,
        event.status,
        event.occurred_at,
        event.attempt,
        event.subject,
        event.address,
    )
    assert event == fan_out.event(
        INTENT,
        channel="sms",
        address="1",
        status="queued",
        lane="urgent",
        created_at=1,
        occurred_at=5,
        subject="s",
        locale="de",
    )


def test_an_intent_that_is_dropped_whole_has_one_event() -> None:
    """Its channel is `none`, and it never meets the id of a channel's event."""
    whole = fan_out.event(
        INTENT, status="expired", reason="expired", lane="urgent", created_at=1, occurred_at=2
    )
    assert (NO_CHANNEL, "") == (whole.channel, whole.address)
    others = {
        fan_out.event(
            INTENT, channel=channel, status=status, lane="urgent", created_at=1, occurred_at=2
        ).id
        for channel in Channel
        for status in DeliveryStatus
    }
    assert len(Channel) * len(DeliveryStatus) == len(others)
    assert whole.id not in others


def test_holds_are_told_apart_by_their_mark() -> None:
    """Held twice is two steps, and each is said once."""
    first, second = (
        fan_out.event(
            INTENT,
            channel="sms",
            status="held",
            lane="normal",
            created_at=1,
            occurred_at=2,
            mark=mark,
        )
        for mark in ("1", "2")
    )
    assert first.id != second.id
    assert first.delivery_id == second.delivery_id


def test_keys_lanes_and_topics() -> None:
    """Deliveries lie by recipient, events by intent, and urgent ones in a lane of their own."""
    assert b"acme:ann" == fan_out.key(INTENT)
    told = fan_out.event(INTENT, status="held", lane="normal", created_at=1, occurred_at=2)
    assert b"acme:i1" == event_key(told)
    assert b"acme:i0" == event_key(replace(told, fallback_of="i0"))
    assert [Lane.NORMAL, Lane.NORMAL, Lane.URGENT, Lane.URGENT] == [
        fan_out.lane(priority) for priority in range(4)
    ]
    assert "deliveries.push.urgent" == fan_out.topic(channel="push", lane="urgent").name
    assert "deliveries.push" == fan_out.topic(channel="push", lane="normal").name
