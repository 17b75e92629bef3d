"""Redis is asked about records in the order in which Kafka has them, however slow it answers."""

import asyncio
from collections.abc import Sequence
from typing import Any

from connectors.stores.heard import Heard, HeardAnswer
from schemas.topics import Names


class SlowRedis:
    """Hold every call up until it is let go, and remember the offsets it was asked about."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()

    async def run_many(
        self, _script: object, calls: Sequence[tuple[Any, Any]], *, within_s: float
    ) -> list[list[Any]]:
        """Answer that each is new."""
        assert within_s > 0
        self.asked.append([args[2] for _, args in calls])
        await self.gate.wait()
        return [[0, args[0]] for _, args in calls]


async def _hear(heard: Heard, offset: int) -> HeardAnswer | None:
    return await heard.hear(
        tenant="default",
        fingerprint="f",
        alert_id=f"alert-{offset}",
        partition=0,
        offset=offset,
        until=0,
    )


async def test_a_later_record_is_not_asked_about_before_an_earlier_one_is_answered() -> None:
    """While one question is under way the next ones wait, and then go together."""
    slow: Any = SlowRedis()
    heard = Heard(slow, Names())
    first = asyncio.create_task(_hear(heard, 1))
    await asyncio.wait([first], timeout=0.02)
    others = [asyncio.create_task(_hear(heard, offset)) for offset in (2, 3)]
    await asyncio.wait(others, timeout=0.02)
    assert [[1]] == slow.asked

    slow.gate.set()
    answers = await asyncio.gather(first, *others)

    assert [[1], [2, 3]] == slow.asked
    assert ["alert-1", "alert-2", "alert-3"] == [each and each.alert_id for each in answers]
