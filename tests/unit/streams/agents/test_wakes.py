"""Wakes that triage orders itself reach it once, however often it looks meanwhile."""

from schemas.codec import decode
from schemas.records import AlertCommand
from schemas.topics import Names
from streams.agents.wakes import AGAIN_AFTER_S, Wakes
from tests.builders import NOON
from tests.unit.streams.kafka.test_store import a_store

KEYS = [f"default:{n:016x}".encode() for n in range(3)]


def test_an_end_that_is_on_its_way_is_not_ordered_again() -> None:
    """While triage lags, looking again and again adds nothing to what it has to read."""
    ordered: list[tuple[str, bytes]] = []
    now = 0.0

    def send(_topic: str, key: bytes, value: bytes) -> None:
        command = decode(AlertCommand, value)
        ordered.append((command.actor, key))
        assert ("wake", NOON) == (command.kind, command.issued_at)

    wakes = Wakes(Names(""), a_store(), send=send, clock=lambda: now)
    for looked_at in range(int(AGAIN_AFTER_S)):
        now = float(looked_at)
        for key in KEYS:
            wakes.order_end(0, key, at=NOON)
    assert [("timeout", key) for key in KEYS] == ordered

    now = AGAIN_AFTER_S
    wakes.order_end(0, KEYS[0], at=NOON)
    wakes.gone()
    wakes.order_end(0, KEYS[1], at=NOON)
    assert [("timeout", key) for key in (*KEYS, KEYS[0], KEYS[1])] == ordered
