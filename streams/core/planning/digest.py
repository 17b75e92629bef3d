"""Digest: what is collected for one channel, to be told as one message."""

from typing import Any

from msgspec.structs import replace

from schemas.notification import DIGEST_S, LONGEST_DIGEST_S, NotificationType
from schemas.plan_state import NOWHERE, Collected, Place

MOST = 50  # lines of one digest; more are only counted
LINE_CHARS = 200


def window_ms(kind: NotificationType) -> int:
    """Say how long messages of a type are collected; what is not said or no time is the default."""
    return (min(kind.digest_s, LONGEST_DIGEST_S) if kind.digest_s > 0 else DIGEST_S) * 1000


def collect(
    held: Collected | None,
    *,
    intent_id: str,
    line: str,
    due_at: int,
    now: int,
    kind: str = "",
    locale: str = "",
    priority: int = 1,
) -> Collected:
    """Add an intent to what is collected, or begin anew where nothing is or it was told.

    The first says when the digest is due, its type and its locale; the highest priority counts.
    The same object where the intent waits in it; one that was only counted is counted again.
    """
    item = (intent_id, one_line(line))
    if held is None or not collecting(held):
        number = next_number(held, now=now)
        return Collected(number, due_at, (item,), type=kind, locale=locale, priority=priority)
    if any(known == intent_id for known, _ in held.items):
        return held
    priority = max(held.priority, priority)
    if len(held.items) >= MOST:
        return replace(held, more=held.more + 1, priority=priority)
    return replace(held, items=(*held.items, item), priority=priority)


def collecting(held: Collected) -> bool:
    """Say whether a digest still waits to be told."""
    return held.wake == NOWHERE and bool(held.items)


def told(held: Collected, *, wake: Place) -> Collected:
    """Mark a digest as told by the wake at this place; what it held stays, to be told alike."""
    return replace(held, wake=wake)


def told_last(held: Collected | None) -> int:
    """Give the number of the digest that was told last; one that was emptied never was."""
    if held is None:
        return 0
    return held.before if held.wake == NOWHERE else held.number


def intents_told_last(held: Collected | None) -> tuple[str, ...]:
    """Name the intents that stood in the digest that was told last."""
    if held is None:
        return ()
    return held.told if held.wake == NOWHERE else tuple(known for known, _ in held.items)


def next_number(held: Collected | None, *, now: int) -> int:
    """Give the next digest of a key a number of its own, even where the last is forgotten."""
    return now if held is None else max(now, held.number + 1)


def data(collected: Collected) -> dict[str, Any]:
    """Give a digest to its template: `items` in order, how many `more`, and the `count` of all."""
    return {
        "items": [line for _, line in collected.items],
        "more": collected.more,
        "count": len(collected.items) + collected.more,
    }


def one_line(text: str) -> str:
    """Bring a text to one line of at most 200 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LINE_CHARS else line[: LINE_CHARS - 1] + "…"
