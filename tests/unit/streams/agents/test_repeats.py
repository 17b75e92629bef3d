"""Repeats: a count that was reserved is said once in effect, whoever says it."""

from schemas.records import AlertChange
from schemas.state import AlertState, pack_alert, unpack_alert
from streams import pipeline
from streams.agents.repeats import Repeats
from streams.kafka.states import States
from tests.builders import FINGERPRINT, SECOND, Story
from tests.unit.streams.kafka.test_store import a_store, changelog, restore

KEY = b"default:%b" % FINGERPRINT.encode()


def packed(state: AlertState) -> bytes:
    """Pack a state as triage does."""
    return pack_alert(state, lapses_at=pipeline.lapses_at(state))


def test_what_a_former_owner_reserved_is_said_before_anything_is_judged() -> None:
    """The same change has the same content from both, though the alert escalates right after."""
    story = Story()
    story.hears(source="grafana", priority=1)
    story.hears(source="grafana", priority=1, at=SECOND)
    story.hears(source="grafana", priority=1, at=2 * SECOND)
    reserved = pipeline.reserve(story.now)
    first_said = pipeline.announce(reserved, fingerprint=FINGERPRINT, tenant="default")
    store = a_store()
    restore(store, changelog((0, KEY, packed(reserved)), timestamp=1_000))
    states = States(store, changelog="changelog", pack=packed, unpack=unpack_alert)
    said: list[AlertChange] = []
    repeats = Repeats(states, store, say=lambda _key, change: said.append(change))

    repeats.ready(0)
    story.state = states.get(0, KEY)
    story.hears(source="grafana", priority=3, at=3 * SECOND)
    states.put(0, KEY, story.now)
    repeats.reserve()
    repeats.announce()

    assert [first_said] == said
    assert first_said.seq + 1 == story.changes[-1].seq
