"""Journaled states: what one owner's states say, they say together, also after a crash."""

from collections.abc import Sequence

from schemas.limits import BROKER_BYTES, OUTPUT_BYTES
from streams.kafka import journal
from streams.kafka.producer import Outputs
from streams.kafka.states import S, States


class JournaledStates(States[S]):
    """Write states so that all states of one owner (the key before a NUL) are kept or none is."""

    def _send_all(self, outputs: Outputs, partition: int, packed: Sequence[journal.Entry]) -> None:
        for together in journal.portions(packed, at_most=OUTPUT_BYTES):
            entry = journal.pack(together)
            # One owner can change more than a record may hold; the promise then does not reach.
            if len(entry) <= BROKER_BYTES // 2:
                outputs.send_to(self._changelog, partition, [(journal.KEY, entry)])
            super()._send_all(outputs, partition, together)
