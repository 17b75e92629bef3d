"""Whatever comes in whatever order: what planning promises of every intent."""

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.notification import NotificationType, Preference
from schemas.plan_state import Plan, unpack
from schemas.records import Intent
from tests.builders import DAY, HOUR, MINUTE
from tests.planner import Planner, intent, wish

FEW = settings(max_examples=80, deadline=None)
NIGHT = Preference(id="ann", quiet_from="22:00", quiet_to="07:00")
TIGHT = {"email": "2/h", "sms": "1/d", "push": "3/min"}

KINDS = (
    *("news", "transactional", "alert", "fire", "resolve", "wait", "night", "wish"),
    *("news+key", "transactional+key", "alert+key", "fire+key", "resolve+key"),
)

moves = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 3),
        st.sampled_from((0, 1, MINUTE, 20 * MINUTE, HOUR, 9 * HOUR)),
        st.sampled_from((None, ["email"], ["sms", "push"], ["email", "sms", "fax"])),
        st.integers(0, 2),
    ),
    max_size=25,
)


def _planner() -> Planner:
    kinds = (
        NotificationType(id="news", limits=TIGHT),
        NotificationType(id="transactional", limits=TIGHT, excess="delay"),
        NotificationType(id="alert", limits=TIGHT, excess="digest", critical_ignores_opt_out=True),
    )
    return Planner(*kinds)


def _record(planner: Planner, number: int, what: str, priority: int, move: Any) -> Intent:
    moved, channels, alert = move
    if what == "wish":  # for one of the last, also one that is none of what was urgent
        return wish(str(max(0, number - 1 - alert)), 1 + moved % 3)
    what, _, keyed = what.partition("+")
    fields: dict[str, Any] = {"priority": priority, "channels": channels, "type": what}
    if keyed:
        fields |= {"digest_key": f"k{number % 2}"}
    if what in {"fire", "resolve"}:
        fields |= {
            "type": "alert",
            "alert_id": f"a{alert}",
            "alert_seq": number + 1,
            "ends": what == "resolve",
        }
    return intent(str(number), created_at=planner.now, **fields)


def _lived(life: list[Any]) -> Planner:
    planner = _planner()
    for number, (what, priority, *move) in enumerate(life):
        planner.waits(planner.now + move[0])
        if what == "night":
            planner.learns(NIGHT if number % 2 else Preference(id="ann", enabled={"news/*": False}))
        elif what != "wait":
            planner.takes(_record(planner, number, what, priority, move))
    return planner


@FEW
@given(moves)
def test_every_delivery_has_exactly_one_outcome(life: list[Any]) -> None:
    """In the end each delivery was handed over once, or ended once, and nothing waits."""
    planner = _lived(life)
    planner.waits(planner.now + 30 * DAY)
    outcomes: dict[str, list[str]] = defaultdict(list)
    for event in planner.events:
        outcomes[event.delivery_id] += [] if event.status == "held" else [event.status]
    assert all(1 == len(found) for found in outcomes.values())
    assert {} == planner.alarms
    intents = {one.id for _, one in planner.records if one.kind == "intent"}
    assert intents <= {event.intent_id for event in planner.events}


@FEW
@given(moves)
def test_limits_hold_and_critical_passes(life: list[Any]) -> None:
    """Within any window there are never more than the limit allows, but for critical ones."""
    planner = _lived(life)
    planner.waits(planner.now + 30 * DAY)
    assert not [e for e in planner.events if e.priority == 3 and e.reason == "rate_limited"]
    sent = defaultdict(list)
    for event in planner.events:
        limited = event.priority < 3 and not event.fallback_of
        if event.status == "queued" and event.channel == "sms" and limited:
            sent[event.type].append(event.occurred_at)
    for moments in sent.values():
        assert all(later - sooner >= DAY for sooner, later in pairwise(moments))


@FEW
@given(moves)
def test_nothing_expired_is_handed_over(life: list[Any]) -> None:
    """Every Delivery leaves before it expires."""
    planner = _lived(life)
    planner.waits(planner.now + 30 * DAY)
    events = {event.delivery_id: event for event in planner.events if event.status == "queued"}
    assert all(events[one.id].occurred_at < one.expires_at for one in planner.deliveries)


@FEW
@given(moves)
def test_no_channel_tells_an_intent_twice(life: list[Any]) -> None:
    """However often a fallback is wished for, each is one, and on a channel not tried before."""
    planner = _lived([*life, ("fire", 2, 0, None, 0), *[("wish", 2, 0, None, 0)] * 2])
    tried: dict[str, list[str]] = defaultdict(list)
    for event in planner.events:
        if event.status == "queued":
            matter = event.fallback_of or event.intent_id
            tried[matter].append(f"{event.channel}:{event.address}")
    assert all(len(set(found)) == len(found) for found in tried.values())
    for planned in planner.planned:
        for one in planned.deliveries:
            if one.fallback_of:
                first = planner.plan_of(one.fallback_of)
                assert first is not None
                assert one.channel not in {each.channel for each in first.channels}


@FEW
@given(moves)
@example(
    [
        *[("alert", 0, 0, ["email"], 0)] * 2,
        ("fire", 0, 0, None, 0),
        ("resolve", 0, 0, None, 0),
        ("resolve", 3, 0, None, 0),
    ]
)
def test_a_resolve_comes_after_its_fire(life: list[Any]) -> None:
    """An end is told only on channels on which its beginning was told before it."""
    planner = _lived(life)
    planner.waits(planner.now + 30 * DAY)
    begun: set[tuple[str, str]] = set()
    digests = {one.channel for one in planner.deliveries if one.template == "digest"}
    collected = {
        (event.alert_id, event.channel)
        for event in planner.events
        if event.reason == "digested" and event.channel in digests and not event.ends
    }
    for one in planner.deliveries:
        if one.alert_id and one.ends:
            assert (one.alert_id, one.channel) in begun | collected
        elif one.alert_id:
            begun.add((one.alert_id, one.channel))


def _since(planner: Planner, back: int) -> int:
    """Say from which record on is read again: a wake that these asked for is none of them.

    What asks for a wake is put out with its checkpoint, and the wake is of a later one.
    """
    first = max(0, len(planner.records) - back)
    wakes: set[str] = set()
    for at in range(len(planner.records) - 1, first - 1, -1):
        record = planner.records[at][1]
        if record.kind == "wake":
            if record.id in wakes:
                return at + 1
            wakes.add(record.id)
    return first


@FEW
@given(moves, st.integers(0, 40), st.randoms(use_true_random=False))
@example(
    # A digest was told, and the next one was emptied by an end before that one began.
    [
        *[("alert", 0, 1, None, 0)] * 3,
        ("fire", 2, HOUR, None, 0),
        ("fire", 0, 0, ["email", "sms"], 0),
        ("resolve", 0, 0, None, 0),
    ],
    4,
    Random(0),
)
def test_reading_again_says_the_same(life: list[Any], back: int, chance: Any) -> None:
    """After a crash the records since the last commit give again what they gave, and no more."""
    planner = _lived(life)
    start = _since(planner, back)
    before = planner.planned[start:]
    states = dict(planner.states)
    lanes = [[one for one in planner.records[start:] if one[0][0] == lane] for lane in (0, 1)]
    known = {event.id for event in planner.events}
    count = len(planner.planned)
    while lanes[0] or lanes[1]:
        lane = chance.choice([lane for lane in lanes if lane])
        planner.reads(*lane.pop(0))
    again = planner.planned[count:]
    assert {e.id for p in before for e in p.events if e.status != "held"} <= {
        e.id for p in again for e in p.events
    }
    assert {e.id for p in again for e in p.events} <= known
    assert {d.id for p in before for d in p.deliveries} <= {
        d.id for p in again for d in p.deliveries
    }
    # Plans may count their steps on; everything else is as it was.
    changed = {key for key in states if states[key] != planner.states[key]}
    assert all(isinstance(unpack(states[key]), Plan) for key in changed)
    assert states.keys() == planner.states.keys()
