"""What the API says of intents and deliveries, with an example of each."""

from typing import Any

from pydantic import BaseModel, Field

from connectors.api.examples import example

_INTENT_ID = "6a1c0f3e-9d2b-5c47-8f11-2b7d90e4a531"
DELIVERY: dict[str, Any] = {
    "id": "c2f7b1de-51a0-5e6b-9a44-7f0c3d2e8b90",
    "intent_id": _INTENT_ID,
    "alert_id": "0f8f1c9e-5a0b-5d0c-8a53-6f6c2c5a9b10",
    "recipient": "ada",
    "channel": "email",
    "address": "ada@example.org",
    "status": "delivered",
    "reason": "",
    "why": "",
    "held_until": None,
    "error": "",
    "provider": "sandbox",
    "provider_id": "",
    "attempts": 1,
    "maybe_repeat": False,
    "replay": "",
    "subject": "[high] Disk almost full on db-1",
    "template": "alert",
    "template_version": "9b1f0c2d7e3a",
    "locale": "en",
    "variant": "",
    "type": "alert",
    "priority": 2,
    "priority_name": "high",
    "lane": "urgent",
    "created_at": "2026-03-01T08:00:00.120Z",
    "sent_at": "2026-03-01T08:00:00.180Z",
    "delivered_at": "2026-03-01T08:00:00.180Z",
    "opened_at": None,
    "clicked_at": None,
    "updated_at": "2026-03-01T08:00:00.180Z",
}
_HELD: dict[str, Any] = {
    "channel": "sms",
    "status": "held",
    "reason": "quiet_hours",
    "why": "the recipient's quiet hours",
    "held_until": "2026-03-01T07:00:00.000Z",
    "deliveries": [],
}
_EVENT: dict[str, Any] = {
    "id": "1d0e6b7c-83fa-5f0e-a0d5-9e2c4b6a7f10",
    "status": "delivered",
    "attempt": 1,
    "reason": "",
    "why": "",
    "error": "",
    "until": None,
    "provider": "sandbox",
    "provider_id": "",
    "maybe_repeat": False,
    "corrects": "",
    "replay": "",
    "occurred_at": "2026-03-01T08:00:00.180Z",
    "link": "",
}
_STEP: dict[str, Any] = {
    "at": "2026-02-28T23:00:00.000Z",
    "said": "sms: held until 2026-03-01T07:00:00.000Z: the recipient's quiet hours",
    "kind": "event",
    "channel": "sms",
    "delivery_id": "d9a0b8c7-1e2f-5a3b-8c4d-5e6f70819203",
    "stage": "",
    "outcome": "held",
    "reason": "quiet_hours",
    "rule_id": "",
    "detail": "",
}


class Delivery(BaseModel):
    """One message for one address on one channel, as its events add up."""

    model_config = example(DELIVERY)

    id: str
    intent_id: str
    alert_id: str
    recipient: str
    channel: str = Field(description="`none`: the intent was dropped before any was chosen.")
    address: str
    status: str = Field(
        description="queued, held, retrying, sent, delivered, failed, expired, rate_limited,"
        " suppressed or superseded."
    )
    reason: str = Field(description="Why it stands so, from a closed list; empty where plain.")
    why: str = Field(description="The reason in words.")
    held_until: str | None = Field(description="When it is looked at again.")
    error: str = Field(description="What the provider said.")
    provider: str
    provider_id: str
    attempts: int
    maybe_repeat: bool = Field(description="Whether the provider may have been called twice.")
    replay: str = Field(description="The replay by which it was sent anew, or empty.")
    subject: str
    template: str
    template_version: str
    locale: str
    variant: str
    type: str
    priority: int
    priority_name: str
    lane: str
    created_at: str | None
    sent_at: str | None
    delivered_at: str | None
    opened_at: str | None
    clicked_at: str | None
    updated_at: str | None


class DeliveryStep(BaseModel):
    """One event of a delivery."""

    model_config = example(_EVENT)

    id: str
    status: str
    attempt: int
    reason: str
    why: str
    error: str
    until: str | None
    provider: str
    provider_id: str
    maybe_repeat: bool
    corrects: str
    replay: str
    occurred_at: str | None
    link: str


class DeliveryWithEvents(Delivery):
    """One delivery and what happened to it, in order of time."""

    model_config = example(DELIVERY | {"events": [_EVENT]})

    events: list[DeliveryStep]


class DeliveryPage(BaseModel):
    """A page of deliveries, the newest first."""

    model_config = example({"items": [DELIVERY], "limit": 50, "next_cursor": None})

    items: list[Delivery]
    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


class ChannelState(BaseModel):
    """How an intent stands on one channel: the best of its deliveries there."""

    model_config = example(_HELD)

    channel: str = Field(description="`none`: the intent as a whole.")
    status: str
    reason: str
    why: str
    held_until: str | None
    deliveries: list[Delivery]


class IntentState(BaseModel):
    """What became of an intent, channel by channel; empty or null is what is not known yet."""

    model_config = example(
        {
            "id": _INTENT_ID,
            "status": "pending",
            "recipient": "ada",
            "template": "alert",
            "type": "alert",
            "priority": 2,
            "priority_name": "high",
            "requested_channels": None,
            "accepted_at": "2026-03-01T08:00:00.100Z",
            "created_at": "2026-03-01T08:00:00.100Z",
            "expires_at": "2026-03-01T09:00:00.100Z",
            "channels": [
                {
                    "channel": "email",
                    "status": "delivered",
                    "reason": "",
                    "why": "",
                    "held_until": None,
                    "deliveries": [DELIVERY],
                },
                _HELD,
            ],
        }
    )

    id: str
    status: str = Field(
        description="accepted: nothing is planned yet; pending: something may still change;"
        " final: every delivery has its last state."
    )
    recipient: str
    template: str
    type: str
    priority: int | None
    priority_name: str
    requested_channels: list[str] | None = Field(
        description="What its sender asked for; null where preferences choose."
    )
    accepted_at: str | None
    created_at: str | None
    expires_at: str | None
    channels: list[ChannelState]


class ExplainedStep(BaseModel):
    """One thing that was decided or done, in words."""

    model_config = example(_STEP)

    at: str | None
    said: str
    kind: str = Field(description="event or decision.")
    channel: str
    delivery_id: str
    stage: str
    outcome: str
    reason: str
    rule_id: str
    detail: str


class IntentExplanation(BaseModel):
    """Why a recipient did or did not get this, in order of time."""

    model_config = example({"id": _INTENT_ID, "status": "pending", "steps": [_STEP]})

    id: str
    status: str
    steps: list[ExplainedStep]
