"""Wait for what must become true, with a deadline and a reason, instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_S = 0.05


def eventually(check: Callable[[], T], *, within_s: float, why: str) -> T:
    """Return the first true answer of the check, fail with the reason when time is over.

    An assertion that fails or an error that is raised inside the check means "not yet"; the
    last one is told at the end.
    """
    deadline = time.monotonic() + within_s
    while True:
        answer, problem = _ask(check)
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(_verdict(why, within_s, answer, problem)) from problem
        time.sleep(PAUSE_S)


async def eventually_async(check: Callable[[], Awaitable[T]], *, within_s: float, why: str) -> T:
    """Return the first true answer of an async check, fail with the reason when time is over."""
    deadline = time.monotonic() + within_s
    while True:
        answer: T | None = None
        problem: Exception | None = None
        try:
            answer = await check()
        except Exception as error:  # noqa: BLE001 - any error means "not yet"
            problem = error
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(_verdict(why, within_s, answer, problem)) from problem
        await asyncio.sleep(PAUSE_S)


def _ask(check: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return check(), None
    except Exception as error:  # noqa: BLE001 - any error means "not yet"
        return None, error


def _verdict(why: str, within_s: float, answer: object, problem: Exception | None) -> str:
    last = f"{type(problem).__name__}: {problem}" if problem else f"answer {answer!r}"
    return f"not within {within_s} s: {why} (last {last})"
