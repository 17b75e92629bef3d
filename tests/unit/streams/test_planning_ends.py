"""What becomes of the end of an alert, and of its fire."""

from schemas.notification import Preference
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND
from tests.planner import Planner, intent, said

QUEUED = ("email", "queued", "")
ALERT = {"type": "alert", "alert_id": "a1"}
# Noon is 22:13 in UTC and an hour later in Berlin.
NIGHT = Preference(id="ann", quiet_from="22:00", quiet_to="07:00")
MORNING = NOON + 7 * HOUR + 46 * MINUTE + 40 * SECOND


def test_a_resolve_follows_its_fire() -> None:
    """It goes out on the channels and in the lane of the first telling."""
    planner = Planner()
    planner.takes(intent("f", **ALERT, alert_seq=1, channels=["email", "sms"]))
    planned = planner.takes(intent("r", **ALERT, alert_seq=2, ends=True, priority=3, channels=None))
    assert [QUEUED, ("sms", "queued", "")] == said(planned)
    assert {"normal"} == {delivery.lane for delivery in planned.deliveries}


def test_a_resolve_without_its_fire_tells_nobody() -> None:
    """Nothing went out, so nothing ends; a fire that comes later is dropped."""
    planner = Planner()
    resolved = planner.takes(intent("r", **ALERT, alert_seq=2, ends=True))
    fired = planner.takes(intent("f", **ALERT, alert_seq=1))
    assert [("none", "suppressed", "not_told")] == said(resolved)
    assert [("none", "superseded", "resolved_first")] == said(fired)


def test_a_resolve_withdraws_what_waits() -> None:
    """A fire that is held never goes out after its end, and nobody hears of either."""
    planner = Planner(NIGHT)
    planner.takes(intent("f", **ALERT, alert_seq=1))
    planned = planner.takes(intent("r", **ALERT, alert_seq=2, ends=True))
    assert [("email", "superseded", "resolved_first"), ("none", "suppressed", "not_told")] == said(
        planned
    )
    assert {} == planner.alarms
    assert [] == said(planner.waits(MORNING))
    assert [] == planner.deliveries


def test_a_resolve_takes_its_fire_out_of_the_digest() -> None:
    """What was collected and not told yet is not told any more."""
    planner = Planner()
    for number in range(5):
        planner.takes(intent(str(number), channels=["sms"], type="alert"))
    planner.takes(intent("f", **ALERT, alert_seq=1, channels=["sms"]))
    planned = planner.takes(intent("r", **ALERT, alert_seq=2, ends=True))
    assert [("none", "suppressed", "not_told")] == said(planned)
    assert [] == said(planner.waits(NOON + DAY))


def test_a_second_end_goes_no_further_than_the_first() -> None:
    """A channel on which the fire was only collected, and taken out again, hears of no end."""
    planner = Planner()
    for number in range(5):
        planner.takes(intent(str(number), channels=["sms"], type="alert"))
    planner.takes(intent("f", **ALERT, alert_seq=1, channels=["email", "sms"]))
    planner.takes(intent("r1", **ALERT, alert_seq=2, ends=True, priority=0))
    planned = planner.takes(intent("r2", **ALERT, alert_seq=3, ends=True, priority=3))
    assert [QUEUED] == said(planned)


def test_an_alert_that_begins_again_is_told_again() -> None:
    """After its end a new fire goes out, and the end of before says nothing any more."""
    planner = Planner()
    planner.takes(intent("f1", **ALERT, alert_seq=1))
    planner.takes(intent("r1", **ALERT, alert_seq=2, ends=True))
    assert [QUEUED] == said(planner.takes(intent("f2", **ALERT, alert_seq=3, channels=["email"])))
    late = planner.takes(intent("r0", **ALERT, alert_seq=2, ends=True))
    assert [("none", "superseded", "superseded")] == said(late)
    assert [QUEUED] == said(planner.takes(intent("r2", **ALERT, alert_seq=4, ends=True)))


def test_a_resolve_read_again_says_again_what_it_withdrew() -> None:
    """After a crash the withdrawn deliveries are final, too."""
    planner = Planner(NIGHT)
    planner.takes(intent("f", **ALERT, alert_seq=1))
    resolve = intent("r", **ALERT, alert_seq=2, ends=True)
    first = planner.takes(resolve)
    again = planner.reads(planner.records[-1][0], resolve)
    assert {event.id for event in first.events} == {event.id for event in again.events}


def test_a_resolve_read_again_after_a_new_fire_says_what_it_withdrew() -> None:
    """An alert that began again in the meantime hides nothing of the end before."""
    planner = Planner(NIGHT)
    planner.takes(intent("f1", **ALERT, alert_seq=1))
    resolve = intent("r", **ALERT, alert_seq=2, ends=True)
    first = planner.takes(resolve)
    place = planner.records[-1][0]
    planner.takes(intent("f2", **ALERT, alert_seq=3))
    again = planner.reads(place, resolve)
    assert {event.id for event in first.events} == {event.id for event in again.events}
