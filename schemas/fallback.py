"""The wish for a fallback: what follow-up tells planning of an intent that nobody got."""

from typing import Any

import msgspec
from msgspec import Struct

from schemas.errors import Invalid
from schemas.reasons import DeliveryStatus, Reason

# A channel that was not used for one of these did not reach the person, who wanted it.
_UNREACHED = frozenset(
    reason.value for reason in (Reason.NO_ADDRESS, Reason.ADDRESS_GONE, Reason.TEMPLATE_FAILED)
)
_QUEUED = DeliveryStatus.QUEUED.value
MOST_NUMBER = 10  # more than there are channels


class Wish(Struct, frozen=True, kw_only=True, gc=False):
    """Ask for the next channel of an intent; travels as the data of an Intent of kind `fallback`.

    `number` counts the wishes for one intent from 1: the same number again asks for the same.
    `channels` are those by which it did not arrive; `failed` says that all of them had failed,
    else nothing was heard of them for `waited_ms`.
    """

    number: int
    channels: list[str] = []
    failed: bool = False
    waited_ms: int = 0


def is_awaited(status: str, reason: str) -> bool:
    """Say whether somebody waits for this channel: it was handed over, or could not be.

    What is held, or was not wanted, nobody waits for.
    """
    return status == _QUEUED or reason in _UNREACHED


def written(wish: Wish) -> dict[str, Any]:
    """Write a wish as the data of an Intent."""
    data: dict[str, Any] = msgspec.to_builtins(wish)
    return data


def read(data: dict[str, Any]) -> Wish:
    """Read a wish; Invalid where it is none."""
    try:
        wish = msgspec.convert(data, Wish)
    except msgspec.ValidationError as wrong:
        raise Invalid(f"data: no wish for a fallback: {wrong}") from wrong
    if not 1 <= wish.number <= MOST_NUMBER:
        raise Invalid(f"data: number {wish.number} is not within 1 to {MOST_NUMBER}")
    return wish
