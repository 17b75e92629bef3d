"""Forgetting: lapsed states are deleted a few at a time, in step with what is written."""

from streams.kafka.store import PartitionStore

# Looking is cheap (nine bytes), so a sweep gets round where little lapses; eight looks were 5 % of
# triage's time, and two find what lapses at twice the pace at which states are written.
LOOKS_PER_DELETE = 2


class Sweep:
    """Walk round and round through the partitions and name states that may be forgotten."""

    def __init__(self, store: PartitionStore) -> None:
        self._store = store
        self._round: dict[int, list[bytes]] = {}

    def lapsed(self, partition: int, *, before: int, at_most: int) -> list[bytes]:
        """Name up to `at_most` keys whose packed state says that it lapsed `before` this moment.

        The first byte of a packed state are flags; a flagged state has something to say yet.
        """
        keys = self._round.get(partition)
        if not keys:
            keys = self._round[partition] = self._store.keys_of(partition)
        looks = at_most * LOOKS_PER_DELETE
        chunk = keys[-looks:]
        del keys[-looks:]
        found = self._store.lapsed_among(partition, chunk, before=before)
        keys += found[at_most:]  # these are named the next time
        return found[:at_most]

    def gone(self) -> None:
        """Begin anew: the partitions are no longer ours."""
        self._round.clear()
