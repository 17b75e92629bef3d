"""What an answer makes of a delivery, and what is published of it."""

import pytest

from connectors.sinks import outcome
from connectors.sinks.outcome import Origin
from connectors.sinks.sink import Answer, Later, Refused, Sent, Unknown
from schemas import topics
from schemas.codec import decode
from schemas.deliveries import AddressEvent, Delivery, DeliveryEvent, Scheduled
from schemas.reasons import AddressKind, Reason
from schemas.records import DeadLetter

NOW = 1_784_548_800_000
ORIGIN = Origin("deliveries.email", 1, 42, b"default:ann", b"the record", timestamp=NOW - 5)


def _delivery(**fields: object) -> Delivery:
    given = {
        "id": "d1",
        "intent_id": "i1",
        "recipient": "ann",
        "channel": "email",
        "address": "ann@example.org",
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


def _after(answer: Answer, **fields: object) -> DeliveryEvent:
    return outcome.after(_delivery(**fields), answer, provider="smtp", now=NOW, draw=0.5)


@pytest.mark.parametrize(
    ("expected", "answer", "attempt"),
    [
        (("sent", ""), Sent("p1"), 1),
        (("delivered", ""), Sent("p1", final=True), 1),
        (("failed", "provider_refused"), Refused("HTTP 400"), 1),
        (("retrying", "provider_unavailable"), Later("HTTP 503"), 1),
        (("retrying", "provider_limits"), Later("HTTP 429", 1.0, Reason.PROVIDER_LIMITS), 1),
        (("retrying", "unknown_answer"), Unknown("reset"), 5),
        (("failed", "attempts_used_up"), Later("HTTP 503"), 6),
        (("failed", "attempts_used_up"), Unknown("reset"), 6),
    ],
)
def test_each_answer_leads_to_one_step(
    expected: tuple[str, str], answer: Answer, attempt: int
) -> None:
    """Every answer of a provider has its status and reason."""
    event = _after(answer, attempt=attempt)
    assert expected == (event.status, event.reason)


def test_the_same_step_has_the_same_id() -> None:
    """A step that is published again can be told to be the same, another attempt's cannot."""
    assert _after(Sent()).id == _after(Sent()).id
    others = {_after(Sent(), attempt=2).id, _after(Sent(), replay="r").id, _after(Later("x")).id}
    assert 3 == len(others - {_after(Sent()).id})


def test_a_retry_is_the_whole_delivery_with_the_next_attempt() -> None:
    """What is tried again is scheduled for its own topic and key at its moment."""
    delivery = _delivery(parked=3, lane="urgent")
    event = outcome.after(delivery, Later("HTTP 503"), provider="smtp", now=NOW, draw=0.5)
    told, scheduled = outcome.outputs(ORIGIN, delivery, event)
    assert (topics.DELIVERIES_EVENTS, event) == (told.topic, decode(DeliveryEvent, told.value))
    item = decode(Scheduled, scheduled.value)
    assert ("deliveries.email.urgent", b"default:ann", NOW + 5000, True) == (
        item.topic,
        item.key,
        item.due_at,
        item.urgent,
    )
    assert _delivery(attempt=2, lane="urgent") == decode(Delivery, item.value)


def test_an_unknown_answer_marks_the_next_attempt() -> None:
    """The attempt after an unknown answer says that it may be a repeat, and those after it."""
    first = _delivery()
    event = outcome.after(first, Unknown("reset"), provider="smtp", now=NOW, draw=0.5)
    second = decode(
        Delivery, decode(Scheduled, outcome.outputs(ORIGIN, first, event)[1].value).value
    )
    assert second.maybe_repeat
    event = outcome.after(second, Later("HTTP 503"), provider="smtp", now=NOW, draw=0.5)
    assert event.maybe_repeat
    assert decode(
        Delivery, decode(Scheduled, outcome.outputs(ORIGIN, second, event)[1].value).value
    ).maybe_repeat


def test_parking_uses_no_attempt() -> None:
    """A parked delivery comes back as the same attempt, once more parked."""
    delivery = _delivery(attempt=2, parked=1)
    event = outcome.parked(delivery, Reason.BREAKER_OPEN, now=NOW, draw=0.5)
    assert ("held", "breaker_open", NOW + 10_000) == (event.status, event.reason, event.until)
    item = decode(Scheduled, outcome.outputs(ORIGIN, delivery, event)[1].value)
    assert _delivery(attempt=2, parked=2) == decode(Delivery, item.value)
    assert event.id != outcome.parked(_delivery(attempt=2), Reason.PACED, now=NOW, draw=0.5).id


def test_a_failure_leaves_the_record_among_the_dead_letters() -> None:
    """What failed for good is kept as it came, with the reason."""
    delivery = _delivery()
    event = _after(Refused("HTTP 400"))
    letter = decode(DeadLetter, outcome.outputs(ORIGIN, delivery, event)[1].value)
    assert ("provider_refused", "HTTP 400", b"the record", 42, "sink") == (
        letter.reason,
        letter.error,
        letter.value,
        letter.offset,
        letter.stage,
    )


def test_what_became_known_of_an_address_is_told() -> None:
    """An address that is gone is told to planning, under the recipient's key."""
    delivery = _delivery()
    answer = Refused("HTTP 410", Reason.ENDPOINT_OFF, AddressKind.GONE)
    event = _after(answer)
    learned = outcome.outputs(ORIGIN, delivery, event, kind="gone")[-1]
    assert (topics.RECIPIENTS_FEEDBACK, b"default:ann") == (learned.topic, learned.key)
    said = decode(AddressEvent, learned.value)
    assert ("gone", "ann@example.org", "email") == (said.kind, said.address, said.channel)


def test_published_again_it_is_the_same_word_for_word() -> None:
    """The record and its event give the same outputs however often they are published."""
    delivery = _delivery()
    event = _after(Later("HTTP 503"))
    assert outcome.outputs(ORIGIN, delivery, event) == outcome.outputs(ORIGIN, delivery, event)
