"""What is urgent and did not arrive is told on the next channel, once, or it is said why not."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas import ids
from schemas.deliveries import AddressEvent
from schemas.errors import Invalid
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.plan_state import Kept, Plan, kept_key
from streams.core.planning.fallback_chain import KEPT_BYTES
from streams.core.planning.plan_draft import Planned
from tests.builders import DAY, HOUR, NOON
from tests.planner import ANN, Planner, intent, reasons, said, wish

CHAIN = NotificationType(id="news", fallback=["push", "sms", "email"])


def paged(*known: Any, **fields: Any) -> Planner:
    """Tell Ann something urgent by push."""
    planner = Planner(*known)
    planner.takes(intent("1", **({"priority": 2, "channels": ["push"]} | fields)))
    return planner


def details(planned: Planned) -> list[str]:
    """List what the Decisions say to people."""
    return [decision.detail for decision in planned.decisions]


def test_a_push_that_did_not_arrive_is_followed_by_a_text_message() -> None:
    """By default sms comes after push; delivery, event and Decision say what it stands in for."""
    planner = paged()
    planned = planner.takes(wish("1"))
    (delivery,) = planned.deliveries
    assert ("sms", "+491", "1", "urgent") == (
        delivery.channel, delivery.address, delivery.fallback_of, delivery.lane
    )  # fmt: skip
    fallback = ids.fallback_id("default", "1", "sms")
    assert fallback == delivery.intent_id
    assert ["1"] == [event.fallback_of for event in planned.events]
    assert [(fallback, "fallback")] == [(d.subject_id, d.reason) for d in planned.decisions]
    assert ["sms: push did not arrive within 60 s"] == details(planned)


def test_a_chain_goes_on_to_its_end() -> None:
    """Each wish gives the next channel of the type's chain, and the last gives the reason."""
    planner = paged(CHAIN)
    given = [planner.takes(wish("1", number, failed=True)) for number in (1, 2, 3)]
    assert ["sms", "email"] == [one.channel for each in given for one in each.deliveries]
    assert [["fallback"], ["fallback"], ["no_fallback"]] == list(map(reasons, given))
    assert ["none: push failed"] == details(given[2])


def test_the_same_wish_again_tells_nothing_twice() -> None:
    """A wish that comes twice is one; read again at its place it says the same under the same
    ids.
    """
    planner = paged()
    first = planner.takes(wish("1"))
    copy = planner.takes(wish("1"))
    assert ([], ["duplicate"]) == (copy.deliveries, reasons(copy))
    again = planner.reads((1, 1), wish("1"))
    assert [d.id for d in first.deliveries] == [d.id for d in again.deliveries]
    assert [e.id for e in first.events] == [e.id for e in again.events]
    assert [d.id for d in first.decisions] == [d.id for d in again.decisions]


def test_no_channel_is_told_that_was_considered_before() -> None:
    """What was asked for, or is unwanted, is not tried a second time."""
    planner = paged(channels=["push", "sms"])
    assert ["no_fallback"] == reasons(planner.takes(wish("1")))


@pytest.mark.parametrize(
    "known",
    [
        Recipient(id="ann", addresses={"push": ["t1"]}),
        Preference(id="ann", enabled={"news/sms": False}),
        NotificationType(id="news", fallback=["none"]),
    ],
    ids=["no address", "unwanted", "no chain"],
)
def test_who_cannot_be_reached_otherwise_is_not(known: Any) -> None:
    """Without an address, a wish or a chain there is no fallback, and that is said."""
    planned = paged(known).takes(wish("1"))
    assert ([], ["no_fallback"]) == (planned.deliveries, reasons(planned))


def test_an_address_that_is_gone_has_a_fallback() -> None:
    """Who took the telephone away is reached by text message also from the second page on."""
    planner = Planner()
    for token in ("t1", "t2"):
        gone = AddressEvent(
            recipient="ann", channel="push", kind="gone", address=token, occurred_at=NOON
        )
        planner.hears(gone)
    first = planner.takes(intent("1", priority=2, channels=["push"]))
    assert [("push", "suppressed", "address_gone")] == said(first)
    assert ["sms"] == [one.channel for one in planner.takes(wish("1")).deliveries]


def test_an_opt_out_after_the_first_telling_counts() -> None:
    """Who opts out of text messages in between gets none."""
    planner = paged()
    out = AddressEvent(recipient="ann", channel="sms", kind="opted_out", occurred_at=NOON)
    planner.hears(out)
    assert ["no_fallback"] == reasons(planner.takes(wish("1")))


def test_a_fallback_takes_no_slot_and_passes_the_limit() -> None:
    """Limits hold for what is planned at first, quiet hours for what is not urgent."""
    night = Preference(id="ann", quiet_from="00:00", quiet_to="23:59")
    planner = paged(NotificationType(id="news", limits={"sms": "1/d"}), night)
    planner.takes(intent("2", priority=2, channels=["sms"]))
    before = dict(planner.states)
    planned = planner.takes(wish("1"))
    assert [("sms", "queued", "")] == said(planned)
    assert not [key for key in planner.states.keys() - before.keys() if b"\0s" in key]


@pytest.mark.parametrize("fields", [{"priority": 1}, {"ends": True, "alert_id": "a"}])
def test_only_what_is_urgent_is_kept(fields: dict[str, Any]) -> None:
    """What is not followed costs no memory, nor does who has no other address."""
    planner = paged(**fields)
    assert None is planner.state(kept_key(b"default:ann", "1"))
    large = paged(data={"title": "x" * KEPT_BYTES})
    assert None is large.state(kept_key(b"default:ann", "1"))
    alone = paged(replace(ANN, addresses={"push": ["t1"]}))
    assert None is alone.state(kept_key(b"default:ann", "1"))


def test_what_is_kept_lapses_with_the_intent() -> None:
    """An hour after a page nobody needs another channel, and a day after nobody at all."""
    kept = paged().state(kept_key(b"default:ann", "1"))
    long = paged(expires_at=NOON + 9 * DAY).state(kept_key(b"default:ann", "1"))
    assert isinstance(kept, Kept)
    assert isinstance(long, Kept)
    assert (NOON + HOUR, NOON + DAY) == (kept.expires_at, long.expires_at)


def test_after_its_time_nothing_is_told() -> None:
    """A wish that comes late says so, also when it is read again."""
    planner = paged()
    planner.now += 2 * HOUR
    assert ["expired"] == reasons(planner.takes(wish("1")))
    assert ["expired"] == reasons(planner.reads((1, 1), wish("1")))


def test_words_that_fail_on_the_other_channel_end_there() -> None:
    """A template that cannot speak by text message fails that one, and the next is asked for."""
    words = {"*.subject": "x", "*.text": "x", "sms.text": "{{ nothing.there }}"}
    planner = paged(CHAIN, Template(id="note", version="v2", parts=words))
    assert [("sms", "failed", "template_failed")] == said(planner.takes(wish("1")))
    assert [("email", "queued", "")] == said(planner.takes(wish("1", 2)))


def test_a_resolve_reaches_those_told_by_fallback() -> None:
    """The end of an alert goes where its beginning went, whichever way that was."""
    planner = paged(type="alert", alert_id="a", alert_seq=1)
    planner.takes(wish("1"))
    end = intent("2", type="alert", alert_id="a", alert_seq=2, ends=True, priority=2)
    assert {"push", "sms"} == {one.channel for one in planner.takes(end).deliveries}


def test_what_was_resolved_is_not_told_by_fallback() -> None:
    """Nobody is woken for an alert that is over."""
    planner = paged(type="alert", alert_id="a", alert_seq=1)
    planner.takes(intent("2", type="alert", alert_id="a", alert_seq=2, ends=True, priority=2))
    late = planner.takes(wish("1"))
    assert ([], ["resolved_first"]) == (late.deliveries, reasons(late))


def test_an_intent_that_nobody_knows_has_no_fallback() -> None:
    """A wish for something else than what was kept is answered all the same."""
    planned = Planner().takes(wish("9"))
    assert ([], ["no_fallback"]) == (planned.events, reasons(planned))


@pytest.mark.parametrize(
    "data", [{}, {"number": 0}, {"number": 11}, {"number": "1"}, {"number": 1, "channels": "push"}]
)
def test_a_wish_that_is_none_is_refused(data: dict[str, Any]) -> None:
    """What asks for nothing that can be given goes to the dead letters."""
    with pytest.raises(Invalid, match="data"):
        paged().takes(replace(wish("1"), data=data))


def test_the_reason_is_in_words_of_ours() -> None:
    """Whatever a wish holds, no text of strangers comes into a Decision."""
    planned = paged().takes(wish("1", channels=["push", "<script>"], waited_ms=1500))
    assert ["sms: push did not arrive within 1.5 s"] == details(planned)


def test_a_plan_of_a_fallback_forgets_its_words() -> None:
    """What was said and published needs no words any more."""
    planner = paged()
    planner.takes(wish("1"))
    plan = planner.plan_of(ids.fallback_id("default", "1", "sms"))
    assert isinstance(plan, Plan)
    assert ("1", 1, True) == (plan.fallback_of, plan.step, bool(plan.intent))
