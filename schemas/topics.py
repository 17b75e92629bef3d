"""Every topic, declared once, and every name that a namespace prefixes."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from schemas import control, deliveries, notification, records
from schemas.limits import BROKER_BYTES, MIB
from schemas.reasons import Channel, Lane

DAY_MS = 86_400_000
FOREVER_DAYS = -1
NAMESPACE = re.compile(r"[a-z0-9]{0,20}")


class Spread(StrEnum):
    """Say how many partitions a topic has: the shared count P, or one."""

    SHARED = "shared"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Topic:
    """Declare a topic; `name` is without namespace."""

    name: str
    record: type[records.Record]
    key: str
    retention_days: int | None = 7  # None: compacted, kept for ever; FOREVER_DAYS: all of it
    spread: Spread = Spread.SHARED

    def config(self) -> dict[str, str]:
        """Give the topic's settings as the broker names them."""
        if self.retention_days is None:
            return COMPACTED
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(
                -1 if self.retention_days == FOREVER_DAYS else self.retention_days * DAY_MS
            ),
            "max.message.bytes": str(BROKER_BYTES),
        }


# Small segments (the newest is never cleaned) and an early cleaner, or restores read dead records.
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.bytes": str(16 * MIB),
    "segment.ms": "600000",
    "max.compaction.lag.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
    "max.message.bytes": str(BROKER_BYTES),
}

ALERTS_RAW = Topic("alerts.raw", records.RawAlert, "fingerprint")
ALERTS_COMMANDS = Topic("alerts.commands", records.AlertCommand, "fingerprint")
ALERTS_CHANGES = Topic("alerts.changes", records.AlertChange, "fingerprint", 30)
INTENTS = Topic("intents", records.Intent, "recipient")
INTENTS_URGENT = Topic("intents.urgent", records.Intent, "recipient")
DECISIONS = Topic("decisions", records.Decision, "subject id")
DEAD_LETTERS = Topic("dead-letters", records.DeadLetter, "original key", 30)
DELIVERIES: dict[tuple[str, str], Topic] = {
    (channel, lane): Topic(
        f"deliveries.{channel}" + (".urgent" if lane is Lane.URGENT else ""),
        deliveries.Delivery,
        "recipient",
    )
    for channel in Channel
    for lane in (Lane.URGENT, Lane.NORMAL)
}
DELIVERIES_EVENTS = Topic("deliveries.events", deliveries.DeliveryEvent, "intent id", 30)
# An opt-out must outlive every retention (docs/decisions/0010-feedback-is-kept.md).
RECIPIENTS_FEEDBACK = Topic(
    "recipients.feedback", deliveries.AddressEvent, "recipient", FOREVER_DAYS
)
SCHEDULED = Topic("scheduled", deliveries.Scheduled, "item id", 30)
CONTROL_RECIPIENTS = Topic("control.recipients", notification.Recipient, "recipient", None)
CONTROL_PREFERENCES = Topic("control.preferences", notification.Preference, "recipient", None)
CONTROL_TEMPLATES = Topic("control.templates", notification.Template, "name", None, Spread.SINGLE)
CONTROL_TYPES = Topic("control.types", notification.NotificationType, "name", None, Spread.SINGLE)
CONTROL_ROUTES = Topic("control.routes", control.Route, "id", None, Spread.SINGLE)
CONTROL_SILENCES = Topic("control.silences", control.Silence, "id", None, Spread.SINGLE)
CONTROL_RULES = Topic("control.rules", control.Rule, "id", None, Spread.SINGLE)

TOPICS: tuple[Topic, ...] = (
    ALERTS_RAW,
    ALERTS_COMMANDS,
    ALERTS_CHANGES,
    INTENTS,
    INTENTS_URGENT,
    DECISIONS,
    DEAD_LETTERS,
    CONTROL_ROUTES,
    CONTROL_SILENCES,
    CONTROL_RULES,
    CONTROL_RECIPIENTS,
    CONTROL_PREFERENCES,
    CONTROL_TEMPLATES,
    CONTROL_TYPES,
    RECIPIENTS_FEEDBACK,
    SCHEDULED,
    DELIVERIES_EVENTS,
    *DELIVERIES.values(),
)

# Where the scheduler may write: no record that it carries may land anywhere else.
WAKEABLE: dict[str, Topic] = {
    topic.name: topic for topic in (ALERTS_COMMANDS, INTENTS, INTENTS_URGENT, *DELIVERIES.values())
}


@dataclass(frozen=True, slots=True)
class Names:
    """Make every name that tests, staging and shadow must not share.

    `namespace` is empty or matches `[a-z0-9]{1,20}`.
    """

    namespace: str = ""
    _dotted: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        if not NAMESPACE.fullmatch(self.namespace):
            raise ValueError(
                f"a namespace is up to 20 lower-case letters and digits: {self.namespace!r}"
            )
        object.__setattr__(self, "_dotted", f"{self.namespace}." if self.namespace else "")

    def topic(self, topic: Topic) -> str:
        """Name the topic on the cluster."""
        return self._dotted + topic.name

    def group(self, process: str) -> str:
        """Name the consumer group of a process, which is also a Faust app's id."""
        return f"{self._dotted}tocsin-{process}"

    def changelog(self, process: str, table: str) -> str:
        """Name the changelog of a process's table, as Faust itself would."""
        return f"{self.group(process)}-{table}-changelog"

    def redis(self, *parts: str) -> str:
        """Name a Redis key."""
        return ":".join((self._dotted + parts[0], *parts[1:]))

    def database_schema(self) -> str:
        """Name the PostgreSQL schema."""
        return self.namespace or "public"
