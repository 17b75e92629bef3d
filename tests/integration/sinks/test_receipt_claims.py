"""A receipt settles the claim of a lost answer, and never takes a later word back."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from connectors.callbacks.receipts import Receipts
from connectors.callbacks.saying import Publisher, step
from connectors.callbacks.told import Outcome, Told
from connectors.kafka import Placed
from connectors.sinks import outcome
from connectors.sinks.claim import Claims, Go, Known, Owner, Superseded
from connectors.stores.claims import ReceivedClaims, Standing
from connectors.stores.redis import Redis
from schemas.codec import decode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.links import Receipt
from schemas.reasons import DeliveryStatus
from schemas.topics import Names
from tests.conftest import Stack

pytestmark = pytest.mark.stack
NOW = 1_784_548_800_000


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    """Give a connection."""
    opened = Redis(url=stack.redis_url)
    yield opened
    await opened.close()


@pytest.fixture
async def claims(redis: Redis, namespace: str) -> Claims:
    """Give a sink's claims in a Redis that counts as filled."""
    opened = Claims(redis, Names(namespace), Owner("a", "1"), lease_s=60)
    await opened.mark_filled(0)
    return opened


@pytest.fixture
def received(redis: Redis, namespace: str) -> ReceivedClaims:
    """Give the same claims as receipts see them."""
    return ReceivedClaims(redis, Names(namespace))


def delivery(**fields: object) -> Delivery:
    """Make a delivery of an alert's second change."""
    given = {
        "id": "d1",
        "intent_id": "i1",
        "recipient": "ann",
        "channel": "email",
        "address": "ann@example.org",
        "alert_id": "a1",
        "alert_seq": 2,
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


def became(status: str, **fields: object) -> DeliveryEvent:
    """Make the event that a sink says."""
    return outcome.step(delivery(**fields), DeliveryStatus(status), now=NOW)


def receipt(status: str, *, attempt: int = 1, replay: str = "") -> DeliveryEvent:
    """Make the event that a receipt says."""
    of = Receipt("default", "i1", "d1", "ann", "email", attempt, replay)
    return step(of, status, occurred_at=NOW, mark="e1", provider="sendgrid")


@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
async def test_after_a_lost_answer_nothing_more_is_sent(
    claims: Claims, received: ReceivedClaims, status: str
) -> None:
    """What became of the first attempt is known, so the second is not made."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    assert [True] == await received.settle([receipt(status)])
    assert Known(receipt(status), "") == await claims.take(delivery(attempt=2))
    assert {"d1": Standing(status, 1, "")} == await received.look(["d1", "d2"])


async def test_a_receipt_may_be_quicker_than_the_answer(
    claims: Claims, received: ReceivedClaims
) -> None:
    """The sink's yes is said beside the receipt; its not knowing is overtaken."""
    await claims.take(delivery())
    assert [True] == await received.settle([receipt("delivered")])
    assert not await claims.settle(became("retrying"))
    assert await claims.settle(became("sent"))
    assert Known(receipt("delivered"), "") == await claims.take(delivery())


async def test_a_late_receipt_of_the_first_settles_the_second_under_way(
    claims: Claims, received: ReceivedClaims
) -> None:
    """Once it is known to have arrived no third attempt is made, whatever the second came to."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    assert Go(repeat=False) == await claims.take(delivery(attempt=2))
    assert [True] == await received.settle([receipt("delivered")])
    assert not await claims.settle(became("retrying", attempt=2))
    assert Known(receipt("delivered"), "") == await claims.take(delivery(attempt=3))


@pytest.mark.parametrize("state", ["sending", "retrying", "sent"])
async def test_a_failure_of_an_earlier_attempt_changes_nothing(
    claims: Claims, received: ReceivedClaims, state: str
) -> None:
    """A later attempt goes on as if nothing had been told."""
    await claims.take(delivery(attempt=2))
    if state != "sending":
        await claims.settle(became(state, attempt=2))
    assert [False] == await received.settle([receipt("failed")])
    assert {"d1": Standing(state, 2, "")} == await received.look(["d1"])


@pytest.mark.parametrize("state", ["failed", "expired", "superseded", "suppressed"])
async def test_what_is_final_stays(claims: Claims, received: ReceivedClaims, state: str) -> None:
    """A receipt begins nothing anew, and ends nothing twice."""
    await claims.take(delivery())
    await claims.settle(became(state))
    told = [receipt(status) for status in ("sent", "delivered", "failed")]
    assert [False] * 3 == await received.settle(told)
    assert Known(became(state), "") == await claims.take(delivery())


async def test_what_bounced_may_be_sent_anew(claims: Claims, received: ReceivedClaims) -> None:
    """An operator who mended the address can send it again; before the bounce nobody could."""
    await claims.take(delivery())
    await claims.settle(became("sent"))
    assert Known(became("sent"), "") == await claims.take(delivery(replay="r1"))
    assert [True, True] == await received.settle([receipt("delivered"), receipt("failed")])
    assert [False, False] == await received.settle(
        [receipt("delivered"), receipt("failed", replay="r0")]
    )
    assert Go(repeat=False) == await claims.take(delivery(replay="r1"))
    assert [False] == await received.settle([receipt("failed")])


async def test_nobody_is_told_an_older_word_after_it(
    claims: Claims, received: ReceivedClaims
) -> None:
    """That an alert's second change arrived supersedes its first, as a sink's own yes does."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    await received.settle([receipt("delivered")])
    assert Superseded(2) == await claims.take(delivery(id="d9", alert_seq=1))


async def test_what_nobody_claimed_is_left_alone(claims: Claims, received: ReceivedClaims) -> None:
    """A receipt of what is not known makes no claim."""
    assert [False] == await received.settle([receipt("delivered")])
    assert {} == await received.look(["d1"])
    assert Go(repeat=False) == await claims.take(delivery())


class Ledger:
    """Stand where Kafka does, and keep what is written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def submit(self, topic: str, *, key: bytes, value: bytes | None) -> asyncio.Future[Placed]:
        """Take a record."""
        del key
        self.written.append(decode(DeliveryEvent, value or b"").status)
        future: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        future.set_result((0, len(topic)))
        return future


class Overtaken(ReceivedClaims):
    """Let the next attempt begin in the moment after the claim was looked at."""

    claims: Claims

    async def look(self, delivery_ids: Sequence[str]) -> dict[str, Standing]:
        """Look, and be overtaken."""
        found = await super().look(delivery_ids)
        await self.claims.take(delivery(attempt=2))
        return found


async def test_an_attempt_that_begins_meanwhile_is_not_failed(
    claims: Claims, redis: Redis, namespace: str
) -> None:
    """The first attempt failed while the second began: only the second counts from then on."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    ledger, late = Ledger(), Overtaken(redis, Names(namespace))
    late.claims = claims
    of = Receipt("default", "i1", "d1", "ann", "email", 1)
    told = Told(of=of, occurred_at=NOW, mark="e1", provider="sendgrid", status="failed")
    taken = await Receipts(Publisher(ledger, Names()), late).take([told])
    assert {Outcome.OVERTAKEN: 1} == taken
    assert [] == ledger.written
    assert await claims.settle(became("sent", attempt=2))


async def test_a_failure_of_what_waits_ends_it(claims: Claims, received: ReceivedClaims) -> None:
    """A failure that comes while the next attempt waits is said once, and no attempt follows."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    ledger = Ledger()
    of = Receipt("default", "i1", "d1", "ann", "email", 1)
    told = Told(of=of, occurred_at=NOW, mark="e1", provider="sendgrid", status="failed")
    receipts = Receipts(Publisher(ledger, Names()), received)
    assert {Outcome.SAID: 1, Outcome.OVERTAKEN: 1} == await receipts.take([told, told])
    assert {Outcome.SAID: 1} == await receipts.take([told])  # told again: the same event
    assert ["failed", "failed"] == ledger.written
    verdict = await claims.take(delivery(attempt=2))
    assert "failed" == (verdict.event.status if isinstance(verdict, Known) else None)
