"""What a sender is told at once: which alert this is, and whether it is a duplicate."""

from collections.abc import AsyncIterator

import pytest

from connectors.stores.heard import Heard, HeardAnswer
from connectors.stores.redis import Redis
from schemas.records import AlertChange
from schemas.topics import Names
from tests.conftest import Stack
from tests.waiting import eventually_async

pytestmark = pytest.mark.stack
NOON = 4_000_000_000_000  # far ahead, so that nothing lapses while a test runs
HOUR = 3_600_000


@pytest.fixture
async def heard(stack: Stack, namespace: str) -> AsyncIterator[Heard]:
    """Give a memory under a namespace of the test's own."""
    redis = Redis(url=stack.redis_url)
    yield Heard(redis, Names(namespace))
    await redis.close()


async def _hear(heard: Heard, offset: int, *, at: int = NOON, partition: int = 0) -> HeardAnswer:
    answer = await _ask(heard, offset, at=at, partition=partition)
    assert answer is not None
    return answer


async def _ask(
    heard: Heard, offset: int, *, at: int = NOON, partition: int = 0
) -> HeardAnswer | None:
    return await heard.hear(
        tenant="default",
        fingerprint="f",
        alert_id=f"by-{offset}",
        partition=partition,
        offset=offset,
        until=at + HOUR,
        occurred_at=at,
    )


def _change(seq: int = 1, *, opened: int = 5, **fields: object) -> AlertChange:
    given = {
        "alert_id": f"by-{opened}",
        "seq": seq,
        "fingerprint": "f",
        "kind": "fired",
        "window_ends_at": NOON + HOUR,
        "opened_partition": 0,
        "opened_offset": opened,
        "occurred_at": NOON,
        "last_seen_at": NOON,
    }
    return AlertChange(**(given | fields))  # type: ignore[arg-type]


def _new(offset: int) -> HeardAnswer:
    return HeardAnswer(duplicate=False, alert_id=f"by-{offset}")


def _duplicate(offset: int) -> HeardAnswer:
    return HeardAnswer(duplicate=True, alert_id=f"by-{offset}")


async def test_the_second_is_a_duplicate_of_the_first(heard: Heard) -> None:
    """The first occurrence opens the alert, the second is told to be the same."""
    assert _new(5) == await _hear(heard, 5)
    assert _duplicate(5) == await _hear(heard, 6)


async def test_what_was_missed_is_heard_first(heard: Heard, stack: Stack) -> None:
    """An occurrence that came while Redis was away is the first, also for those after it."""
    stack.valkey.kill()
    assert await _ask(heard, 5) is None
    stack.valkey.start()

    async def answered() -> HeardAnswer | None:
        return await _ask(heard, 7)

    assert _duplicate(5) == await eventually_async(answered, within_s=20, why="Redis is asked")
    assert _duplicate(5) == await _hear(heard, 8)


async def test_asking_again_gives_the_same_answer(heard: Heard) -> None:
    """A repeated question about the opening record does not make it a duplicate of itself."""
    await _hear(heard, 5)
    assert _new(5) == await _hear(heard, 5)
    await heard.told([_change()])
    assert _new(5) == await _hear(heard, 5)


async def test_the_lower_offset_opens(heard: Heard) -> None:
    """Of two that race, the one that triage meets first is the alert."""
    await _hear(heard, 6)
    assert _new(5) == await _hear(heard, 5)
    assert _duplicate(5) == await _hear(heard, 7)


async def test_after_the_window_an_alert_is_new(heard: Heard) -> None:
    """The first occurrence after the window opens another alert."""
    await _hear(heard, 5)
    assert _duplicate(5) == await _hear(heard, 6, at=NOON + HOUR - 1)
    assert _new(7) == await _hear(heard, 7, at=NOON + HOUR)


async def test_triage_knows_the_true_window(heard: Heard) -> None:
    """A window that a rule made longer or shorter holds as soon as triage has spoken."""
    await _hear(heard, 5)
    await heard.told([_change(window_ends_at=NOON + 2 * HOUR)])
    assert _duplicate(5) == await _hear(heard, 6, at=NOON + HOUR + 1)
    await heard.told([_change(2, window_ends_at=NOON + 1000)])
    assert _new(7) == await _hear(heard, 7, at=NOON + 1000)


async def test_what_somebody_took_in_hand_is_never_begun_anew(heard: Heard) -> None:
    """An acknowledged alert outlives its window, a snoozed one at least its snooze."""
    await heard.told([_change(acknowledged=True)])
    assert _duplicate(5) == await _hear(heard, 6, at=NOON + 50 * HOUR)
    await heard.told([_change(2, snoozed_until=NOON + 3 * HOUR)])
    assert _duplicate(5) == await _hear(heard, 7, at=NOON + 2 * HOUR)
    assert _new(8) == await _hear(heard, 8, at=NOON + 3 * HOUR)


async def test_firing_again_after_the_resolve_is_no_duplicate(heard: Heard) -> None:
    """It is the same alert, reopened; the next one after that is a duplicate again."""
    resolved = _change(2, kind="resolved", status="resolved", occurred_at=NOON + 1000)
    await heard.told([_change(), resolved])
    assert _duplicate(5) == await _hear(heard, 6, at=NOON + 500)
    assert _new(5) == await _hear(heard, 7, at=NOON + 2000)
    assert _duplicate(5) == await _hear(heard, 8, at=NOON + 3000)
    assert _new(5) == await _hear(heard, 7, at=NOON + 2000)


async def test_changes_may_come_in_any_order(heard: Heard) -> None:
    """An older change that arrives late does not undo a newer one."""
    resolved = _change(2, kind="resolved", status="resolved", occurred_at=NOON + 1000)
    await heard.told([resolved])
    await heard.told([_change()])
    assert _new(5) == await _hear(heard, 7, at=NOON + 2000)


async def test_an_old_alert_does_not_come_back(heard: Heard) -> None:
    """A late word about the alert before does not hide the one that has been opened since."""
    await heard.told([_change(opened=9, window_ends_at=NOON + 5 * HOUR)])
    await heard.told([_change(8, opened=5)])
    assert _duplicate(9) == await _hear(heard, 12)


async def test_the_next_alert_survives_a_late_word_about_the_last(heard: Heard) -> None:
    """What began after the window stays new, even if the old alert's last change comes late."""
    await heard.told([_change()])
    assert _new(6) == await _hear(heard, 6, at=NOON + HOUR)
    await heard.told([_change(2, kind="repeated")])
    assert _duplicate(6) == await _hear(heard, 7, at=NOON + HOUR + 1)


async def test_triage_wins_where_ingest_guessed(heard: Heard) -> None:
    """What ingest took for new is put right when triage counts it to an older alert."""
    assert _new(8) == await _hear(heard, 8)
    await heard.told([_change(7, kind="repeated", last_seen_at=NOON + 1)])
    assert _duplicate(5) == await _hear(heard, 9)


async def test_a_record_that_triage_has_long_passed_is_not_guessed_about(heard: Heard) -> None:
    """An answer that would be a guess is not given."""
    await heard.told([_change(opened=9)])
    answer = await heard.hear(
        tenant="default", fingerprint="f", alert_id="by-4", partition=0, offset=4, until=0
    )
    assert answer is None


async def test_without_redis_the_answer_is_unknown_and_quick(stack: Stack, heard: Heard) -> None:
    """A Redis that is away costs a sender nothing; when it is back it answers again."""
    await _hear(heard, 5)
    stack.valkey.stop()
    answer = await heard.hear(
        tenant="default", fingerprint="f", alert_id="x", partition=0, offset=6, until=0
    )
    assert answer is None
    stack.valkey.start()

    async def answers() -> bool:
        return _duplicate(5) == await _hear(heard, 7)

    await eventually_async(answers, within_s=10, why="Redis answers again, and kept what it knew")
