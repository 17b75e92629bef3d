"""What becomes of intents that ask to be told together with others."""

from typing import Any

import pytest

from schemas.notification import NotificationType, Preference
from schemas.records import Intent
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND
from tests.planner import Planner, intent, reasons, said

QUEUED = ("email", "queued", "")
COLLECTED = ("email", "held", "digested")
IN_A_DIGEST = ("email", "superseded", "digested")
WINDOW = 15 * MINUTE
# Noon is 22:13 in UTC and an hour later in Berlin.
NIGHT = Preference(id="ann", quiet_from="22:00", quiet_to="07:00")
MORNING = NOON + 7 * HOUR + 46 * MINUTE + 40 * SECOND


def keyed(name: str, **fields: Any) -> Intent:
    """Build an intent that asks to be told with others of its key."""
    return intent(name, **({"digest_key": "orders"} | fields))


def test_what_asks_for_it_is_told_in_one_message() -> None:
    """Three of a key become one message after a quarter of an hour, counted from the first."""
    planner = Planner()
    assert [COLLECTED] == said(planner.takes(keyed("1")))
    planner.now += 10 * MINUTE
    planner.takes(keyed("2"))
    planned = planner.takes(keyed("3"))
    assert ([COLLECTED], ["digested"]) == (said(planned), reasons(planned))
    assert 1 == len(planner.alarms)
    assert [] == planner.waits(NOON + WINDOW - 1)
    (told,) = planner.waits(NOON + WINDOW)
    assert [IN_A_DIGEST, IN_A_DIGEST, IN_A_DIGEST, QUEUED] == said(told)
    (delivery,) = planner.deliveries
    assert ("digest", "3 notifications") == (delivery.template, delivery.subject)
    assert all(f"- About {name}" in delivery.text for name in "123")


def test_the_only_one_is_told_as_itself() -> None:
    """A digest of one is simply that message, late, and under its own id."""
    planner = Planner()
    planner.takes(keyed("1"))
    assert [QUEUED] == said(planner.waits(NOON + WINDOW))
    (delivery,) = planner.deliveries
    assert ("1", "note", "About 1") == (delivery.intent_id, delivery.template, delivery.subject)


def test_each_key_and_each_channel_has_a_digest_of_its_own() -> None:
    """Orders are not told with invoices, and a mail lists what was asked for by mail."""
    planner = Planner()
    planner.takes(keyed("1", channels=["email", "sms"]))
    planner.takes(keyed("2", channels=["email"]))
    planner.takes(keyed("3", channels=["email"], digest_key="invoices"))
    planner.waits(NOON + WINDOW)
    assert [("email", "digest"), ("email", "note"), ("sms", "note")] == sorted(
        (delivery.channel, delivery.template) for delivery in planner.deliveries
    )


def test_what_goes_to_another_address_is_another_digest() -> None:
    """Guests without a record are told at the addresses given, and nobody reads another's."""
    planner = Planner()
    for number, who in enumerate(("a", "b", "a", "b", "a")):
        to = {"email": f"{who}@example.org"}
        planner.takes(keyed(str(number), recipient="guest", to=to))
    planner.waits(NOON + WINDOW)
    told = {delivery.address: delivery for delivery in planner.deliveries}
    assert {"a@example.org": "3 notifications", "b@example.org": "2 notifications"} == {
        address: delivery.subject for address, delivery in told.items()
    }
    assert "About 1" not in told["a@example.org"].text
    assert not [alarm.id for alarm in planner.alarms.values() if "example.org" in alarm.id]


@pytest.mark.parametrize("priority", [2, 3])
def test_what_is_urgent_is_told_at_once(priority: int) -> None:
    """High and critical ones never wait for others."""
    planner = Planner()
    planner.takes(keyed("1"))
    assert [QUEUED] == said(planner.takes(keyed("2", priority=priority)))


@pytest.mark.parametrize(
    ("digest_s", "window"), [(60, MINUTE), (0, WINDOW), (-5, WINDOW), (1_000_000, DAY)]
)
def test_a_type_says_how_long_its_messages_wait(digest_s: int, window: int) -> None:
    """A minute where it says so, a quarter of an hour where not, and never more than a day."""
    planner = Planner(NotificationType(id="news", digest_s=digest_s))
    (event,) = planner.takes(keyed("1")).events
    assert NOON + window == event.until


def test_what_would_expire_meanwhile_is_told_at_once() -> None:
    """Nobody loses a message by asking that it be told with others."""
    planner = Planner()
    assert [QUEUED] == said(planner.takes(keyed("1", expires_at=NOON + WINDOW)))
    assert [COLLECTED] == said(planner.takes(keyed("2", expires_at=NOON + WINDOW + 1)))


def test_what_has_expired_stands_in_no_digest() -> None:
    """Where the wake comes late, what is over is left out, and the last one goes as itself."""
    planner = Planner()
    planner.takes(keyed("1", expires_at=NOON + HOUR))
    planner.takes(keyed("2"))
    planner.now += 2 * HOUR
    assert [("email", "expired", "expired"), QUEUED] == said(planner.waits(planner.now))
    assert ["2"] == [delivery.intent_id for delivery in planner.deliveries]


def test_a_digest_lives_as_long_as_what_it_tells() -> None:
    """It expires with the last of its messages, and not before."""
    planner = Planner()
    planner.takes(keyed("1", expires_at=NOON + 2 * HOUR))
    planner.takes(keyed("2", expires_at=NOON + HOUR))
    planner.waits(NOON + WINDOW)
    assert [NOON + 2 * HOUR] == [delivery.expires_at for delivery in planner.deliveries]


def test_a_night_is_one_digest() -> None:
    """What comes in quiet hours is told in the morning, in one message."""
    planner = Planner(NIGHT)
    for number in range(4):
        planner.takes(keyed(str(number)))
        planner.now += HOUR
    assert [] == planner.deliveries
    assert QUEUED == said(planner.waits(MORNING))[-1]
    assert ["4 notifications"] == [delivery.subject for delivery in planner.deliveries]


def test_quiet_hours_set_meanwhile_hold_the_digest() -> None:
    """A digest that is due is judged by what the person wishes then."""
    planner = Planner()
    planner.takes(keyed("1"))
    planner.learns(NIGHT)
    assert [("email", "held", "quiet_hours")] == said(planner.waits(NOON + WINDOW))
    assert [QUEUED] == said(planner.waits(MORNING))


def test_who_does_not_want_it_any_more_is_not_told() -> None:
    """A choice made while messages wait holds for each of them."""
    planner = Planner()
    planner.takes(keyed("1"))
    planner.takes(keyed("2", type="order"))
    planner.learns(Preference(id="ann", enabled={"news/*": False}))
    assert [("email", "suppressed", "preference"), QUEUED] == said(planner.waits(NOON + WINDOW))
    assert ["2"] == [delivery.intent_id for delivery in planner.deliveries]


def test_a_digest_takes_one_slot() -> None:
    """Whatever it lists, it counts as one message against the limit."""
    planner = Planner(NotificationType(id="news", limits={"email": "1/d"}))
    for number in range(3):
        planner.takes(keyed(str(number)))
    planner.waits(NOON + WINDOW)
    assert 1 == len(planner.deliveries)
    assert [("email", "rate_limited", "rate_limited")] == said(planner.takes(intent("9")))


def test_the_only_one_that_meets_a_limit_waits_for_its_slot() -> None:
    """It is told as itself in the end, however often it had to wait."""
    planner = Planner(NotificationType(id="news", limits={"email": "1/d"}, excess="digest"))
    planner.takes(intent("0"))
    planner.takes(keyed("1"))
    planner.waits(NOON + DAY - 1)
    assert ["0"] == [delivery.intent_id for delivery in planner.deliveries]
    planner.waits(NOON + DAY)
    assert ["0", "1"] == [delivery.intent_id for delivery in planner.deliveries]


def test_what_is_too_much_for_a_list_is_counted() -> None:
    """Fifty are listed and ten are counted; each is told of as gathered."""
    planner = Planner()
    for number in range(60):
        planner.takes(keyed(str(number)))
    planner.waits(NOON + WINDOW)
    (delivery,) = planner.deliveries
    assert "60 notifications" == delivery.subject
    assert "and 10 more" in delivery.text
    assert 60 == said(planner.planned).count(IN_A_DIGEST)


def test_a_resolve_takes_its_fire_out() -> None:
    """An alert that is over before its digest is told is not told at all."""
    planner = Planner()
    alert: dict[str, Any] = {"type": "alert", "alert_id": "a1"}
    planner.takes(keyed("f", **alert, alert_seq=1))
    planner.takes(keyed("1"))
    planned = planner.takes(intent("r", **alert, alert_seq=2, ends=True))
    assert [("email", "superseded", "resolved_first"), ("none", "suppressed", "not_told")] == said(
        planned
    )
    planner.waits(NOON + WINDOW)
    assert ["1"] == [delivery.intent_id for delivery in planner.deliveries]


def test_a_template_that_fails_is_no_line_of_a_digest() -> None:
    """Who sends what cannot be filled in learns it at once."""
    assert [("email", "failed", "template_failed")] == said(Planner().takes(keyed("1", data={})))


@pytest.mark.parametrize("others", [0, 2])
def test_a_wake_read_again_says_the_same(others: int) -> None:
    """After a crash its messages go out under the same ids, also when the next digest has begun."""
    planner = Planner()
    for number in range(1 + others):
        planner.takes(keyed(str(number)))
    (told,) = planner.waits(NOON + WINDOW)
    place, wake = planner.records[-1]
    planner.takes(keyed("next"))
    again = planner.reads(place, wake)
    assert told.deliveries == again.deliveries
    assert {event.id for event in told.events} <= {event.id for event in again.events}


def test_wakes_that_were_overtaken_by_one_another_lose_nothing() -> None:
    """A plan that waits for several things says after a crash all that was not said."""
    kind = NotificationType(id="news", limits={"push": "1/h", "sms": "1/d"}, excess="delay")
    planner = Planner(kind)
    planner.takes(intent("0", channels=["push", "sms"]))
    planner.takes(keyed("1", channels=["push", "email", "sms"]))
    planner.takes(keyed("2", channels=["email"], digest_key="other"))
    woken = planner.waits(NOON + 2 * HOUR)
    replayed = [record for record in planner.records if record[1].kind == "wake"]
    again = [planner.reads(*record) for record in replayed]
    assert {one.id for planned in woken for one in planned.deliveries} <= {
        one.id for planned in again for one in planned.deliveries
    }
