"""State under change: what batches altered since the last checkpoint, over what lies at rest."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from streams.kafka.producer import Outputs
from streams.kafka.store import PartitionStore

S = TypeVar("S")


class States(Generic[S]):
    """Give and take state by key, and write what changed to the changelog, each key once."""

    def __init__(
        self,
        store: PartitionStore,
        *,
        changelog: str,
        pack: Callable[[S], bytes],
        unpack: Callable[[bytes], S],
    ) -> None:
        self._store = store
        self._changelog = changelog
        self._pack = pack
        self._unpack = unpack
        self._changed: dict[int, dict[bytes, S | None]] = {}
        self._packed: dict[int, list[tuple[bytes, bytes | None]]] = {}

    def get(self, partition: int, key: bytes) -> S | None:
        """Give the newest state of a key, or None."""
        changed = self._changed.get(partition)
        if changed is not None and key in changed:
            return changed[key]
        packed = self._store.get_packed(partition, key)
        return None if packed is None else self._unpack(packed)

    def put(self, partition: int, key: bytes, state: S | None) -> None:
        """Change the state of a key; None forgets it."""
        changed = self._changed.get(partition)
        if changed is None:
            changed = self._changed[partition] = {}
        changed[key] = state

    def rest(self, partition: int, key: bytes, state: S) -> None:
        """Change a state in memory only: the changelog learns of it with the key's next change."""
        changed = self._changed.get(partition)
        if changed is not None and key in changed:
            changed[key] = state
        else:
            self._store.put_many(partition, ((key, self._pack(state)),))

    def changed(self) -> Iterator[tuple[int, dict[bytes, S | None]]]:
        """Walk over what changed since the last checkpoint, by partition."""
        return iter(self._changed.items())

    def count_changed(self) -> int:
        """Count the keys that changed since the last checkpoint."""
        return sum(map(len, self._changed.values()))

    def write(self, outputs: Outputs) -> int:
        """Hand the changed states to the changelog and say how many; `settle` must follow."""
        pack = self._pack
        self._packed = {
            partition: [
                (key, None if state is None else pack(state)) for key, state in changed.items()
            ]
            for partition, changed in self._changed.items()
        }
        written = 0
        for partition, packed in self._packed.items():
            self._send_all(outputs, partition, packed)
            written += len(packed)
        return written

    def _send_all(
        self, outputs: Outputs, partition: int, packed: Sequence[tuple[bytes, bytes | None]]
    ) -> None:
        outputs.send_to(self._changelog, partition, packed)

    def settle(self) -> None:
        """Take as lying at rest what `write` handed over and a flush made durable."""
        for partition, packed in self._packed.items():
            self._store.put_many(partition, packed)
        self._packed = {}
        self._changed = {}

    def abandon(self) -> None:
        """Forget what changed since the last checkpoint."""
        self._packed = {}
        self._changed = {}
