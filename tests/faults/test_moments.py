"""What nobody speaks of is told, told again or ended when its time comes, on real parts."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.control import Matcher, Route, Silence
from schemas.topics import Names
from tests.conftest import Stack
from tests.faults.timepiece import Timepiece
from tests.waiting import eventually

pytestmark = pytest.mark.stack

DAY_MS = 86_400_000
LIFTED_WITHIN_S = 10.0  # DESIGN 4: a silence expired by hand is noticed within this


def now_ms() -> int:
    """Give the time as the processes read it."""
    return time.time_ns() // 1_000_000


def silence(ident: str, *, ends_at: int) -> Silence:
    """Make a silence of everything of one team."""
    return Silence(
        id=ident, matchers=[Matcher(name="team", value=ident)], starts_at=1, ends_at=ends_at
    )


@pytest.fixture
def timepiece(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[Timepiece]:
    """Give triage and a scheduler, both at work, and a route that tells Ann everything."""
    timepiece = Timepiece(stack.bootstrap_servers, Names(namespace), tmp_path)
    timepiece.rule(Route(id="all", recipients=["ann"]))
    timepiece.rule(silence("long", ends_at=now_ms() + DAY_MS))
    timepiece.wait_until_ready(timepiece.worker("triage", instance_id="triage"))
    timepiece.wait_until_ready(timepiece.scheduler())
    yield timepiece
    timepiece.close()


def muted(timepiece: Timepiece) -> str:
    """Send an alert and give its fingerprint if the short silence muted it, else nothing."""
    # A title's numbers are taken out of an alert's identity, so labels tell the tries apart.
    identity = timepiece.alert("short", labels={"team": "short", "try": str(now_ms())})
    timepiece.until(identity, ["fired"])
    return identity if timepiece.changes_of(identity)[0].muted_by else ""


def test_what_waits_for_a_moment_comes_by_itself(timepiece: Timepiece) -> None:
    """A silence that ends, one lifted by hand and a day of silence need no further occurrence.

    Triage is killed while they wait, so the moments are found again in its states.
    """
    timepiece.rule(silence("short", ends_at=now_ms() + 25_000))
    short = eventually(lambda: muted(timepiece), within_s=15, why="triage obeys the new silence")
    long = timepiece.alert("long", labels={"team": "long"})
    old = timepiece.alert("old", occurred_at=now_ms() - DAY_MS + 20_000)
    for each in (short, long, old):
        timepiece.until(each, ["fired"])
    assert "long" not in {intent.data["title"] for intent in timepiece.told()}
    timepiece.kill_at_work(timepiece.workers[0], at_work_s=1.0)

    timepiece.until(short, ["fired", "unsilenced"], within_s=40)
    timepiece.rule(silence("long", ends_at=1), gone=True)
    took = timepiece.until(long, ["fired", "unsilenced"])
    assert took < LIFTED_WITHIN_S

    def ended() -> bool:
        # A partition's time is that of its records, so time goes on while others speak.
        for number in range(8):
            timepiece.alert("tick", labels={"no": str(number)})
        return timepiece.kinds_of(old) == ["fired", "resolved"]

    eventually(ended, within_s=60, why="the alert of which nothing is heard ends")

    (timed_out,) = [c for c in timepiece.changes_of(old) if c.kind == "resolved"]
    assert "timeout" == timed_out.actor
    told = Counter(intent.data["title"] for intent in timepiece.told())
    assert (1, 2) == (told["long"], told["old"])
    assert {"fired", "resolved"} == {
        intent.data["kind"] for intent in timepiece.told() if intent.data["title"] == "old"
    }


def test_people_are_told_again_until_somebody_takes_care(timepiece: Timepiece) -> None:
    """A route that tells again does so in its rhythm, under the same alert."""
    timepiece.rule(Route(id="all", recipients=["ann"], retell_s=2))
    timepiece.rule(Route(id="first", position=1, recipients=["bob"], retell_s=2))

    def follows() -> bool:
        nagging = timepiece.alert("nagging", labels={"try": str(now_ms())})
        timepiece.until(nagging, ["fired"])
        return bool(timepiece.scheduled())

    eventually(follows, within_s=20, why="triage obeys the new route")
    eventually(
        lambda: len([i for i in timepiece.told() if i.recipient == "bob"]) >= 3,
        within_s=20,
        why="Bob is told a third time",
    )
