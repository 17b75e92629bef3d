"""What the API says of the outbox, with an example."""

from typing import Any

from pydantic import BaseModel, Field

from connectors.api.examples import example

_MESSAGE: dict[str, Any] = {
    "id": 12,
    "delivery_id": "c2f7b1de-51a0-5e6b-9a44-7f0c3d2e8b90",
    "intent_id": "6a1c0f3e-9d2b-5c47-8f11-2b7d90e4a531",
    "alert_id": "0f8f1c9e-5a0b-5d0c-8a53-6f6c2c5a9b10",
    "recipient": "ada",
    "channel": "email",
    "address": "ada@example.org",
    "subject": "[high] Disk almost full on db-1",
    "text": "Disk usage is at 91 % on db-1 (/var/lib/postgresql)",
    "html": "",
    "payload": {},
    "template": "alert",
    "template_version": "9b1f0c2d7e3a",
    "locale": "en",
    "variant": "",
    "type": "alert",
    "priority": 2,
    "priority_name": "high",
    "lane": "urgent",
    "attempt": 1,
    "replay": "",
    "maybe_repeat": False,
    "created_at": "2026-03-01T08:00:00.120Z",
    "recorded_at": "2026-03-01T08:00:00.180Z",
}


class OutboxMessage(BaseModel):
    """One message exactly as it would have been sent."""

    model_config = example(_MESSAGE)

    id: int
    delivery_id: str
    intent_id: str
    alert_id: str
    recipient: str
    channel: str
    address: str
    subject: str
    text: str
    html: str
    payload: dict[str, Any]
    template: str
    template_version: str
    locale: str
    variant: str
    type: str
    priority: int
    priority_name: str
    lane: str
    attempt: int
    replay: str
    maybe_repeat: bool
    created_at: str | None
    recorded_at: str | None


class OutboxPage(BaseModel):
    """A page of the outbox, the newest first."""

    model_config = example({"items": [_MESSAGE], "limit": 50, "next_cursor": None})

    items: list[OutboxMessage]
    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")
