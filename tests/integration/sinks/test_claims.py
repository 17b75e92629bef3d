"""Claims: one attempt of a delivery is one process's to send, and what came of it is known."""

import msgspec
import pytest

from connectors.sinks import outcome, refill
from connectors.sinks.claim import (
    Claims,
    Empty,
    Go,
    Known,
    Superseded,
    Taken,
    Verdict,
    Wait,
)
from connectors.stores.claims import LIFE_MS
from schemas.codec import encode
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.reasons import DeliveryStatus
from tests.integration.sinks.conftest import Opening
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack
NOW = 1_784_548_800_000


def delivery(**fields: object) -> Delivery:
    """Make a delivery of an alert's first change."""
    given = {
        "id": "d1",
        "intent_id": "i1",
        "recipient": "ann",
        "channel": "email",
        "address": "ann@example.org",
        "alert_id": "a1",
        "alert_seq": 1,
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


def became(status: str, **fields: object) -> DeliveryEvent:
    """Make the event that says what became of it."""
    return outcome.step(delivery(**fields), DeliveryStatus(status), now=NOW)


async def test_nothing_is_known_and_it_is_sent(claims: Claims) -> None:
    """The first to ask sends."""
    assert Go(repeat=False) == await claims.take(delivery())


async def test_an_empty_redis_is_told_apart(opening: Opening) -> None:
    """Where the marker is missing nothing is sent before Redis is filled."""
    claims = opening()
    assert Empty() == await claims.take(delivery())
    assert not await claims.is_filled()


async def test_another_who_sends_is_waited_for(claims: Claims, opening: Opening) -> None:
    """While one process sends, another waits for what comes of it."""
    await claims.take(delivery())
    verdict = await opening("b").take(delivery())
    assert isinstance(verdict, Wait)
    assert 0 < verdict.seconds <= 60


async def test_our_own_of_this_life_is_waited_for(claims: Claims) -> None:
    """A record that comes twice to one process is not sent twice."""
    await claims.take(delivery())
    assert isinstance(await claims.take(delivery()), Wait)


async def test_our_own_of_an_earlier_life_may_repeat(claims: Claims, opening: Opening) -> None:
    """After a crash the same process sends again at once, and says that it may be a repeat."""
    await claims.take(delivery())
    assert Go(repeat=True) == await opening("a", "2").take(delivery())


async def test_a_lapsed_claim_may_repeat(claims: Claims, opening: Opening) -> None:
    """What a process left behind is sent by another when its time is over."""
    await opening("b", lease_s=0.2).take(delivery())

    async def go() -> Verdict | None:
        verdict = await claims.take(delivery())
        return verdict if isinstance(verdict, Go) else None

    assert Go(repeat=True) == await eventually_async(go, within_s=10, why="the claim lapses")


@pytest.mark.parametrize("status", ["sent", "delivered", "failed", "expired", "superseded"])
async def test_what_is_over_is_not_sent(claims: Claims, opening: Opening, status: str) -> None:
    """After the end nobody sends, and the stored event is published again."""
    await claims.take(delivery())
    event = became(status)
    assert await claims.settle(event, kind="gone")
    assert Known(event, "gone") == await opening("b").take(delivery())


async def test_the_next_attempt_is_sent(claims: Claims) -> None:
    """After a definite no the next attempt goes out as if it were the first."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    assert Go(repeat=False) == await claims.take(delivery(attempt=2))


async def test_the_attempt_that_was_answered_is_told_again(claims: Claims) -> None:
    """Read again after its answer, an attempt is scheduled again under the same id."""
    await claims.take(delivery())
    event = became("retrying")
    await claims.settle(event)
    assert Known(event, "") == await claims.take(delivery())


async def test_an_earlier_attempt_is_dropped(claims: Claims) -> None:
    """A copy of an attempt that was followed by another is nobody's any more."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    await claims.take(delivery(attempt=2))
    assert Taken() == await claims.take(delivery())


async def test_an_attempt_that_redis_missed_is_sent(claims: Claims) -> None:
    """A later attempt proves that the earlier one ended, whatever Redis lost of it."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    assert Go(repeat=False) == await claims.take(delivery(attempt=3))


@pytest.mark.parametrize("status", ["failed", "expired", "suppressed"])
async def test_a_replay_of_what_did_not_go_out_begins_anew(claims: Claims, status: str) -> None:
    """What reached nobody and is sent anew by an operator begins with its first attempt."""
    await claims.take(delivery(attempt=6))
    await claims.settle(became(status, attempt=6))
    assert Go(repeat=False) == await claims.take(delivery(replay="r1"))
    await claims.settle(became("retrying", replay="r1"))
    assert Go(repeat=False) == await claims.take(delivery(replay="r1", attempt=2))


@pytest.mark.parametrize("status", ["sent", "delivered"])
async def test_a_replay_of_what_went_out_is_not_sent(claims: Claims, status: str) -> None:
    """What reached its provider is not sent again by a replay."""
    await claims.take(delivery())
    event = became(status)
    await claims.settle(event)
    assert Known(event, "") == await claims.take(delivery(replay="r1"))


async def test_a_replay_beside_a_retry_is_dropped(claims: Claims) -> None:
    """What is still being tried needs no replay."""
    await claims.take(delivery())
    await claims.settle(became("retrying"))
    assert Taken() == await claims.take(delivery(replay="r1"))


async def test_an_older_word_is_superseded(claims: Claims) -> None:
    """After a later change of an alert was told, an earlier one is not."""
    await claims.take(delivery(id="d3", alert_seq=3))
    await claims.settle(became("sent", id="d3", alert_seq=3))
    assert Superseded(3) == await claims.take(delivery())
    assert Go(repeat=False) == await claims.take(delivery(id="d4", alert_seq=4))
    assert Go(repeat=False) == await claims.take(delivery(id="d5", recipient="ben"))
    assert Go(repeat=False) == await claims.take(delivery(id="d6", channel="sms"))
    assert Go(repeat=False) == await claims.take(delivery(id="d7", alert_id="a2"))


async def test_what_did_not_go_out_supersedes_nothing(claims: Claims) -> None:
    """A later change that failed leaves the earlier one its turn."""
    await claims.take(delivery(id="d3", alert_seq=3))
    await claims.settle(became("failed", id="d3", alert_seq=3))
    assert Go(repeat=False) == await claims.take(delivery())


async def test_a_late_answer_does_not_overrule(claims: Claims, opening: Opening) -> None:
    """Whoever slept over its claim may still say that it was sent, and nothing else."""
    sleeper = opening("b", lease_s=0.001)
    await sleeper.take(delivery())

    async def lapsed() -> bool:
        return isinstance(await claims.take(delivery()), Go)

    await eventually_async(lapsed, within_s=10, why="the claim lapses")
    assert not await sleeper.settle(became("retrying"))
    assert await sleeper.settle(became("sent"))
    assert not await claims.settle(became("retrying"))
    assert Known(became("sent"), "") == await claims.take(delivery())


async def test_events_fill_an_empty_redis(opening: Opening) -> None:
    """From published events the newest state of each delivery is known again, in any order."""
    claims = opening()
    steps = [
        became("retrying"),
        became("delivered", attempt=2),
        became("retrying", attempt=2, id="d2", alert_id=""),
        became("retrying", attempt=1, id="d2", alert_id=""),
        became("held", id="d8", alert_id=""),
    ]
    values = [*map(encode, steps), b"nonsense"]
    await claims.remember(list(refill.ranked(values, now=NOW)))
    await claims.mark_filled(NOW)
    assert Known(became("delivered", attempt=2), "") == await claims.take(delivery())
    assert Taken() == await claims.take(delivery(id="d2", alert_id=""))
    assert Go(repeat=False) == await claims.take(delivery(id="d2", alert_id="", attempt=3))
    assert Go(repeat=False) == await claims.take(delivery(id="d8", alert_id=""))
    assert Superseded(1) == await claims.take(delivery(id="d9", alert_seq=0))


async def test_filling_does_not_overrule_a_sink(claims: Claims) -> None:
    """What a sink wrote meanwhile stands over what events tell."""
    await claims.take(delivery())
    await claims.remember(list(refill.ranked([encode(became("retrying"))], now=NOW)))
    assert isinstance(await claims.take(delivery()), Wait)


async def test_what_was_waiting_when_redis_was_emptied_may_repeat(claims: Claims) -> None:
    """Nobody knows whether a record from before the loss was sent without an event."""
    await claims.mark_filled(NOW)
    before = delivery(id="d1", alert_id="")
    after = msgspec.structs.replace(before, id="d2")
    assert Go(repeat=True) == await claims.take(before, written_at=NOW - 1)
    assert Go(repeat=False) == await claims.take(after, written_at=NOW)


def test_old_events_are_passed_over() -> None:
    """What is older than a claim lives is not put back."""
    values = [encode(became("sent"))]
    assert [] == list(refill.ranked(values, now=NOW + LIFE_MS))
    assert 1 == len(list(refill.ranked(values, now=NOW + LIFE_MS - 1)))
