"""Counts that ran ahead of what was said, and the `repeated` changes that say them.

The clock decides when a count is said; so it is written down (reserved) at one checkpoint and
said (announced) after it, and a crash in between says the same once more under the same id.
"""

from collections.abc import Callable, Iterable

from schemas import keys
from schemas.records import AlertChange
from schemas.state import RESERVED, UNTOLD, AlertState, flags, without_flags
from streams import pipeline
from streams.clock import monotonic_s
from streams.kafka.states import States
from streams.kafka.store import PartitionStore

# The inbox's counter is right within 10 s (DESIGN 4, dedup): this, a checkpoint and the view.
# Where many alerts wait to be counted, each is said less often, and the load is halved.
REPEATED_AFTER_S = 4.0
REPEATED_AFTER_LOADED_S = 8.0
MANY = 1_000
REPEATED_AT_ONCE = 5_000
# A reservation older than this was announced: a worker that cannot flush for longer leaves
# (streams.kafka.producer.MESSAGE_TIMEOUT_S), and `announce` follows the flush at once.
ANNOUNCED_WITHIN_MS = 120_000

Place = tuple[int, bytes]  # partition and key


class Repeats:
    """Remember which alerts have a count to be said, oldest first, and say it in time."""

    def __init__(
        self,
        states: States[AlertState],
        store: PartitionStore,
        *,
        say: Callable[[bytes, AlertChange], None],
    ) -> None:
        self._states = states
        self._store = store
        self._say = say
        self._since_s: dict[Place, float] = {}
        self._reserved: list[Place] = []

    def note(self, partition: int, key: bytes, now_s: float) -> None:
        """Take note that the alert's count ran ahead of what was said."""
        self._since_s.setdefault((partition, key), now_s)

    def waiting(self) -> bool:
        """Say whether a count is due to be said, or reserved and not yet said."""
        if self._reserved:
            return True
        if not self._since_s:
            return False
        return next(iter(self._since_s.values())) <= self._due_since_s()

    def reserve(self) -> None:
        """Put into the states which counts are said after this checkpoint."""
        for place in self._due():
            del self._since_s[place]
            state = self._states.get(*place)
            if state is not None and state.count > state.said_count:
                # What is still reserved here was announced long ago, see `ready`.
                self._states.put(*place, pipeline.reserve(pipeline.announced(state)))
                self._reserved.append(place)

    def _due_since_s(self) -> float:
        few = len(self._since_s) < MANY
        return monotonic_s() - (REPEATED_AFTER_S if few else REPEATED_AFTER_LOADED_S)

    def _due(self) -> list[Place]:
        latest = self._due_since_s()
        due: list[Place] = []
        for place, since_s in self._since_s.items():
            if since_s > latest or len(due) >= REPEATED_AT_ONCE:
                break
            due.append(place)
        return due

    def announce(self) -> None:
        """Say the counts that were written down."""
        reserved, self._reserved = self._reserved, []
        self._announce(reserved)

    def _announce(self, reserved: Iterable[Place]) -> None:
        for partition, key in reserved:
            state = self._states.get(partition, key)
            if state is None or state.reserved is None:
                continue
            tenant, fingerprint = keys.split(key)
            self._say(key, pipeline.announce(state, fingerprint=fingerprint, tenant=tenant))
            # Not worth a changelog record: after a crash it would be said once more, under its id.
            self._states.rest(partition, key, pipeline.announced(state))

    def ready(self, partition: int) -> None:
        """Find in the partition's states what a former owner had yet to say.

        What it had reserved is said before a record is judged: later, the alert could have another
        priority, and the same change would be said in two ways.
        """
        now_s = monotonic_s()
        recent = self._store.flagged_within(partition, ANNOUNCED_WITHIN_MS)
        reserved: list[Place] = []
        announced = []
        for key, packed in self._store.items_of(partition):
            flagged = flags(packed)
            if flagged & RESERVED:
                if key in recent:
                    reserved.append((partition, key))
                else:
                    announced.append((key, without_flags(packed, RESERVED)))
            if flagged & UNTOLD:
                self._since_s[partition, key] = now_s
        self._store.put_many(partition, announced)
        self._announce(reserved)

    def gone(self) -> None:
        """Forget it all: the next owner finds it in the states."""
        self._since_s.clear()
        self._reserved.clear()
