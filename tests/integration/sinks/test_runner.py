"""The runner on real Kafka and Valkey, against a provider that answers as it is told."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from connectors.sinks import outcome
from connectors.sinks.claim import Claims, Owner
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Limits
from connectors.stores.redis import Redis, Script
from schemas.codec import decode, encode
from schemas.deliveries import Delivery, Scheduled
from schemas.limits import OUTPUT_BYTES
from schemas.reasons import DeliveryStatus
from schemas.topics import Names
from tests.conftest import Stack
from tests.faults.scene import wait_s
from tests.gateway import House
from tests.integration.sinks.conftest import Running
from tests.provider import Call, Provider
from tests.sink_house import Mail, delivery
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack
T = TypeVar("T")
WIDE = {"abreast": 4}
FLUSH = Script("redis.call('FLUSHALL') return 1")


@pytest.fixture
def mail(home: House, stack: Stack) -> Mail:
    """Give topics of the test's own."""
    return Mail(stack.bootstrap_servers, Names(home.namespace))


async def _until(ask: Callable[[], T], *, why: str, within_s: float = 40) -> T:
    return await eventually_async(lambda: asyncio.to_thread(ask), within_s=within_s, why=why)


def _scheduled(mail: Mail, count: int) -> list[Scheduled]:
    items = mail.scheduled()
    return items if len(items) == count else []


async def _settled(mail: Mail, count: int) -> dict[str, str]:
    """Wait until so many deliveries have an event; give their last status."""

    def enough() -> dict[str, str]:
        states = {key: event.status for key, event in mail.states().items()}
        return states if len(states) >= count else {}

    return await _until(enough, why=f"{count} deliveries have an event")


async def test_each_answer_becomes_what_it_must(mail: Mail, running: Running) -> None:
    """Sent, delivered, retrying, failed: events, retries, dead letters and feedback say so."""
    words = {"0": "sent", "1": "delivered", "2": "later 99", "3": "refused", "4": "gone", "5": "?"}
    sent = [delivery(number) for number in range(6)]
    mail.put(sent)
    mail.raw(b"nonsense")
    mail.raw(encode(delivery(7, text="x" * OUTPUT_BYTES)))
    with Provider(lambda call: words[call.text]) as provider:
        async with running(provider):
            states = await _settled(mail, 6)
            await _until(lambda: len(mail.dead_letters()) == 4, why="failures are kept")
    expected = ["sent", "delivered", "retrying", "failed", "failed", "retrying"]
    assert expected == [states[each.id] for each in sent]
    assert {"undecodable", "oversized", "provider_refused", "endpoint_off"} == {
        letter.reason for letter in mail.dead_letters()
    }
    assert [("gone", "r4.example.org")] == [(e.kind, e.address) for e in mail.feedback()]
    due = {item.id.split(":")[1]: item.due_at - time.time() * 1000 for item in mail.scheduled()}
    assert {sent[2].id, sent[5].id} == set(due)
    assert due[sent[2].id] > 60_000
    assert 30_000 < due[sent[5].id] <= 60_000


async def test_retries_go_on_to_the_end(mail: Mail, running: Running) -> None:
    """A delivery that is scheduled again comes back, and the last attempt is final."""
    one = delivery(1)
    mail.put([one])
    with Provider(lambda call: "sent" if call.attempt == 3 else "later 1") as provider:
        async with running(provider):
            for attempt in (2, 3):
                items = await _until(
                    partial(_scheduled, mail, attempt - 1), why="the next attempt is scheduled"
                )
                # Items lie in several partitions: the last one read need not be the newest.
                mail.fire([max(items, key=lambda item: item.due_at)])
            await _until(lambda: mail.states()[one.id].status == "sent", why="it is sent")
    assert [1, 2, 3] == [call.attempt for call in provider.calls]
    assert ["retrying", "retrying", "sent"] == [event.status for event in mail.events()]


async def test_a_recipient_hears_in_order(mail: Mail, running: Running) -> None:
    """One recipient's messages go one after the other, but where they may go abreast."""
    mail.put([delivery(number, recipient="ann") for number in range(20)])
    mail.put([delivery(100 + n, recipient="hook", payload=WIDE) for n in range(20)])
    with Provider() as provider:
        async with running(provider):
            await _settled(mail, 40)
    assert [str(n) for n in range(20)] == [c.text for c in provider.calls if c.recipient == "ann"]
    assert 1 == provider.most_abreast["ann"]
    assert 1 <= provider.most_abreast["hook"] <= 4


async def test_an_end_does_not_overtake_its_beginning(mail: Mail, running: Running) -> None:
    """Where four go abreast, the end of an alert still waits for the answer to its beginning."""
    pairs = [
        delivery(2 * n + seq, recipient="hook", alert_id=f"a{n}", alert_seq=seq + 1, payload=WIDE)
        for n in range(5)
        for seq in (0, 1)
    ]
    mail.put(pairs)

    answered: set[int] = set()
    early: list[int] = []

    def slow_at_first(call: Call) -> str:
        number = int(call.text)
        if call.seq == 1:
            wait_s(0.2)
        elif number - 1 not in answered:
            early.append(number)
        answered.add(number)
        return "sent"

    with Provider(slow_at_first) as provider:
        async with running(provider):
            states = await _settled(mail, len(pairs))
    assert {"sent"} == {states[each.id] for each in pairs}
    assert [] == early


async def test_nothing_stale_and_nothing_superseded_is_sent(mail: Mail, running: Running) -> None:
    """What expired, and what a later word has overtaken, ends without a call."""
    stale = delivery(1, expires_at=1)
    later = delivery(2, recipient="ann", alert_id="a", alert_seq=5)
    earlier = delivery(3, recipient="ann", alert_id="a", alert_seq=4)
    mail.put([stale, later, earlier])
    with Provider() as provider:
        async with running(provider):
            states = await _settled(mail, 3)
    assert ["expired", "sent", "superseded"] == [states[d.id] for d in (stale, later, earlier)]
    assert ["2"] == [call.text for call in provider.calls]


async def test_an_answer_that_was_not_published_is(
    mail: Mail, running: Running, stack: Stack
) -> None:
    """After a crash between answer and event the event is published and nothing is called."""
    one = delivery(1)
    redis = Redis(url=stack.redis_url)
    claims = Claims(redis, mail.names, Owner("one", "before"), lease_s=45)
    await claims.mark_filled(0)
    await claims.take(one)
    event = outcome.step(one, DeliveryStatus.SENT, now=1000, provider="line", provider_id="p0")
    await claims.settle(event)
    await redis.close()
    mail.put([one])
    with Provider() as provider:
        async with running(provider):
            await _settled(mail, 1)
    assert [event] == mail.events()
    assert [] == provider.calls


async def test_without_redis_nothing_is_sent(mail: Mail, running: Running, stack: Stack) -> None:
    """While Redis is away sinks wait; when it is back and empty, what was sent stays sent."""
    first = [delivery(number) for number in range(5)]
    mail.put(first)
    with Provider() as provider:
        async with running(provider) as runner:
            await _settled(mail, 5)
            stack.valkey.kill()
            mail.put([*first, delivery(9)])
            await _until(lambda: runner.trouble, why="the runner notices")
            assert 5 == len(provider.calls)
            await asyncio.to_thread(stack.valkey.start)
            redis = Redis(url=stack.redis_url)

            async def empty() -> bool:
                await redis.run(FLUSH, keys=[], args=[], within_s=5)
                return True

            await eventually_async(empty, within_s=20, why="Redis is emptied")
            await _settled(mail, 6)
            await redis.close()
            # Each record that came again was answered from what events told.
            await _until(lambda: len(mail.events()) >= 11, why="stored events are told again")
    assert 6 == len(provider.calls)
    assert 6 == len({event.id for event in mail.events()})


async def test_a_hanging_endpoint_delays_nobody(mail: Mail, running: Running) -> None:
    """Deliveries to one endpoint that hangs are parked, and the others go out meanwhile."""

    def script(call: Call) -> str:
        return "hang" if call.recipient.startswith("slow") else "sent"

    slow = [delivery(n, recipient=f"slow{n}", address="slow") for n in range(40)]
    fast = [delivery(100 + n) for n in range(200)]
    mail.put([each for pair in zip(slow, fast, strict=False) for each in pair] + fast[40:])
    limits = Limits(in_flight=4)
    with Provider(script) as provider:
        async with running(provider, limits=limits, sinking=Sinking(instance_id="one", stop_s=0.5)):
            states = await _settled(mail, 236)
    assert {"sent"} == {states[each.id] for each in fast}
    assert ["held"] * 36 == [states[d.id] for d in slow if d.id in states]
    assert 4 == sum(call.recipient.startswith("slow") for call in provider.calls)
    assert {"paced"} == {e.reason for e in mail.events() if e.status == "held"}


async def test_a_broken_endpoint_is_parked_but_not_for_urgent(mail: Mail, running: Running) -> None:
    """After ten failures normal deliveries wait without an attempt, urgent ones are tried."""
    failing = [delivery(n, address="broken") for n in range(10)]
    mail.put(failing)
    with Provider(lambda call: "later 99" if int(call.text) < 10 else "sent") as provider:
        async with running(provider):
            await _settled(mail, 10)
            normal = delivery(10, address="broken")
            urgent = delivery(11, address="broken", lane="urgent")
            mail.put([normal])
            await _settled(mail, 11)
            mail.put([urgent])
            states = await _settled(mail, 12)
    assert ("held", "sent") == (states[normal.id], states[urgent.id])
    assert [] == provider.of(normal.id)
    assert [1] == [
        d.parked
        for d in (decode(Delivery, item.value) for item in mail.scheduled())
        if d.id == normal.id
    ]


async def test_an_attempt_that_is_over_is_dropped(mail: Mail, running: Running) -> None:
    """A copy of an attempt that was followed by another leads to a Decision and no call."""
    one = delivery(1)
    with Provider(lambda call: "later 99") as provider:
        async with running(provider):
            mail.put([one])
            items = await _until(mail.scheduled, why="the next attempt is scheduled")
            mail.fire(items)
            await _until(lambda: len(mail.scheduled()) == 2, why="the second attempt is answered")
            mail.put([one])
            dropped = await _until(mail.decisions, why="the copy is dropped")
    assert [(one.id, "sink", "dropped", "attempt_taken")] == [
        (d.subject_id, d.stage, d.outcome, d.reason) for d in dropped
    ]
    assert 2 == len(provider.calls)
