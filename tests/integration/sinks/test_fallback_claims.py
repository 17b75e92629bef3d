"""Once a fallback is under way, one message that arrives is enough; before, each goes its way."""

import time

import pytest

from connectors.callbacks.saying import step
from connectors.sinks import outcome, refill
from connectors.sinks.claim import Claims, Go, Superseded, Verdict
from connectors.stores.claims import ReceivedClaims
from connectors.stores.redis import Redis
from schemas.codec import encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.links import Receipt
from schemas.reasons import DeliveryStatus
from schemas.topics import Names
from tests.integration.sinks.conftest import Opening

pytestmark = pytest.mark.stack
GO = Go(repeat=False)
REACHED = Superseded(0)


def now() -> int:
    """Give the moment."""
    return time.time_ns() // 1_000_000


def page(name: str, **fields: object) -> Delivery:
    """Make a delivery of something urgent."""
    given = {
        "id": name,
        "intent_id": "i1",
        "recipient": "ann",
        "channel": name.partition("-")[0],
        "address": name,
        "lane": "urgent",
        "priority": 2,
        "created_at": now(),
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


def fallback(name: str, **fields: object) -> Delivery:
    """Make a delivery that stands in for those of the intent `i1`."""
    return page(name, **({"intent_id": "f", "fallback_of": "i1"} | fields))


def became(delivery: Delivery, status: str, *, at: int = 0) -> DeliveryEvent:
    """Make the event that says what became of it."""
    return outcome.step(delivery, DeliveryStatus(status), now=at or now())


async def tried(claims: Claims, delivery: Delivery, status: str) -> Verdict:
    """Take a delivery and, if it may go, say what became of it."""
    verdict = await claims.take(delivery)
    if verdict == GO:
        assert await claims.settle(became(delivery, status))
    return verdict


async def test_without_a_fallback_every_channel_gets_its_message(claims: Claims) -> None:
    """Who asks for mail and push gets both, and on every device."""
    for name in ("push-1", "push-2", "email"):
        assert GO == await tried(claims, page(name), "sent")


async def test_the_rest_is_superseded_once_the_fallback_arrived(claims: Claims) -> None:
    """After the text message was sent, the push that was still tried is not."""
    assert GO == await tried(claims, page("push-1"), "retrying")
    assert GO == await tried(claims, page("push-2"), "retrying")
    assert GO == await tried(claims, fallback("sms"), "sent")
    for name in ("push-1", "push-2", "email"):
        assert REACHED == await claims.take(page(name, attempt=2))


async def test_the_fallback_is_superseded_once_the_first_arrived(claims: Claims) -> None:
    """Whichever comes first: the text message that was still tried is not sent after the push."""
    await tried(claims, page("push"), "retrying")
    await tried(claims, fallback("sms"), "retrying")
    assert GO == await tried(claims, page("push", attempt=2), "delivered")
    assert REACHED == await claims.take(fallback("sms", attempt=2))
    assert REACHED == await claims.take(fallback("email", intent_id="g"))


async def test_while_nothing_arrived_all_are_tried(claims: Claims) -> None:
    """A failure reaches nobody, so that the others go on."""
    await tried(claims, page("push"), "retrying")
    assert GO == await tried(claims, fallback("sms"), "failed")
    assert GO == await tried(claims, page("push", attempt=2), "retrying")
    assert GO == await tried(claims, fallback("email", intent_id="g"), "sent")


async def test_an_arrival_that_was_taken_back_does_not_count(claims: Claims) -> None:
    """A fallback that was planned well after a success was planned because it was none."""
    await tried(claims, page("push"), "sent")
    assert GO == await claims.take(fallback("sms", created_at=now() + 1_500))


async def test_an_arrival_that_nobody_had_heard_of_counts(claims: Claims) -> None:
    """What was sent in the moment when the fallback was planned makes it needless."""
    await tried(claims, page("push"), "sent")
    assert REACHED == await claims.take(fallback("sms", created_at=now() + 500))


async def test_other_intents_are_none_of_its_business(claims: Claims) -> None:
    """A fallback of one intent keeps nothing of another back, nor of another tenant."""
    await tried(claims, fallback("sms"), "sent")
    assert GO == await claims.take(page("push", intent_id="i2"))
    assert GO == await claims.take(page("slack", tenant="acme"))


async def test_what_may_wait_is_looked_at_by_nobody(claims: Claims) -> None:
    """Nothing is followed in the normal lane, so nothing is kept back there."""
    await tried(claims, fallback("sms"), "sent")
    assert GO == await claims.take(page("push", lane="normal"))


async def test_it_is_known_again_from_events(opening: Opening) -> None:
    """A Redis that was emptied learns from events that a fallback is under way, and arrived."""
    claims = opening()
    at = now() - 60_000
    sms = fallback("sms", created_at=at)
    steps = [became(page("push"), "retrying", at=at), became(sms, "sent", at=at + 500)]
    for order in (steps, steps[::-1]):
        values = [encode(event) for event in order]
        await claims.remember(list(refill.ranked(values, now=now())))
    await claims.mark_filled(now() - 120_000)
    assert REACHED == await claims.take(page("push", attempt=2))
    assert GO == await claims.take(page("push", id="p2", intent_id="i2"))


async def test_an_arrival_alone_is_known_again_and_keeps_nothing_back(opening: Opening) -> None:
    """Rebuilt without a fallback, every channel still gets its message."""
    claims = opening()
    values = [encode(became(page("push"), "sent"))]
    await claims.remember(list(refill.ranked(values, now=now())))
    await claims.mark_filled(0)
    assert GO == await claims.take(page("email"))
    assert REACHED == await claims.take(fallback("sms"))


async def test_a_receipt_after_a_lost_answer_counts_as_an_arrival(
    claims: Claims, redis: Redis, namespace: str
) -> None:
    """What the provider says later spares the other channels too."""
    push, sms = page("push"), fallback("sms")
    await tried(claims, push, "retrying")
    of = Receipt("default", "i1", "push", "ann", "push", 1)
    receipt = step(of, "delivered", occurred_at=now(), mark="e1")
    assert [True] == await ReceivedClaims(redis, Names(namespace)).settle([receipt])
    assert REACHED == await claims.take(sms)


async def test_a_bounce_that_is_quicker_than_the_yes_reached_nobody(
    claims: Claims, redis: Redis, namespace: str
) -> None:
    """A fallback that is asked for after a bounce goes out, however late the yes is heard."""
    mail = page("email")
    await claims.take(mail)
    of = Receipt("default", "i1", "email", "ann", "email", 1)
    bounce = step(of, "failed", occurred_at=now(), mark="e1", corrects="sent")
    assert [True] == await ReceivedClaims(redis, Names(namespace)).settle([bounce])
    assert await claims.settle(became(mail, "sent"))
    assert GO == await claims.take(fallback("sms"))
