"""The end of an alert goes nowhere alone: what it ends goes out first, or not at all."""

import asyncio
import time

import pytest

from connectors.sinks import outcome, refill
from connectors.sinks.claim import Behind, Claims, Go, Superseded
from schemas.codec import decode, encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.reasons import DeliveryStatus
from schemas.topics import Names
from tests.conftest import Stack
from tests.gateway import House
from tests.integration.sinks.conftest import Opening, Running
from tests.provider import Provider
from tests.sink_house import Mail
from tests.sink_house import delivery as mailed
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack
GO = Go(repeat=False)


def now() -> int:
    """Give the moment."""
    return time.time_ns() // 1_000_000


def word(name: str, seq: int, **fields: object) -> Delivery:
    """Make a word on an alert."""
    given = {
        "id": name,
        "intent_id": name,
        "recipient": "ann",
        "channel": "email",
        "address": "ann@example.org",
        "alert_id": "a1",
        "alert_seq": seq,
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


FIRE = word("fire", 1)
END = word("end", 9, ends=True)


def became(delivery: Delivery, status: str, *, until: int = 0) -> DeliveryEvent:
    """Make the event that says what became of it."""
    return outcome.step(delivery, DeliveryStatus(status), now=now(), until=until or now() + 1000)


async def tried(claims: Claims, delivery: Delivery, status: str) -> None:
    """Take a delivery and say what became of it."""
    assert GO == await claims.take(delivery)
    assert await claims.settle(became(delivery, status))


async def test_an_end_waits_for_a_beginning_that_is_tried_again(claims: Claims) -> None:
    """The end is not sent before the fire was, and is sent after it."""
    await tried(claims, FIRE, "retrying")
    assert Behind() == await claims.take(END)
    again = word("fire", 1, attempt=2)
    assert GO == await claims.take(again)
    assert Behind() == await claims.take(END)
    assert await claims.settle(became(again, "sent"))
    assert GO == await claims.take(END)


@pytest.mark.parametrize("status", ["failed", "expired", "suppressed", "superseded"])
async def test_an_end_waits_for_nothing_that_is_over(claims: Claims, status: str) -> None:
    """Once it is known that the fire will not go out, the end waits no longer."""
    await tried(claims, FIRE, "retrying")
    await tried(claims, word("fire", 1, attempt=2), status)
    assert GO == await claims.take(END)


async def test_an_end_waits_for_a_beginning_that_is_held(claims: Claims) -> None:
    """What was parked before its first attempt goes before the end, too."""
    assert await claims.settle(became(FIRE, "held"))
    assert Behind() == await claims.take(END)
    await tried(claims, FIRE, "sent")
    assert GO == await claims.take(END)


async def test_who_was_told_waits_for_nothing(claims: Claims) -> None:
    """Who knows of the alert hears its end at once, and of its later escalation no more."""
    await tried(claims, FIRE, "sent")
    worse = word("worse", 3)
    await tried(claims, worse, "retrying")
    await tried(claims, END, "sent")
    assert Superseded(9) == await claims.take(word("worse", 3, attempt=2))


async def test_only_an_end_waits_and_only_for_its_own(claims: Claims) -> None:
    """Bad news never waits; nor does the end of another alert, address or channel."""
    await tried(claims, FIRE, "retrying")
    for other in (
        word("worse", 3),
        word("e2", 9, ends=True, alert_id="a2"),
        word("e3", 9, ends=True, address="ann@example.com"),
        word("e4", 9, ends=True, channel="sms"),
        word("e5", 9, ends=True, tenant="acme"),
    ):
        assert GO == await claims.take(other)


async def test_an_end_that_is_tried_again_holds_no_other_up(claims: Claims) -> None:
    """An end is no beginning: the alert that reopened and ended again waits for nothing."""
    await tried(claims, END, "retrying")
    assert GO == await claims.take(word("e2", 12, ends=True))


async def test_an_end_does_not_wait_for_ever(claims: Claims, opening: Opening) -> None:
    """Long after the fire should have been tried again, the end goes alone."""
    assert GO == await claims.take(FIRE)
    long_ago = now() - 3_600_000
    assert await claims.settle(became(FIRE, "retrying", until=long_ago))
    assert GO == await opening("b").take(END)


@pytest.mark.parametrize("backwards", [False, True])
async def test_it_is_known_again_from_events(opening: Opening, *, backwards: bool) -> None:
    """A Redis that was emptied learns what is still tried, and what no longer is."""
    claims = opening()
    over, tries = word("d1", 1, alert_id="a2"), FIRE
    steps = [became(tries, "retrying"), became(over, "retrying")]
    steps.append(became(word("d1", 1, alert_id="a2", attempt=2), "failed"))
    values = [encode(event) for event in (steps[::-1] if backwards else steps)]
    await claims.remember(list(refill.ranked(values, now=now())))
    await claims.mark_filled(0)
    assert Behind() == await claims.take(END)
    assert GO == await claims.take(word("e2", 9, ends=True, alert_id="a2"))


async def test_through_the_runner_the_fire_comes_first(
    home: House, stack: Stack, running: Running
) -> None:
    """Where the provider is down for the fire's first attempt, people hear fire and then end."""
    mail = Mail(stack.bootstrap_servers, Names(home.namespace))
    fire = mailed(1, recipient="ann", alert_id="a", alert_seq=1)
    end = mailed(2, recipient="ann", alert_id="a", alert_seq=2, ends=True)
    mail.put([fire])

    async def state(of: Delivery, *wanted: tuple[str, str]) -> None:
        def there() -> bool:
            said = mail.states().get(of.id)
            return said is not None and (said.status, said.reason) in wanted

        await eventually_async(lambda: asyncio.to_thread(there), within_s=40, why=str(wanted))

    def fired(of: Delivery) -> None:
        items = [each for each in mail.scheduled() if decode(Delivery, each.value).id == of.id]
        mail.fire([max(items, key=lambda each: each.due_at)])

    with Provider(lambda call: "later 1" if call.attempt == 1 and call.seq == 1 else "sent") as up:
        async with running(up):
            await state(fire, ("retrying", "provider_unavailable"))
            mail.put([end])
            await state(end, ("held", "behind"))
            fired(fire)
            await state(fire, ("sent", ""))
            fired(end)
            await state(end, ("sent", ""))
    assert ["1", "1", "2"] == [call.text for call in up.calls]
