"""A delivery's row follows from the set of its events: not from their order, nor from repeats."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.views.deliveries import event_rows, log_rows, merged
from schemas.deliveries import DeliveryEvent
from schemas.errors import Invalid
from schemas.reasons import FINAL, DeliveryStatus
from tests.builders import NOON
from tests.deliveries import delivery_event as event

STATUSES = [*map(str, DeliveryStatus), "opened", "clicked"]


@st.composite
def lives(draw: st.DrawFn) -> list[DeliveryEvent]:
    """Draw what may be said of two deliveries, by planning, sinks and callbacks."""
    out = []
    for _ in range(draw(st.integers(1, 8))):
        status = draw(st.sampled_from(STATUSES))
        known = draw(st.booleans())
        fields: dict[str, Any] = {
            "attempt": draw(st.integers(0, 3)),
            "provider": draw(st.sampled_from(("", "smtp", "sendgrid"))),
            "provider_id": draw(st.sampled_from(("", "m1", "m2"))),
            "replay": draw(st.sampled_from(("", "", "", "replay-1", "replay-2"))),
            "corrects": draw(st.sampled_from(("", "sent", "delivered", "failed"))),
            "maybe_repeat": draw(st.booleans()),
            "created_at": NOON if known else 0,
            "template": "alert" if known else "",
            "until": draw(st.sampled_from((0, NOON + 60_000))),
        }
        at = draw(st.integers(0, 4))
        made = event(draw(st.sampled_from("ab")), status, at=at, **fields)
        # What is said in different words is not the same event.
        out.append(event_named(made, f"{status}{at}{sorted(fields.items())}"))
    return out


def event_named(given_: DeliveryEvent, name: str) -> DeliveryEvent:
    """Give the event under another id."""
    fields = {field: getattr(given_, field) for field in given_.__struct_fields__}
    return DeliveryEvent(**(fields | {"id": name}))


def row(*events: DeliveryEvent) -> dict[str, Any]:
    """Give the one row that these events add up to."""
    (found,) = log_rows(events)
    return found


def applied(batches: Sequence[Sequence[DeliveryEvent]]) -> dict[str, dict[str, Any]]:
    """Apply batches one after the other, as the table does."""
    table: dict[str, dict[str, Any]] = {}
    for batch in batches:
        for each in log_rows(batch):
            known = table.get(each["id"])
            table[each["id"]] = merged(known, each) if known else each
    return table


@given(st.data(), lives())
def test_order_portions_and_repeats_do_not_matter(
    data: st.DataObject, events: list[DeliveryEvent]
) -> None:
    """Any order, any portions and any repetition of the same events give the same rows."""
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations(events + repeats))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert applied([events]) == applied([shuffled[:cut], shuffled[cut:]])


@given(lives())
def test_a_status_is_one_that_reports_know(events: list[DeliveryEvent]) -> None:
    """Whatever is said, the log holds pending, sent or a final state."""
    allowed = {"pending", "sent", *FINAL}
    assert set() == {each["status"] for each in log_rows(events)} - allowed


@given(st.sampled_from(sorted(FINAL)), lives())
def test_a_late_event_takes_no_final_back(final: str, events: list[DeliveryEvent]) -> None:
    """After a final state, nothing that happened later changes it, but a correction or replay."""
    first = event("a", final, at=-1)
    later = [each for each in events if not each.corrects and not each.replay]
    found = applied([[first], later])["delivery-a"]
    assert (final, NOON - 1) == (found["status"], found["delivered_at"] or NOON - 1)


def test_what_is_still_open_is_pending() -> None:
    """Queued, held and retrying are told apart, and are pending in reports; the last one counts."""
    steps = [event("a", "queued"), event("a", "held", at=1, until=NOON + 9, reason="quiet_hours")]
    held = row(*steps)
    assert ("pending", "held", "quiet_hours", NOON + 9) == (
        held["status"],
        held["step"],
        held["reason"],
        held["held_until"],
    )
    woken = row(*steps, event("a", "queued", at=2))
    assert ("queued", "", 0) == (woken["step"], woken["reason"], woken["held_until"])


def test_only_a_marked_correction_overrules_delivered() -> None:
    """A bounce that corrects makes it failed and undelivered; one that does not changes nothing."""
    delivered = event("a", "delivered", at=5)
    assert "delivered" == row(delivered, event("a", "failed", at=9))["status"]
    bounced = row(event("a", "failed", at=9, corrects="delivered", reason="bounced"), delivered)
    assert ("failed", "bounced", 0) == (
        bounced["status"],
        bounced["reason"],
        bounced["delivered_at"],
    )


def test_a_correction_that_may_not_be_corrects_nothing() -> None:
    """Only `sent` and `delivered` can be corrected, and only to `failed`."""
    failed = event("a", "failed", at=1)
    claim = event("a", "delivered", at=2, corrects="failed")
    assert "failed" == row(claim, failed)["status"]


def test_a_replay_begins_anew() -> None:
    """What failed and is sent once more ends as the replay ends."""
    first = [event("a", "failed", at=1, attempt=6)]
    again = [event("a", "delivered", at=99, replay="r1", attempt=1, provider="smtp")]
    assert ("delivered", "smtp", NOON + 99) == (
        row(*again, *first)["status"],
        row(*again, *first)["provider"],
        row(*again, *first)["delivered_at"],
    )


def test_a_receipt_that_knows_little_blanks_nothing() -> None:
    """A callback that knows only the ids leaves subject, template and addresses as they were."""
    receipt = event(
        "a", "delivered", at=-5, created_at=0, template="", subject="", address="", type=""
    )
    found = row(receipt, event("a", "queued"))
    assert ("alert", "Disk full on db-1", "ann@example.org", NOON) == (
        found["template_name"],
        found["subject"],
        found["address"],
        found["created_at"],
    )


def test_opened_is_a_fact_beside_the_state() -> None:
    """An open that comes before the receipt is kept and does not stand for a state."""
    opened = event("a", "opened", at=7, created_at=0)
    assert ("pending", NOON + 7) == (row(opened)["status"], row(opened)["opened_at"])
    both = row(opened, event("a", "delivered", at=3))
    assert ("delivered", NOON + 7) == (both["status"], both["opened_at"])


def test_a_possible_second_call_is_never_forgotten() -> None:
    """Once a call may have been repeated, the row says so, whatever follows."""
    risky = event("a", "retrying", attempt=1, maybe_repeat=True)
    assert row(event("a", "delivered", at=5, attempt=2), risky)["maybe_repeat"]


def test_an_intent_held_whole_has_no_delivery_yet() -> None:
    """Waiting for its moment it is in the history alone; dropped whole it is one row."""
    waiting = event("a", "held", channel="none", address="", reason="not_yet")
    undecided = event("b", "held", address="", reason="quiet_hours")
    assert [] == log_rows([waiting, undecided])
    assert 1 == len(event_rows([waiting]))
    assert "expired" == row(waiting, event("a", "expired", channel="none"))["status"]


def test_a_foreign_status_is_refused() -> None:
    """A word that is none of the closed list becomes a dead letter, not a row."""
    with pytest.raises(Invalid, match="no status"):
        log_rows([event("a", "perhaps")])
