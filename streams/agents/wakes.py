"""Wakes: how triage gets to look at alerts of which nobody speaks.

Moments that are known beforehand go to the scheduler. Two are not: a silence that is lifted by
hand, and an alert of which nothing was heard for too long, which is found by sweeping
(docs/decisions/0011-time-outs-are-swept.md). For those triage orders a wake itself.
"""

from collections.abc import Callable

from schemas import keys, topics
from schemas.codec import encode
from schemas.deliveries import Scheduled
from schemas.reasons import CommandKind, Priority
from schemas.records import AlertCommand
from schemas.state import MUTED, AlertState, flags, unpack_alert
from schemas.topics import Names
from streams.clock import monotonic_s, now_ms
from streams.core.triage.rules import NONE_FOR_TENANT, Rules
from streams.kafka.store import PartitionStore

# A partition that is silent for so long is read to its end: its time is the clock's from then on,
# and not that of its last record.
SILENT_S = 60.0
# So many states of a partition are looked at in an idle second.
IDLE_LOOKS = 200
IDLE_LOOK_S = 1.0

# An order to end an alert is given again after so long: while triage lags, it is on its way.
AGAIN_AFTER_S = 60.0

Place = tuple[int, bytes]  # partition and key
Output = tuple[str, bytes, bytes]  # topic, key and value


class Wakes:
    """Schedule wakes for alerts, and order those whose moment nobody knew."""

    def __init__(
        self,
        names: Names,
        store: PartitionStore,
        *,
        send: Callable[[str, bytes, bytes], None],
        clock: Callable[[], float] = monotonic_s,
    ) -> None:
        self._scheduled_topic = names.topic(topics.SCHEDULED)
        self._command_topic = names.topic(topics.ALERTS_COMMANDS)
        self._store = store
        self._send = send
        self._muted: dict[Place, str] = {}
        self._obeyed: Rules | None = None
        self._latest: dict[int, tuple[int, float]] = {}
        self._looked_at = monotonic_s()
        self._ending: dict[Place, float] = {}
        self._clock = clock

    def scheduled(self, key: bytes, *, at: int, priority: int) -> Output:
        """Make the item by which the scheduler wakes us for the alert under this key."""
        tenant, fingerprint = keys.split(key)
        item = Scheduled(
            id=f"alert:{fingerprint}",
            due_at=at,
            topic=topics.ALERTS_COMMANDS.name,
            key=key,
            value=_wake(tenant, fingerprint, at=at, actor="scheduler"),
            urgent=priority >= Priority.HIGH,
            tenant=tenant,
        )
        return self._scheduled_topic, keys.key(tenant, item.id), encode(item)

    def note(self, partition: int, key: bytes, state: AlertState | None) -> None:
        """Remember which silence mutes the alert, as long as it is owed a telling."""
        if state is not None and state.owed and state.muted_by:
            self._muted[partition, key] = state.muted_by
        elif self._muted:
            self._muted.pop((partition, key), None)

    def heard(self, partition: int, timestamp: int) -> None:
        """Take note of how far a partition's time has come."""
        latest, _ = self._latest.get(partition, (0, 0.0))
        self._latest[partition] = (max(latest, timestamp), monotonic_s())

    def time_of(self, partition: int) -> int:
        """Give the time of a partition: its last record's, or the clock's where it is silent.

        Our own lag makes no alert time out.
        """
        latest, heard_at = self._latest.get(partition, (0, 0.0))
        return now_ms() if heard_at and monotonic_s() - heard_at > SILENT_S else latest

    def waiting(self, rules: Rules) -> bool:
        """Say whether there are alerts to look at: the rules changed, or a second went by."""
        lifted = rules is not self._obeyed and bool(self._muted)
        return lifted or monotonic_s() - self._looked_at >= IDLE_LOOK_S

    def looks(self) -> int:
        """Say at how many states of a partition to look now, although nothing is written."""
        now = monotonic_s()
        if now - self._looked_at < IDLE_LOOK_S:
            return 0
        self._looked_at = now
        return IDLE_LOOKS

    def lift(self, rules: Rules) -> None:
        """Order a wake for every alert whose silence is not in force any more."""
        if rules is self._obeyed:
            return
        self._obeyed = rules
        now = now_ms()
        for (_, key), silence in self._muted.items():
            tenant, _ = keys.split(key)
            mute = rules.tenants.get(tenant, NONE_FOR_TENANT).mute_by_id.get(silence)
            if mute is None or mute.ends_at <= now:
                self.order(key, at=now, actor="silence-lifted")

    def order(self, key: bytes, *, at: int, actor: str) -> None:
        """Order a wake now."""
        tenant, fingerprint = keys.split(key)
        wake = _wake(tenant, fingerprint, at=at, actor=actor)
        self._send(self._command_topic, key, wake)

    def order_end(self, partition: int, key: bytes, *, at: int) -> None:
        """Order a wake for an alert that timed out, unless one is on its way."""
        now = self._clock()
        while self._ending and next(iter(self._ending.values())) <= now - AGAIN_AFTER_S:
            del self._ending[next(iter(self._ending))]
        if (partition, key) not in self._ending:
            self._ending[partition, key] = now
            self.order(key, at=at, actor="timeout")

    def ready(self, partition: int) -> None:
        """Find which of the partition's alerts are muted."""
        self.heard(partition, 0)
        for key, packed in self._store.items_of(partition):
            if flags(packed) & MUTED:
                self.note(partition, key, unpack_alert(packed))
        self._obeyed = None

    def gone(self) -> None:
        """Forget it all: the next owner finds it in the states."""
        self._muted.clear()
        self._latest.clear()
        self._ending.clear()


def _wake(tenant: str, fingerprint: str, *, at: int, actor: str) -> bytes:
    return encode(
        AlertCommand(
            kind=CommandKind.WAKE.value,
            fingerprint=fingerprint,
            actor=actor,
            issued_at=at,
            tenant=tenant,
        )
    )
