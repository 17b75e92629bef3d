"""State at rest: one dict a partition, filled from a changelog by Faust's own recovery."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from faust.stores.base import Store
from faust.types import TP

from streams.kafka.changelog import ChangelogBatch
from streams.kafka.faults import leave
from streams.kafka.journal import lay_over


class PartitionStore(Store[bytes, bytes]):
    """Keep packed state records by partition, exactly as they lie in the changelog.

    Faust owns when a partition is restored; `on_ready` is told of each restored partition
    before the first record is handed out.
    """

    def __post_init__(self) -> None:
        """Begin without partitions."""
        self._partitions: dict[int, dict[bytes, bytes]] = {}
        self._persisted: dict[int, int] = {}
        self._complete: set[int] = set()
        self._flagged_at: dict[int, dict[bytes, int]] = {}
        self._written_at: dict[int, int] = {}
        self.on_ready: Callable[[int], None] = lambda _partition: None
        self.is_current: Callable[[ChangelogBatch], bool] = lambda _batch: True

    def get_packed(self, partition: int, key: bytes) -> bytes | None:
        """Give the packed state, or None where there is none."""
        held = self._partitions.get(partition)
        return None if held is None else held.get(key)

    def put_many(self, partition: int, changed: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Keep what was written to the changelog; None forgets the key."""
        held = self._partitions.setdefault(partition, {})
        # What is None goes again in the next lines.
        held.update(cast("Sequence[tuple[bytes, bytes]]", changed))
        for key in [key for key, packed in changed if packed is None]:
            held.pop(key, None)

    def items_of(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Walk through one partition; not while it is written."""
        return iter(self._partitions.get(partition, {}).items())

    def partitions(self) -> list[int]:
        """List the partitions that are held."""
        return list(self._partitions)

    def lapsed_among(self, partition: int, keys: Iterable[bytes], *, before: int) -> list[bytes]:
        """Give those of the keys whose packed state bears no flag and lapsed before a moment."""
        get = self._partitions.get(partition, {}).get
        # The flags stand in front of the moment: a state that bears one compares as later.
        limit = b"\0" + max(before, 0).to_bytes(8, "big")
        return [key for key in keys if (packed := get(key)) is not None and packed[:9] < limit]

    def keys_of(self, partition: int) -> list[bytes]:
        """List the keys of one partition as of now."""
        return list(self._partitions.get(partition, ()))

    def flagged_within(self, partition: int, span_ms: int) -> set[bytes]:
        """Name keys whose flagged state was restored from the changelog's last `span_ms`."""
        since = self._written_at.get(partition, 0) - span_ms
        flagged = self._flagged_at.pop(partition, {})
        return {key for key, written_at in flagged.items() if written_at >= since}

    def size(self) -> int:
        """Count the state records held."""
        return sum(map(len, self._partitions.values()))

    def keep_persisted(self, offsets: dict[int, int]) -> None:
        """Remember up to where each partition equals its changelog, so that it is not reread.

        One whose restore was cut short holds less, and is read on from where it came to.
        """
        for partition in self._complete & offsets.keys():
            self._persisted[partition] = offsets[partition]
        self._complete.clear()

    def drop(self, partition: int) -> None:
        """Forget a partition that another worker may have changed."""
        self._partitions.pop(partition, None)
        self._persisted.pop(partition, None)
        self._complete.discard(partition)
        self._flagged_at.pop(partition, None)

    # -- what Faust calls

    def persisted_offset(self, tp: TP) -> int | None:
        """Tell Faust from where the changelog is still to be read; -1 is its beginning.

        Never None: Faust would then go on from where it had read in an earlier assignment, when
        one rebalance follows another before it forgot that (tables/recovery.py, `on_rebalance`
        returns early and `_add` keeps the old offset), and states would be missing.
        """
        return self._persisted.get(tp.partition, -1)

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Take note of an offset that Faust restored."""
        self._persisted[tp.partition] = offset

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],  # noqa: ARG002 - Faust's signature
        newly_assigned: set[TP],  # noqa: ARG002
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Keep what is still ours and forget the rest."""
        changelog = self.table.changelog_topic.get_topic_name()
        ours = {tp.partition for tp in assigned if tp.topic == changelog}
        for partition in set(self._partitions) - ours:
            self.drop(partition)

    def apply_changelog_batch(
        self,
        batch: Iterable[Any],
        to_key: Callable[[Any], bytes],  # noqa: ARG002 - keys are bytes here
        to_value: Callable[[Any], bytes],  # noqa: ARG002
    ) -> None:
        """Restore batches of changelog records, the last one of a key winning."""
        # Faust's recovery loop only logs what is raised here, and state would silently be missing.
        try:
            for event in batch:
                self._restore(event.message.value)
        except Exception as error:  # noqa: BLE001
            leave("a changelog batch could not be restored", error=error)

    def _restore(self, batch: ChangelogBatch) -> None:
        # Left over from an earlier assignment, it would make a dropped partition seem restored.
        if not self.is_current(batch):
            return
        held = self._partitions.setdefault(batch.partition, {})
        flagged = self._flagged_at.setdefault(batch.partition, {})
        for written in batch.written:
            # What is None goes again in the next lines.
            held.update(cast("dict[bytes, bytes]", written.values))
            rare = [key for key, value in written.values.items() if value is None or value[0]]
            for key in rare:
                if written.values[key] is None:
                    held.pop(key, None)
                else:
                    flagged[key] = written.written_at
        self._persisted[batch.partition] = batch.last
        self._written_at[batch.partition] = batch.written_at

    async def on_recovery_completed(
        self,
        active_tps: set[TP],
        standby_tps: set[TP],  # noqa: ARG002
    ) -> None:
        """Pass on which partitions are complete."""
        for tp in active_tps:
            lay_over(self._partitions.setdefault(tp.partition, {}))
            self._complete.add(tp.partition)
            self.on_ready(tp.partition)

    # -- what Faust's abstract base asks for and nobody uses here

    def _clear(self) -> None:
        self._partitions.clear()
        self._persisted.clear()

    def reset_state(self) -> None:
        """Do nothing: there is no file."""

    async def backup_partition(
        self,
        tp: TP | int,
        flush: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
        purge: bool = False,  # noqa: FBT001, FBT002
        keep: int = 1,
    ) -> None:
        """Do nothing: the changelog is the backup."""

    def restore_backup(
        self,
        tp: TP | int,
        latest: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
        backup_id: int = 0,
    ) -> None:
        """Do nothing: the changelog is the backup."""
