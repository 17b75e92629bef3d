"""What becomes known of a recipient's addresses and wishes."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.deliveries import AddressEvent
from schemas.notification import Preference, Recipient
from streams.core.planning.person import (
    NOTHING_KNOWN,
    Feedback,
    Person,
    address_gone,
    learn,
    opted_out,
)

FEW = settings(max_examples=60, deadline=None)

KINDS = ("gone", "bounced", "complained", "opted_out", "opted_in", "verified", "no word of ours")

events = st.builds(
    AddressEvent,
    recipient=st.just("ann"),
    channel=st.sampled_from(("email", "sms")),
    kind=st.sampled_from(KINDS),
    address=st.sampled_from(("", "a", "b")),
    type=st.sampled_from(("", "news", "alert")),
    occurred_at=st.integers(0, 5),
)


def heard(events: Iterable[AddressEvent]) -> Feedback:
    """Learn events one after the other."""
    feedback = NOTHING_KNOWN
    for event in events:
        feedback = learn(feedback, event)
    return feedback


def event(kind: str, at: int, **fields: str) -> AddressEvent:
    """Build an event of Ann's mail address."""
    given: dict[str, Any] = {"recipient": "ann", "channel": "email", "address": "a"} | fields
    return AddressEvent(kind=kind, occurred_at=at, **given)


@FEW
@given(st.lists(events, max_size=12), st.data())
def test_order_and_repeats_change_nothing(life: list[AddressEvent], data: st.DataObject) -> None:
    """The same events, shuffled and some of them twice, leave the same knowledge."""
    twice = [event for event in life if data.draw(st.booleans())]
    assert heard(life) == heard(data.draw(st.permutations(life + twice)))


@FEW
@given(st.lists(events, max_size=12))
def test_what_is_known_is_kept_as_it_is(life: list[AddressEvent]) -> None:
    """Learning something a second time gives the very same object."""
    feedback = heard(life)
    assert all(feedback is learn(feedback, event) for event in life)


@FEW
@given(st.lists(events, max_size=12), st.sampled_from(("news", "alert", "offer")))
def test_the_last_word_on_a_channel_and_type_holds(life: list[AddressEvent], kind: str) -> None:
    """An opt-out or a complaint holds until an opt-in that is not older."""
    said = [e for e in life if e.channel == "email"]
    out = [e.occurred_at for e in said if e.kind == "opted_out" and e.type in {"", kind}]
    out += [e.occurred_at for e in said if e.kind == "complained"]
    back = [e.occurred_at for e in said if e.kind == "opted_in" and e.type in {"", kind}]
    expected = max(out, default=-1) > max(back, default=-1)
    assert expected is opted_out(heard(life), "email", kind=kind)


@FEW
@given(st.lists(events, max_size=12), st.sampled_from(("a", "b")))
def test_the_last_word_on_an_address_holds(life: list[AddressEvent], address: str) -> None:
    """A lost address comes back only by being verified or opted in, not earlier than its loss."""
    said = [e for e in life if e.channel == "sms" and e.address in {"", address}]
    bad = [e.occurred_at for e in said if e.kind in {"gone", "bounced"}]
    good = [e.occurred_at for e in said if e.kind in {"verified", "opted_in"}]
    expected = max(bad, default=-1) > max(good, default=-1)
    assert expected is address_gone(heard(life), "sms", address)


def test_an_opt_out_outlives_a_change_of_address() -> None:
    """Who opted out by one address has not opted in by having another."""
    feedback = heard([event("opted_out", 1, address="old@example.com", type="news")])
    assert opted_out(feedback, "email", kind="news")
    assert not opted_out(feedback, "email", kind="alert")
    assert not opted_out(feedback, "sms", kind="news")


def test_an_older_opt_in_lifts_nothing() -> None:
    """An opt-in that arrives late does not undo what was said after it."""
    assert opted_out(heard([event("opted_out", 2), event("opted_in", 1)]), "email", kind="news")
    assert not opted_out(heard([event("opted_out", 2), event("opted_in", 2)]), "email", kind="news")


def test_a_complaint_ends_every_type() -> None:
    """A complaint about one message speaks of the channel."""
    assert opted_out(heard([event("complained", 1, type="news")]), "email", kind="alert")


def test_mail_addresses_are_the_same_in_any_case() -> None:
    """A provider may report an address in other letters than we wrote it in."""
    feedback = heard([event("gone", 1, address="Ann@Example.COM")])
    assert address_gone(feedback, "email", "ann@example.com ")
    push = heard([event("gone", 1, channel="push", address="Token")])
    assert address_gone(push, "push", "Token")
    assert not address_gone(push, "push", "token")


@pytest.mark.parametrize(
    ("own", "wished", "expected"),
    [
        ("Europe/Vienna", "", "Europe/Vienna"),
        ("Europe/Vienna", "Asia/Tokyo", "Asia/Tokyo"),
        ("", "", "UTC"),
        ("Mars/Crater", "", "UTC"),
        ("Europe/Vienna", "Mars/Crater", "UTC"),
    ],
)
def test_a_person_lives_in_a_zone_that_exists(own: str, wished: str, expected: str) -> None:
    """The preference's zone goes before the recipient's; a wrong name is UTC."""
    person = Person(Recipient(id="ann", zone=own), Preference(id="ann", zone=wished))
    assert expected == person.zone


def test_a_person_reads_the_language_of_choice() -> None:
    """The preference's locale goes before the recipient's."""
    assert "de" == Person(Recipient(id="a", locale="en"), Preference(id="a", locale="de")).locale
    assert "en" == Person(Recipient(id="a", locale="en"), Preference(id="a")).locale
    assert "" == Person().locale
    assert "UTC" == Person().zone
