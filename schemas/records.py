"""The records that travel on topics, as one frozen value a kind.

Field for field they mirror `schemas/avro/*.avsc`; `schemas.codec` turns one into the other.
Times are epoch milliseconds UTC and 0 says "not known"; an empty string says "not given".
Status, kind and reason are strings on the wire and closed lists in `schemas.reasons`.
"""

from typing import Any, ClassVar

from msgspec import Struct, field

DEFAULT_TENANT = "default"
NO_PRIORITY = -1


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Be a value that has a schema; `AVRO` names the file under `schemas/avro/` without ending.

    Unknown fields are an error to msgspec, so that `schemas.codec` can count them.
    """

    AVRO: ClassVar[str] = ""


class RawAlert(Record, frozen=True, kw_only=True, gc=False):
    """Carry what a source said, translated to our fields and not yet judged.

    `severity` is the source's own word; `priority` is 0 to 3 or `NO_PRIORITY`.
    `occurred_at` is when the sender spoke, `started_at` when the trouble began.
    `dedup_key` is the sender's own identity of the alert, where it has one.
    """

    AVRO: ClassVar[str] = "raw_alert"

    source: str
    title: str
    body: str = ""
    severity: str = ""
    priority: int = NO_PRIORITY
    status: str = "firing"
    labels: dict[str, str] = field(default_factory=dict)
    dedup_key: str = ""
    occurred_at: int = 0
    started_at: int = 0
    links: list[str] = field(default_factory=list)
    id: str = ""
    tenant: str = DEFAULT_TENANT
    received_at: int = 0


class AlertCommand(Record, frozen=True, kw_only=True, gc=False):
    """Order something done to the alert that stands under a fingerprint.

    `alert_id` narrows the order to one life of the alert; empty means whichever is current.
    `until` is the end of a snooze.
    """

    AVRO: ClassVar[str] = "alert_command"

    kind: str
    fingerprint: str
    alert_id: str = ""
    actor: str = ""
    note: str = ""
    until: int = 0
    issued_at: int = 0
    id: str = ""
    tenant: str = DEFAULT_TENANT


class AlertChange(Record, frozen=True, kw_only=True, gc=False):
    """State a fact about an alert, numbered by `seq` from 1 within it; counts are absolute.

    `opened_partition` and `opened_offset` name the record that opened the alert.
    `window_ends_at` is when the next occurrence begins a new alert (0: never by the clock).
    `has_content` says whether title, body, labels and links are given; a `repeated` change
    leaves them out and a reader keeps what it has.
    """

    AVRO: ClassVar[str] = "alert_change"

    alert_id: str
    seq: int
    fingerprint: str
    kind: str
    status: str = "open"
    priority: int = 1
    count: int = 1
    first_seen_at: int = 0
    last_seen_at: int = 0
    occurred_at: int = 0
    acknowledged: bool = False
    acknowledged_by: str = ""
    muted_by: str = ""
    muted_until: int = 0
    snoozed_until: int = 0
    stale: bool = False
    window_ends_at: int = 0
    opened_partition: int = -1
    opened_offset: int = -1
    has_content: bool = False
    source: str = ""
    title: str = ""
    body: str = ""
    severity: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    started_at: int = 0
    actor: str = ""
    rule_id: str = ""
    note: str = ""
    id: str = ""
    tenant: str = DEFAULT_TENANT


class Intent(Record, frozen=True, kw_only=True, gc=False):
    """Ask that one recipient be told something, before channels are chosen.

    `channels` None means the recipient's preferences decide. `to` maps a channel to an address
    that needs no recipient record. `data` is JSON for the template.
    `ends` says that this tells the end of what `alert_id` told before.
    """

    AVRO: ClassVar[str] = "intent"

    recipient: str
    template: str = ""
    subject: str = ""
    body: str = ""
    to: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    channels: list[str] | None = None
    priority: int = 1
    type: str = "alert"
    idempotency_key: str = ""
    send_at: int = 0
    expires_at: int = 0
    digest_key: str = ""
    locale: str = ""
    alert_id: str = ""
    alert_seq: int = 0
    ends: bool = False
    created_at: int = 0
    kind: str = "intent"
    id: str = ""
    tenant: str = DEFAULT_TENANT


class Decision(Record, frozen=True, kw_only=True, gc=False):
    """Say why a stage dropped, held, muted or changed something.

    `count` is how many occurrences this one record speaks for.
    """

    AVRO: ClassVar[str] = "decision"

    subject_kind: str
    subject_id: str
    stage: str
    outcome: str
    reason: str
    fingerprint: str = ""
    rule_id: str = ""
    detail: str = ""
    count: int = 1
    occurred_at: int = 0
    id: str = ""
    tenant: str = DEFAULT_TENANT


class DeadLetter(Record, frozen=True, kw_only=True, gc=False):
    """Keep a record that could not be taken, as it came, with where and why.

    `value` is cut to `schemas.limits.DEAD_LETTER_VALUE_BYTES`; `truncated` says so.
    """

    AVRO: ClassVar[str] = "dead_letter"

    topic: str
    partition: int
    offset: int
    stage: str
    reason: str
    error: str = ""
    key: bytes = b""
    value: bytes = b""
    truncated: bool = False
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    timestamp: int = 0
    occurred_at: int = 0
    id: str = ""
