"""A worker that stands still is told from one that has nothing to do."""

import pytest

from streams.kafka.watchdog import STANDSTILL_S, stands_still


@pytest.mark.parametrize(
    ("idle_s", "work", "expected"),
    [
        (STANDSTILL_S + 1, True, True),
        (STANDSTILL_S - 1, True, False),
        (STANDSTILL_S * 100, False, False),
    ],
)
def test_only_waiting_work_without_a_commit_is_a_standstill(
    idle_s: float, work: bool, expected: bool
) -> None:
    """A worker without work may rest for ever; one with work must commit within the limit."""
    assert expected is stands_still(now=1_000 + idle_s, progressed_at=1_000, work=work)
