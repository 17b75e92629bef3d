"""Schedule: what an item does to the one that is pending under its id, and what is due when.

Items carry wake-ups, not parcels (DESIGN 4): who waits keeps the matter in its own state, and
finding nothing to do when woken is a good answer.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from msgspec import Struct

from schemas.deliveries import Scheduled
from schemas.errors import Invalid
from schemas.plan_state import Pending
from schemas.reasons import ScheduledKind
from schemas.topics import WAKEABLE

# After a long stop the overdue come at this pace and not at once, or those whom they wake would
# be overrun; what is urgent does not wait for it.
OVERDUE_PER_S = 5_000.0


def pending(
    item: Scheduled, held: Pending | None, *, offset: int, trace: bytes = b""
) -> Pending | None:
    """Decide what is pending under the item's id from now on; None where nothing is.

    An item that was met before changes nothing: `held` comes back as it is.
    Raises Invalid for a kind or a topic that is none of the scheduler's.
    """
    if held is not None and offset <= held.offset:
        return held
    if item.kind == ScheduledKind.CANCEL:
        return None
    if item.kind != ScheduledKind.ITEM:
        raise Invalid(f"kind: {item.kind[:40]!r} is neither item nor cancel")
    if item.topic not in WAKEABLE:
        raise Invalid(f"topic: nothing is scheduled to {item.topic[:80]!r}")
    if not item.key:
        raise Invalid("key: missing")
    return Pending(
        id=item.id,
        due_at=item.due_at,
        topic=item.topic,
        key=item.key,
        value=item.value,
        urgent=item.urgent,
        offset=offset,
        trace=trace,
    )


class Moment(Struct, frozen=True, order=True, gc=False):
    """Say when the item under a key of a partition is due."""

    due_at: int
    partition: int
    key: bytes


class Agenda:
    """Know what is due next, urgent items first; an entry may be out of date and is then void.

    Who takes a Moment must ask the state whether the item is still due then: moving or cancelling
    one leaves its old Moment where it is.
    """

    def __init__(self) -> None:
        self._urgent: list[Moment] = []
        self._normal: list[Moment] = []

    def add(self, moment: Moment, *, urgent: bool) -> None:
        """Take note of one item."""
        heappush(self._urgent if urgent else self._normal, moment)

    def add_all(self, moments: Iterable[tuple[Moment, bool]]) -> None:
        """Take note of many items, each with whether it is urgent."""
        for moment, urgent in moments:
            (self._urgent if urgent else self._normal).append(moment)
        heapify(self._urgent)
        heapify(self._normal)

    def due(self, now: int) -> bool:
        """Say whether anything may be due."""
        return any(lane and lane[0].due_at <= now for lane in (self._urgent, self._normal))

    def take(self, now: int, *, normal_at_most: int) -> Iterator[Moment]:
        """Take what is due, earliest first: all that is urgent, then so many of the others."""
        while self._urgent and self._urgent[0].due_at <= now:
            yield heappop(self._urgent)
        for _ in range(normal_at_most):
            if not self._normal or self._normal[0].due_at > now:
                return
            yield heappop(self._normal)

    def clear(self) -> None:
        """Forget everything."""
        self._urgent.clear()
        self._normal.clear()
