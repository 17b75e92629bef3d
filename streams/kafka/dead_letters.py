"""Where a record goes that cannot be taken: as it came, with where and why."""

from schemas import ids
from schemas.codec import encode
from schemas.errors import Permanent
from schemas.limits import DEAD_LETTER_VALUE_BYTES
from schemas.reasons import Reason
from schemas.records import DeadLetter
from streams.kafka.batches import SourceRecord

ERROR_CHARACTERS = 500
HEADER_BYTES = 4096
HEADERS = 64


def reason_of(error: Exception) -> Reason:
    """Say under which reason an error sends its record to the dead letters."""
    return error.reason if isinstance(error, Permanent) else Reason.STAGE_FAILED


def describe(error: Exception) -> str:
    """Say what was wrong, for people."""
    return str(error) if isinstance(error, Permanent) else f"{type(error).__name__}: {error}"


def dead_letter(
    record: SourceRecord,
    *,
    topic: str,
    partition: int,
    stage: str,
    reason: str,
    error: str,
) -> tuple[bytes, bytes]:
    """Make key and value of the dead letter; its id follows from the record's place."""
    value = record.value or b""
    letter = DeadLetter(
        id=ids.dead_letter_id(topic, partition, record.offset),
        topic=topic,
        partition=partition,
        offset=record.offset,
        stage=stage,
        reason=reason,
        error=error[:ERROR_CHARACTERS],
        key=record.key or b"",
        value=value[:DEAD_LETTER_VALUE_BYTES],
        truncated=len(value) > DEAD_LETTER_VALUE_BYTES,
        headers=[
            (name, (content or b"")[:HEADER_BYTES])
            for name, content in list(record.headers)[:HEADERS]
        ],
        timestamp=record.timestamp,
        occurred_at=record.timestamp,
    )
    return record.key or b"", encode(letter)
