"""By which channels a person is told."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.deliveries import AddressEvent
from schemas.notification import NotificationType, Preference, Recipient
from schemas.reasons import Channel
from schemas.records import Intent
from streams.core.planning.channels import Option, chosen, wanted
from streams.core.planning.person import NOTHING_KNOWN, Person, learn

FEW = settings(max_examples=60, deadline=None)

NAMES = tuple(channel.value for channel in Channel)
NEWS = NotificationType(id="news", channels=["email", "push"])
ALERT = NotificationType(id="alert", channels=["push", "email"], critical_ignores_opt_out=True)
ADDRESSES = {"email": ["a@example.com", "b@example.com"], "push": ["t1", "t2"], "sms": ["+431"]}


def intent(**fields: Any) -> Intent:
    """Build an intent for Ann."""
    return Intent(**({"recipient": "ann", "template": "t"} | fields))


def ann(*events: AddressEvent, enabled: dict[str, bool] | None = None, **fields: Any) -> Person:
    """Build Ann, who has addresses, wishes and a past."""
    feedback = NOTHING_KNOWN
    for event in events:
        feedback = learn(feedback, event)
    recipient = Recipient(**({"id": "ann", "addresses": ADDRESSES} | fields))
    return Person(recipient, Preference(id="ann", enabled=enabled or {}), feedback)


def event(kind: str, channel: str, address: str = "", at: int = 1) -> AddressEvent:
    """Build something that became known of Ann."""
    return AddressEvent(
        recipient="ann", channel=channel, kind=kind, address=address, occurred_at=at
    )


def said(options: tuple[Option, ...]) -> list[str]:
    """List channel and reason of each option, the reason empty where there is none."""
    return [f"{option.channel}:{option.reason}" for option in options]


channel_names = st.sampled_from((*NAMES, "fax"))
kinds = st.builds(
    NotificationType,
    id=st.just("alert"),
    channels=st.lists(channel_names, max_size=4),
    critical_ignores_opt_out=st.booleans(),
)
address_books = st.dictionaries(
    channel_names, st.lists(st.sampled_from(("", "a", "b", " ")), max_size=3)
)
choices = st.dictionaries(
    st.builds("{}/{}".format, st.sampled_from(("alert", "*")), st.sampled_from((*NAMES, "*"))),
    st.booleans(),
)
past = st.lists(
    st.builds(
        event,
        st.sampled_from(("gone", "bounced", "complained", "opted_out", "opted_in", "verified")),
        st.sampled_from(NAMES),
        st.sampled_from(("", "a", "b")),
        st.integers(0, 3),
    ),
    max_size=6,
)
people = st.one_of(
    st.just(Person()),
    st.builds(
        lambda addresses, enabled, events: ann(*events, enabled=enabled, addresses=addresses),
        address_books,
        choices,
        past,
    ),
)
intents = st.builds(
    intent,
    channels=st.none() | st.lists(channel_names, max_size=4),
    to=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("", "x"))),
    priority=st.integers(0, 3),
)


@FEW
@given(intents, people, kinds)
def test_each_channel_considered_has_one_option(
    asked: Intent, person: Person, kind: NotificationType
) -> None:
    """Every channel appears once, with addresses or with a reason, never with both."""
    options = chosen(asked, person, kind)
    assert len(options) == len({option.channel for option in options})
    assert all(bool(option.addresses) != bool(option.reason) for option in options)
    if asked.channels is not None:
        assert list(dict.fromkeys(asked.channels)) == [option.channel for option in options]
    for option in options:
        assert option.channel == "push" or len(option.addresses) <= 1
        assert all(address.strip() for address in option.addresses)


@FEW
@given(intents, people, kinds)
def test_nobody_is_told_against_their_will_but_of_what_is_critical(
    asked: Intent, person: Person, kind: NotificationType
) -> None:
    """Only critical ones of a type that allows it go past an opt-out or a preference."""
    for option in chosen(asked, person, kind):
        if option.mandatory:
            assert asked.priority == 3
            assert kind.critical_ignores_opt_out
        elif option.addresses:
            assert wanted(person.preference, kind="alert", channel=option.channel)


@FEW
@given(people, kinds, intents)
def test_what_is_critical_reaches_everyone_it_can(
    person: Person, kind: NotificationType, asked: Intent
) -> None:
    """Where the type insists, a good address on a channel considered is always enough."""
    if asked.priority < 3 or not kind.critical_ignores_opt_out:
        return
    options = chosen(asked, person, kind)
    open_to_all = Person(person.recipient, None, person.feedback)
    reachable = [option for option in chosen(asked, open_to_all, kind) if option.addresses]
    told = {option.channel for option in options if option.addresses}
    assert bool(told) or not {one.channel for one in reachable} & {one.channel for one in options}
    assert all(one.reason != "opted_out" for one in options)


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [
        ({}, True),
        ({"*/*": False}, False),
        ({"*/*": False, "*/email": True}, True),
        ({"*/email": True, "news/*": False}, False),
        ({"news/*": False, "news/email": True}, True),
        ({"alert/email": False, "news/sms": False}, True),
    ],
)
def test_the_most_exact_choice_decides(enabled: dict[str, bool], *, expected: bool) -> None:
    """Type and channel go before type, type before channel, and channel before everything."""
    preference = Preference(id="ann", enabled=enabled)
    assert expected is wanted(preference, kind="news", channel="email")


def test_the_types_channels_are_told_where_nobody_chooses() -> None:
    """They come in the type's order, all of a person's devices and one mail address."""
    expected = (Option("email", ("a@example.com",)), Option("push", ("t1", "t2")))
    assert expected == chosen(intent(), ann(), NEWS)


def test_channels_with_an_address_are_told_where_the_type_names_none() -> None:
    """A type without channels tells by every channel of which an address is known."""
    plain = NotificationType(id="news")
    assert ["email:", "sms:", "push:"] == said(chosen(intent(), ann(), plain))
    assert ["webhook:"] == said(chosen(intent(to={"webhook": "https://x"}), Person(), plain))
    assert () == chosen(intent(), Person(), plain)


def test_a_preference_turns_channels_off_and_on() -> None:
    """What a person turned off says so; what they turned on by name is told beside the rest."""
    person = ann(enabled={"news/email": False, "news/sms": True})
    assert ["email:preference", "push:", "sms:"] == said(chosen(intent(), person, NEWS))
    only = ann(enabled={"*/*": False, "*/sms": True})
    assert ["email:preference", "push:preference", "sms:"] == said(chosen(intent(), only, NEWS))


def test_channels_asked_for_are_the_only_ones() -> None:
    """They keep their order, still ask the person, and an unknown one says so."""
    asked = intent(channels=["SMS", "fax", "slack", "sms", "email"])
    expected = ["sms:", "fax:no_channel", "slack:no_address", "email:preference"]
    assert expected == said(chosen(asked, ann(enabled={"news/email": False}), NEWS))
    assert () == chosen(intent(channels=[]), ann(), NEWS)


def test_an_address_given_needs_no_record() -> None:
    """An intent's own address goes before those of the record."""
    asked = intent(channels=["email"], to={"email": " x@example.com "})
    assert (Option("email", ("x@example.com",)),) == chosen(asked, Person(), NEWS)
    assert (Option("email", ("x@example.com",)),) == chosen(asked, ann(), NEWS)


def test_lost_addresses_are_passed_by() -> None:
    """The next mail address is taken, the lost device left out, and nothing left says so."""
    person = ann(event("gone", "email", "a@example.com"), event("gone", "push", "t1"))
    expected = (Option("email", ("b@example.com",)), Option("push", ("t2",)))
    assert expected == chosen(intent(), person, NEWS)
    asked = intent(channels=["sms"], priority=3)
    assert ["sms:address_gone"] == said(chosen(asked, ann(event("bounced", "sms", "+431")), ALERT))


def test_an_opt_out_holds_on_every_channel_asked_for() -> None:
    """Asking for a channel does not lift the person's no."""
    person = ann(event("opted_out", "email", "a@example.com"))
    assert ["email:opted_out"] == said(chosen(intent(channels=["email"]), person, NEWS))
    assert ["email:opted_out"] == said(chosen(intent(channels=["email"], priority=3), person, NEWS))


def test_what_is_critical_says_that_it_insists() -> None:
    """A critical alert passes an opt-out, marked as mandatory."""
    person = ann(event("opted_out", "email"))
    asked = intent(channels=["email"], priority=3)
    assert (Option("email", ("a@example.com",), mandatory=True),) == chosen(asked, person, ALERT)
    asked = intent(channels=["email"], priority=2)
    assert ["email:opted_out"] == said(chosen(asked, person, ALERT))


def test_what_is_critical_keeps_to_the_channels_a_person_likes() -> None:
    """A channel turned off is used for a critical alert only where no other reaches."""
    asked = intent(priority=3)
    likes_push = ann(enabled={"alert/email": False})
    assert ["push:", "email:preference"] == said(chosen(asked, likes_push, ALERT))
    likes_none = ann(enabled={"alert/*": False})
    assert ["push:", "email:"] == said(chosen(asked, likes_none, ALERT))
    assert all(option.mandatory for option in chosen(asked, likes_none, ALERT))
    insisted = intent(priority=3, channels=["email"])
    assert ["email:"] == said(chosen(insisted, likes_push, ALERT))
