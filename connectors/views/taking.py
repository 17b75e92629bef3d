"""Decode what was read; what cannot be decoded becomes a dead letter, and the rest goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.views.kept import removal
from connectors.views.rows import Taken
from schemas.codec import decode
from schemas.errors import Permanent
from schemas.ids import dead_letter_id
from schemas.limits import DEAD_LETTER_VALUE_BYTES
from schemas.reasons import Stage
from schemas.records import DeadLetter, Record


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold what was read: the good, the bad, and where each partition goes on."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[DeadLetter] = field(default_factory=list)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    originals: dict[tuple[str, int, int], Any] = field(default_factory=dict)


def take(messages: Sequence[Any], kinds: Mapping[str, type[Record]], *, now: int) -> Batch:
    """Decode the messages of topics whose records are of these kinds."""
    batch = Batch()
    for message in messages:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        batch.ends[topic, partition] = offset + 1
        batch.originals[topic, partition, offset] = message
        try:
            record = _record(message, kinds[topic])
        except Permanent as wrong:
            batch.refused.append(refusal(message, wrong, now=now))
        else:
            batch.taken.append(Taken(topic, partition, offset, record))
    return batch


def _record(message: Any, kind: type[Record]) -> Record:
    gone = removal(kind, message.key() or b"") if message.value() is None else None
    return gone or decode(kind, message.value() or b"")


def refusal(message: Any, wrong: Exception, *, now: int) -> DeadLetter:
    """Keep the record as it came, with the reason."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    value = message.value() or b""
    reason = wrong.reason if isinstance(wrong, Permanent) else Permanent.reason
    return DeadLetter(
        id=dead_letter_id(topic, partition, offset),
        topic=topic,
        partition=partition,
        offset=offset,
        stage=str(Stage.VIEWS),
        reason=str(reason),
        error=str(wrong)[:1000],
        key=message.key() or b"",
        value=value[:DEAD_LETTER_VALUE_BYTES],
        truncated=len(value) > DEAD_LETTER_VALUE_BYTES,
        headers=[(name, data or b"") for name, data in message.headers() or ()],
        timestamp=message.timestamp()[1],
        occurred_at=now,
    )
