"""What becomes of intents on their way through planning."""

import pytest

from schemas import ids
from schemas.deliveries import AddressEvent
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.plan_state import Slots, slots_key
from schemas.records import Intent
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND
from tests.planner import ANN, Planner, intent, reasons, said

QUEUED = ("email", "queued", "")
# Noon is 22:13 in UTC and an hour later in Berlin.
NIGHT = Preference(id="ann", quiet_from="22:00", quiet_to="07:00")
MORNING = NOON + 7 * HOUR + 46 * MINUTE + 40 * SECOND


def test_an_intent_is_told_on_the_channels_it_asks_for() -> None:
    """Each address gets a Delivery, each Delivery an event, and the lane follows the priority."""
    planner = Planner()
    planned = planner.takes(intent("1", channels=["email", "push"], priority=2))
    assert [("email", "ann@example.org"), ("push", "t1"), ("push", "t2")] == [
        (delivery.channel, delivery.address) for delivery in planned.deliveries
    ]
    assert {"urgent"} == {delivery.lane for delivery in planned.deliveries}
    assert [delivery.id for delivery in planned.deliveries] == [
        event.delivery_id for event in planned.events
    ]
    assert {NOON + HOUR} == {delivery.expires_at for delivery in planned.deliveries}
    first = planned.deliveries[0]
    assert ids.delivery_id("default", "1", "email", "ann@example.org") == first.id
    assert ("About 1", "v1", NOON) == (first.subject, first.template_version, first.created_at)


def test_what_was_planned_is_said_again_and_not_decided_again() -> None:
    """The same record read again gives the same records, though everything else has changed."""
    planner = Planner()
    first = planner.takes(intent("1", channels=["email", "sms", "fax"]))
    planner.now += 2 * DAY
    planner.learns(Preference(id="ann", enabled={"*/*": False}))
    again = planner.reads((0, 0), intent("1", channels=["email", "sms", "fax"]))
    assert (first.deliveries, first.events) == (again.deliveries, again.events)
    assert [one.id for one in first.decisions] == [one.id for one in again.decisions]
    assert {} == again.states


def test_the_same_intent_at_another_place_is_a_duplicate() -> None:
    """Who sends an intent twice is told why it was told once."""
    planner = Planner()
    planner.takes(intent("1"))
    again = planner.takes(intent("1"))
    assert ([], ["duplicate"]) == (said(again), reasons(again))
    assert {} == again.states


def test_an_expired_intent_is_dropped_whole() -> None:
    """What is too old tells nobody, and one event of no channel says so."""
    planner = Planner()
    planned = planner.takes(intent("1", created_at=NOON - 73 * HOUR))
    assert ([("none", "expired", "expired")], []) == (said(planned), planned.deliveries)


def test_an_unknown_recipient_waits_once() -> None:
    """A record that comes within five seconds is in time, a later one is not."""
    planner = Planner()
    planned = planner.takes(intent("1", recipient="bob"))
    assert [("none", "held", "unknown_recipient")] == said(planned)
    planner.learns(Recipient(id="bob", addresses={"email": ["bob@example.org"]}))
    assert [("none", "superseded", "unknown_recipient"), QUEUED] == said(
        planner.waits(NOON + 5 * SECOND)
    )
    planner.takes(intent("2", recipient="cyn"))
    assert [("none", "failed", "unknown_recipient")] == said(planner.waits(NOON + MINUTE))


def test_an_address_that_is_given_needs_no_record() -> None:
    """An intent that names the address is told to it, whoever the recipient is."""
    planned = Planner().takes(intent("1", recipient="bob", to={"email": "b@example.org"}))
    assert ["b@example.org"] == [delivery.address for delivery in planned.deliveries]


def test_an_intent_of_later_waits_for_its_time() -> None:
    """Nothing is decided before the moment it is to be sent at."""
    planner = Planner()
    planned = planner.takes(intent("1", send_at=NOON + 100 * HOUR))
    assert [("none", "held", "not_yet")] == said(planned)
    assert [("none", "superseded", "not_yet"), QUEUED] == said(planner.waits(NOON + 100 * HOUR))


def test_quiet_hours_hold_and_let_go() -> None:
    """A normal message waits for the morning, a high one passes."""
    planner = Planner(NIGHT)
    planned = planner.takes(intent("1"))
    assert [("email", "held", "quiet_hours")] == said(planned)
    assert [MORNING] == [event.until for event in planned.events]
    assert [QUEUED] == said(planner.takes(intent("2", priority=2)))
    assert [QUEUED] == said(planner.waits(MORNING))
    held, _two, queued = planner.events
    assert held.delivery_id == queued.delivery_id


def test_what_waits_is_judged_by_the_state_of_its_wake() -> None:
    """Who opts out while a message waits for the morning does not get it."""
    planner = Planner(NIGHT)
    planner.takes(intent("1"))
    planner.hears(
        AddressEvent(recipient="ann", channel="email", kind="opted_out", occurred_at=NOON)
    )
    assert [("email", "suppressed", "opted_out")] == said(planner.waits(MORNING))
    held, final = planner.events
    assert held.delivery_id == final.delivery_id


def test_an_address_that_changes_while_a_message_waits() -> None:
    """The old address ends as superseded, and the new one is used."""
    planner = Planner(NIGHT)
    planner.takes(intent("1"))
    planner.learns(Recipient(id="ann", addresses={"email": ["new@example.org"]}, zone=ANN.zone))
    assert [QUEUED, ("email", "superseded", "superseded")] == said(planner.waits(MORNING))
    assert ["new@example.org"] == [delivery.address for delivery in planner.deliveries]


def test_what_waits_too_long_expires() -> None:
    """A hold ends at the moment of expiry, and nothing is sent."""
    planner = Planner(NIGHT)
    planner.takes(intent("1", expires_at=NOON + HOUR))
    assert [("email", "expired", "expired")] == said(planner.waits(NOON + HOUR))
    assert [] == planner.deliveries


def test_excess_is_dropped_delayed_or_collected_as_its_type_says() -> None:
    """The sixth text message of a day is refused, waits for its slot, or becomes a digest."""
    for kind, status, reason in (
        ("news", "rate_limited", "rate_limited"),
        ("transactional", "held", "rate_limited"),
        ("alert", "superseded", "digested"),
    ):
        planner = Planner()
        for number in range(5):
            planner.takes(intent(str(number), channels=["sms"], type=kind))
        planned = planner.takes(intent("5", channels=["sms"], type=kind))
        assert [("sms", status, reason)] == said(planned)


def test_a_refused_message_uses_up_nothing() -> None:
    """After a day of refusals there are five slots again."""
    planner = Planner()
    for number in range(20):
        planner.takes(intent(str(number), channels=["sms"]))
    planner.now += DAY
    for number in range(20, 30):
        planner.takes(intent(str(number), channels=["sms"]))
    assert 10 == len(planner.deliveries)


def test_critical_is_never_refused_but_counts() -> None:
    """Ten critical ones go out, and leave no slot for the next."""
    planner = Planner()
    for number in range(10):
        planner.takes(intent(str(number), channels=["sms"], priority=3))
    planned = planner.takes(intent("10", channels=["sms"]))
    assert 10 == len(planner.deliveries)
    assert [("sms", "rate_limited", "rate_limited")] == said(planned)


def test_a_delayed_message_goes_out_when_its_slot_is_free() -> None:
    """It waits for the first slot, and not longer."""
    planner = Planner()
    for number in range(6):
        planner.takes(intent(str(number), channels=["sms"], type="transactional"))
    assert [("sms", "queued", "")] == said(planner.waits(NOON + DAY))


def test_a_digest_tells_what_was_collected() -> None:
    """What exceeds the limit is told as one message, once there is a slot."""
    planner = Planner()
    for number in range(9):
        planner.takes(intent(str(number), channels=["sms"], type="alert"))
    assert 1 == len(planner.alarms)
    (planned,) = planner.waits(NOON + DAY)
    (delivery,) = planned.deliveries
    assert ("digest", "4 notifications, the first: About 5") == (delivery.template, delivery.text)
    assert ("alert", NOON + DAY) == (delivery.type, delivery.created_at)


def test_a_digest_is_told_again_from_its_plan() -> None:
    """Its wake read again gives the same message, also when the next digest has begun."""
    planner = Planner()
    for number in range(9):
        planner.takes(intent(str(number), channels=["sms"], type="alert"))
    (first,) = planner.waits(NOON + DAY)
    place, wake = planner.records[-1]
    for number in range(10, 20):
        planner.takes(intent(str(number), channels=["sms"], type="alert"))
    assert first.deliveries == planner.reads(place, wake).deliveries


def test_a_template_that_fails_takes_no_slot() -> None:
    """Its channel fails, a dead letter says why, and the other channels go on."""
    planner = Planner(Template(id="bad", parts={"email.text": "{{ oops }}", "sms.text": "ok"}))
    planned = planner.takes(intent("1", template="bad", channels=["email", "sms"]))
    assert [("email", "failed", "template_failed"), ("sms", "queued", "")] == said(planned)
    assert "oops" in planned.faults[0].error
    assert planner.state(slots_key(b"default:ann", "email")) is None
    assert isinstance(planner.state(slots_key(b"default:ann", "sms")), Slots)


def test_an_unknown_template_fails_the_whole() -> None:
    """There is nothing to say, on no channel; a dead letter keeps what was asked."""
    planned = Planner().takes(intent("1", template="missing"))
    assert [("none", "failed", "unknown_template")] == said(planned)
    assert ["unknown_template"] == [fault.reason for fault in planned.faults]


def test_an_intent_with_its_own_words_needs_no_template() -> None:
    """Subject and body are told as they are."""
    planned = Planner().takes(intent("1", template="", subject="Hi", body="There"))
    assert [("Hi", "There")] == [(one.subject, one.text) for one in planned.deliveries]


def test_who_can_be_reached_by_nothing_is_told_nothing() -> None:
    """A person without any address is suppressed as a whole."""
    planner = Planner(Recipient(id="ann"))
    planned = planner.takes(intent("1", channels=None))
    assert [("none", "suppressed", "no_channel")] == said(planned)


@pytest.mark.parametrize("reader", ["intent", "wake"])
def test_a_wake_that_was_overtaken_loses_nothing(reader: str) -> None:
    """What a wake let go is said again though a later record changed the plan."""
    kind = NotificationType(id="news", limits={"sms": "1/d"}, excess="delay")
    planner = Planner(NIGHT, kind)
    planner.takes(intent("s", channels=["sms"], priority=2))
    fire = intent("f", alert_id="a1", alert_seq=1, channels=["email", "sms"], expires_at=NOON + DAY)
    planner.takes(fire)
    place = planner.records[-1][0]
    (woken,) = planner.waits(MORNING)
    assert [QUEUED, ("sms", "held", "rate_limited")] == said(woken)
    wake = planner.records[-1]
    planner.takes(intent("r", alert_id="a1", alert_seq=2, ends=True))
    again = planner.reads(place, fire) if reader == "intent" else planner.reads(*wake)
    assert {one.id for one in woken.deliveries} <= {one.id for one in again.deliveries}


def test_a_stray_wake_does_nothing() -> None:
    """A wake of what nobody knows, or of what is done, is no news."""
    planner = Planner()
    planner.takes(intent("1"))
    for name in ("1", "2", "digest:sms:news", "digest:"):
        wake = Intent(recipient="ann", kind="wake", id=name)
        assert ([], {}) == (said(planner.takes(wake)), planner.planned[-1].states)
