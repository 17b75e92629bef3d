"""What every stage takes and gives: where a record stands, and what came of it."""

from msgspec import Struct

from schemas.records import AlertChange, Decision, Intent
from schemas.state import AlertState

RAW = "raw"
COMMAND = "command"


class Place(Struct, frozen=True, gc=False):
    """Say where a record stands; `timestamp` is Kafka's, in epoch milliseconds.

    `kind` is `RAW` or `COMMAND`. `rekeyed_from` is the partition and offset at which the record
    stood under its first key. A command's `offset` is its own in `alerts.commands`, and
    `sequenced_at` the one under which it took its place among the raw alerts.
    """

    kind: str
    partition: int
    offset: int
    timestamp: int
    rekeyed_from: tuple[int, int] | None = None
    sequenced_at: int = -1


class Verdict(Struct, frozen=True, gc=False):
    """Say what came of a record: the state from now on, and everything to be put out.

    The same object as the state that was given means that nothing is to be written.
    `wake_at` asks that a wake for the alert be scheduled for then; 0 asks for none.
    """

    state: AlertState | None
    changes: tuple[AlertChange, ...] = ()
    intents: tuple[Intent, ...] = ()
    decisions: tuple[Decision, ...] = ()
    wake_at: int = 0
