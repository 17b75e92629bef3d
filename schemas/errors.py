"""The one tree of errors.

TocsinError
├── Transient              try again; may say after how long
│   ├── KafkaUnavailable
│   ├── DatabaseUnavailable
│   └── RedisUnavailable
├── Permanent              trying again changes nothing; carries a Reason
│   ├── Undecodable        bytes that are no record of ours
│   ├── Invalid            a record that breaks an agreement
│   └── Oversized          more bytes than the agreement allows
├── ConfigurationError     a setting or file that cannot be used
├── SchemaDrift            a topic or schema is not what the agreement says
└── HouseFault             a flush, a store or a lost partition: the worker must restart

A room may add leaves under these in its own file. Foreign exceptions are wrapped at the edge
that owns the library, chained, with secrets cut.
"""

from schemas.reasons import Reason


class TocsinError(Exception):
    """Be the root of every error that Tocsin raises on purpose."""


class Transient(TocsinError):
    """Say that the same call may succeed later, after `retry_after_s` if it is known."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class KafkaUnavailable(Transient):
    """Say that Kafka did not take or give a record in time."""


class DatabaseUnavailable(Transient):
    """Say that PostgreSQL did not answer."""


class RedisUnavailable(Transient):
    """Say that Redis did not answer."""


class Permanent(TocsinError):
    """Say that trying again changes nothing, and why."""

    reason = Reason.STAGE_FAILED


class Undecodable(Permanent):
    """Say that bytes are no record of ours."""

    reason = Reason.UNDECODABLE


class Invalid(Permanent):
    """Say that a record breaks an agreement."""

    reason = Reason.INVALID


class Oversized(Permanent):
    """Say that something holds more bytes than the agreement allows."""

    reason = Reason.OVERSIZED


class ConfigurationError(TocsinError):
    """Say that a setting or a file cannot be used as it is."""


class SchemaDrift(TocsinError):
    """Say that a topic or schema on the cluster is not what the agreement says."""


class HouseFault(TocsinError):
    """Say that this worker can no longer vouch for its state and must restart."""
