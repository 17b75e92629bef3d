"""What is said of what providers tell, and that its order and repetition change nothing."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict

from connectors.callbacks import sendgrid, texts
from connectors.callbacks.saying import Said
from connectors.callbacks.told import Made, Outcome, Told, made
from connectors.sinks.outcome import step
from connectors.stores.claims import Standing
from connectors.views.deliveries import log_rows, merged
from schemas.deliveries import AddressEvent, Delivery, DeliveryEvent
from schemas.reasons import AddressKind, DeliveryStatus
from tests.builders import NOON
from tests.callbacks import SECRET, receipt, sendgrid_event

SECOND = 1000
DELIVERY = Delivery(
    id="delivery-a",
    intent_id="intent-a",
    recipient="ann",
    channel="email",
    address="ann@example.org",
    subject="Disk full on db-1",
    created_at=NOON,
)


def tells(status: str, **fields: Any) -> Told:
    """Build what a provider tells of the first attempt."""
    given_ = {"of": receipt(), "occurred_at": NOON, "mark": "e1", "provider": "sendgrid"}
    return Told(**(given_ | {"status": status} | fields))  # type: ignore[arg-type]


def standing(state: str, attempt: int = 1, replay: str = "") -> dict[str, Standing]:
    """Say how the claim stands."""
    return {"delivery-a": Standing(state, attempt, replay)}


def said(result: Made) -> list[str]:
    """Name what is said: the status or the kind."""
    return [each.status if isinstance(each, DeliveryEvent) else _kind(each) for each in result.said]


def _kind(each: Said) -> str:
    assert isinstance(each, AddressEvent)
    return each.kind


@pytest.mark.parametrize("state", ["sending", "retrying", "failed", "expired", ""])
def test_a_sent_that_may_be_news_is_said(state: str) -> None:
    """That the provider has it is said where its answer was lost, or nobody knows."""
    expected = ["sent"] if state not in {"failed", "expired"} else []
    assert expected == said(made(tells("sent"), standing(state) if state else {}))


@pytest.mark.parametrize("state", ["sent", "delivered"])
def test_a_sent_that_is_known_is_not_said_again(state: str) -> None:
    """What the sink said already needs no second event."""
    assert Made(Outcome.KNOWN) == made(tells("sent"), standing(state))


def test_a_failure_of_an_earlier_attempt_is_overtaken() -> None:
    """Once a later attempt is on its way, what became of an earlier one fails nothing."""
    failed = tells("failed", kind=AddressKind.BOUNCED, address="ann@example.org")
    for state in ("sending", "retrying", "sent", "delivered"):
        result = made(failed, standing(state, attempt=2))
        assert (Outcome.OVERTAKEN, ["bounced"]) == (result.outcome, said(result))


@pytest.mark.parametrize(
    ("known", "corrects"),
    [({}, "sent"), (standing("sent"), "sent"), (standing("delivered"), "delivered")],
)
def test_a_failure_says_what_it_corrects(known: dict[str, Standing], corrects: str) -> None:
    """A late no overrules what was believed, and names it."""
    (event,) = made(tells("failed"), known).said
    assert isinstance(event, DeliveryEvent)
    assert corrects == event.corrects


def test_what_is_told_of_another_life_is_said() -> None:
    """A receipt of before a replay is judged by itself: the claim is of the replay."""
    result = made(tells("failed"), standing("sending", attempt=1, replay="r1"))
    assert ["failed"] == said(result)


def test_no_address_is_not_every_address() -> None:
    """Where a provider names no address nothing is learned of any."""
    assert Made(Outcome.IGNORED) == made(tells("", kind=AddressKind.OPTED_OUT), {})


def test_the_same_told_again_has_the_same_ids() -> None:
    """A provider may tell a thing forty-six times; every reader drops all but one."""
    bounce = tells("failed", kind=AddressKind.BOUNCED, address="ann@example.org")
    ids = {each.id for known in ({}, standing("sent")) for each in made(bounce, known).said}
    assert 2 == len(ids)


_NAMES = ("processed", "deferred", "delivered", "open", "click", "bounce", "dropped")


def _row(events: Sequence[DeliveryEvent]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for event in events:
        (found,) = log_rows([event])
        table = merged(table, found) if table else found
    return table


@given(st.data())
def test_any_order_and_any_repetition_end_alike(data: st.DataObject) -> None:
    """Whatever SendGrid tells, how often and in whatever order, the delivery ends as it should."""
    names = data.draw(st.lists(st.sampled_from(_NAMES), unique=True))
    own = [
        step(DELIVERY, DeliveryStatus.QUEUED, now=NOON),
        step(DELIVERY, DeliveryStatus.SENT, now=NOON + SECOND, provider="sendgrid"),
    ]
    told = [
        each
        for place, name in enumerate(names)
        for each in [sendgrid.told(sendgrid_event(name, at=2 + place), secret=SECRET, now=2 * NOON)]
        if isinstance(each, Told)
    ]
    repeated = [each for each in told for _ in range(data.draw(st.integers(1, 3)))]
    # How the claim stands when each comes is anybody's guess, within what can be.
    known = data.draw(st.sampled_from([{}, standing("sent"), standing("delivered")]))
    events = [
        e for each in repeated for e in made(each, known).said if isinstance(e, DeliveryEvent)
    ]
    found = _row(data.draw(st.permutations(own + events)))

    failed = {"bounce", "dropped"} & set(names)
    expected = "failed" if failed else "delivered" if "delivered" in names else "sent"
    assert expected == found["status"]
    assert ("open" in names) is (found["opened_at"] > 0)
    assert ("click" in names) is (found["clicked_at"] > 0)
    assert "Disk full on db-1" == found["subject"]
    assert "ann@example.org" == found["address"]


@given(st.data())
def test_texts_end_alike_in_any_order(data: st.DataObject) -> None:
    """Twilio keeps no order: whatever comes when, failed beats delivered, and that beats sent."""
    own = [
        step(DELIVERY, DeliveryStatus.QUEUED, now=NOON),
        step(DELIVERY, DeliveryStatus.SENT, now=NOON + SECOND, provider="twilio"),
    ]
    words = data.draw(st.lists(st.sampled_from(("queued", "sent", "delivered", "read", "failed"))))
    known = data.draw(st.sampled_from([{}, standing("sent"), standing("delivered")]))
    events = []
    for place, word in enumerate(words):
        form = ImmutableMultiDict({"MessageSid": "SM1", "MessageStatus": word, "To": "+43660"})
        told = texts.told(form, receipt(), now=NOON + place * SECOND)
        if isinstance(told, Told):
            events += [e for e in made(told, known).said if isinstance(e, DeliveryEvent)]
    found = _row(data.draw(st.permutations(own + events)))
    arrived = "delivered" if {"delivered", "read"} & set(words) else "sent"
    assert ("failed" if "failed" in words else arrived) == found["status"]
