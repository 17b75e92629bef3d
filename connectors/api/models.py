"""What the API says and takes, with an example of each."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.api.delivery_models import DELIVERY, Delivery
from connectors.api.examples import example

_NOTIFICATION: dict[str, Any] = {
    "id": "0f8f1c9e-5a0b-5d0c-8a53-6f6c2c5a9b10",
    "fingerprint": "9f2c4b7d1e3a5f60",
    "source": "slack",
    "title": "Disk almost full on db-1",
    "body": "Disk usage is at 91 % on db-1 (/var/lib/postgresql)",
    "severity": "warning",
    "priority": 2,
    "priority_name": "high",
    "status": "open",
    "acknowledged": True,
    "acknowledged_by": "ada",
    "acknowledged_at": "2026-03-01T08:03:10.000Z",
    "count": 12,
    "duplicates": 11,
    "first_seen_at": "2026-03-01T08:00:00.000Z",
    "last_seen_at": "2026-03-01T08:02:41.500Z",
    "started_at": None,
    "labels": {"host": "db-1", "service": "orders"},
    "links": ["https://runbooks.example.org/disk"],
    "muted_by": "",
    "muted_until": None,
    "snoozed_until": None,
    "stale": False,
    "seq": 3,
}

_CHANGE: dict[str, Any] = {
    "seq": 3,
    "kind": "acknowledged",
    "status": "open",
    "priority": 2,
    "count": 12,
    "occurred_at": "2026-03-01T08:03:10.000Z",
    "acknowledged": True,
    "muted_by": "",
    "muted_until": None,
    "snoozed_until": None,
    "actor": "ada",
    "rule_id": "",
    "note": "looking into it",
}

_DECISION: dict[str, Any] = {
    "id": "4b3f0f5e-0d8e-5b62-9d0a-1f3a3d6f1b21",
    "about": "alert",
    "subject_id": "0f8f1c9e-5a0b-5d0c-8a53-6f6c2c5a9b10",
    "fingerprint": "9f2c4b7d1e3a5f60",
    "stage": "silence",
    "outcome": "muted",
    "reason": "silenced",
    "rule_id": "maintenance-batch",
    "detail": "until 2026-03-01T10:00:00Z",
    "count": 1,
    "occurred_at": "2026-03-01T08:00:00.120Z",
}


class Notification(BaseModel):
    """One alert as the inbox shows it; times are ISO 8601 in UTC, null where not known."""

    model_config = example(_NOTIFICATION)

    id: str
    fingerprint: str = Field(description="What makes two messages the same alert.")
    source: str
    title: str
    body: str
    severity: str = Field(description="The source's own word.")
    priority: int = Field(ge=0, le=3)
    priority_name: str = Field(description="low, normal, high or critical.")
    status: str = Field(description="open or resolved.")
    acknowledged: bool
    acknowledged_by: str
    acknowledged_at: str | None
    count: int = Field(description="How often it was told.")
    duplicates: int = Field(description="How many of these told nobody anything new.")
    first_seen_at: str | None
    last_seen_at: str | None
    started_at: str | None = Field(description="When the trouble began, as the source says.")
    labels: dict[str, str]
    links: list[str]
    muted_by: str = Field(description="The silence that mutes it, or empty.")
    muted_until: str | None
    snoozed_until: str | None
    stale: bool = Field(description="Whether it was too old to tell anybody when it came.")
    seq: int = Field(description="Number of its last change.")


class Change(BaseModel):
    """One fact of an alert's history."""

    model_config = example(_CHANGE)

    seq: int
    kind: str
    status: str
    priority: int
    count: int
    occurred_at: str | None
    acknowledged: bool
    muted_by: str
    muted_until: str | None
    snoozed_until: str | None
    actor: str = Field(description="Who did it; `timeout` where the clock did.")
    rule_id: str
    note: str = Field(description="What was noted, or whom a step of an escalation told.")


class NotificationWithHistory(Notification):
    """One alert with its last 500 changes, and its last 200 deliveries, newest first."""

    model_config = example(_NOTIFICATION | {"history": [_CHANGE], "told": [DELIVERY]})

    history: list[Change]
    told: list[Delivery] = Field(description="Who was told, and who was not and why.")


class Page(BaseModel):
    """A page of alerts, the last seen first."""

    model_config = example(
        {"items": [_NOTIFICATION], "total": 1, "limit": 50, "offset": 0, "next_cursor": None}
    )

    items: list[Notification]
    total: int = Field(description="How many alerts the filters choose.")
    limit: int
    offset: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


class DecisionMade(BaseModel):
    """Why a stage dropped, held, muted or changed something."""

    model_config = example(_DECISION)

    id: str
    about: str = Field(description="alert, intent, delivery or record.")
    subject_id: str
    fingerprint: str
    stage: str
    outcome: str
    reason: str
    rule_id: str
    detail: str
    count: int = Field(description="How many occurrences this speaks for.")
    occurred_at: str | None


class Explanation(BaseModel):
    """What was decided about an alert, newest first."""

    model_config = example(
        {"id": _NOTIFICATION["id"], "fingerprint": "9f2c4b7d1e3a5f60", "decisions": [_DECISION]}
    )

    id: str
    fingerprint: str
    decisions: list[DecisionMade]


class Statistics(BaseModel):
    """How many alerts there are, and what merging duplicates saved."""

    model_config = example(
        {
            "total": 5,
            "unacknowledged": 4,
            "open": 4,
            "by_source": {"alertmanager": 2, "slack": 3},
            "by_priority": {"low": 0, "normal": 3, "high": 1, "critical": 1},
            "by_status": {"open": 4, "resolved": 1},
            "occurrences": 16,
            "duplicates_saved": 11,
            "deliveries": {"email": {"delivered": 3, "pending": 1}, "sms": {"suppressed": 1}},
        }
    )

    total: int
    unacknowledged: int
    open: int
    by_source: dict[str, int]
    by_priority: dict[str, int]
    by_status: dict[str, int]
    occurrences: int
    duplicates_saved: int
    deliveries: dict[str, dict[str, int]] = Field(
        description="How many deliveries stand under each channel and status; `none` counts"
        " intents that were dropped whole."
    )


class OnItsWay(BaseModel):
    """The order lies in Kafka; the inbox will show it in a moment."""

    model_config = example(
        {
            "status": "on its way",
            "id": _NOTIFICATION["id"],
            "command_id": "0b9d6c4e-3f58-4a0e-9c52-2d8f0f4b7a11",
        }
    )

    status: Literal["on its way"] = "on its way"
    id: str
    command_id: str


Note = Annotated[str, Field(max_length=2000, description="Kept in the history.")]
Actor = Annotated[
    str, Field(max_length=200, description="Who orders it; the key's name where not given.")
]


class Order(BaseModel):
    """Say who orders something, and why; both may be left out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"actor": "ada", "note": "looking into it"}]},
    )

    actor: Actor = ""
    note: Note = ""


class Snooze(Order):
    """Say until when an alert shall tell nobody: `until` (ISO 8601) or `for_s` seconds."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"for_s": 3600, "note": "after the deploy"}]},
    )

    until: str | None = Field(default=None, description="ISO 8601 with a time zone.")
    for_s: int | None = Field(default=None, ge=1, le=31 * 86_400)


class ProblemDetails(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = example(
        {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "no notification has this id or fingerprint",
        }
    )

    type: str
    title: str
    status: int
    detail: str
    where: str | None = None


PROBLEM: dict[str, Any] = {
    "content": {"application/problem+json": {"schema": ProblemDetails.model_json_schema()}}
}
