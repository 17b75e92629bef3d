"""Say in plain words what happened to a delivery, and why: pure."""

import re
from typing import Any

from schemas.reasons import NO_CHANNEL, Channel, DeliveryStatus, Reason, Stage

Row = dict[str, Any]

_CHANNELS = frozenset([*map(str, Channel), NO_CHANNEL])
# By this planning tells its decisions apart (channel and step, or a place): no word for people.
_MARK = re.compile(r"\w+:\d+")

# What a reason means to whoever asks "why did I (not) get this?".
WHY: dict[str, str] = {
    Reason.DUPLICATE: "the same intent was sent before and is told once",
    Reason.RESOLVED_FIRST: "the alert was over before it could be told",
    Reason.STALE: "it was too old when it came",
    Reason.EXPIRED: "its time was over",
    Reason.UNKNOWN_RECIPIENT: "nobody is known by this recipient id",
    Reason.UNKNOWN_TEMPLATE: "no template has this name",
    Reason.NOT_YET: "it is to be sent later, as its sender asked",
    Reason.NO_ADDRESS: "the recipient has no address for this channel",
    Reason.NO_CHANNEL: "no channel was left to tell it on",
    Reason.PREFERENCE: "the recipient does not want this type on this channel",
    Reason.OPTED_OUT: "the recipient opted out",
    Reason.ADDRESS_GONE: "the address no longer exists or refuses messages",
    Reason.QUIET_HOURS: "the recipient's quiet hours",
    Reason.RATE_LIMITED: "the recipient has had as many messages on this channel as are allowed",
    Reason.DIGESTED: "it is gathered with others, to be told as one message",
    Reason.NOT_TOLD: "the recipient was never told that it began",
    Reason.TEMPLATE_FAILED: "the template could not be filled in",
    Reason.FALLBACK: "another channel did not arrive",
    Reason.NO_FALLBACK: "no other channel was left to tell it on",
    Reason.SUPERSEDED: "something newer, or the same on another channel, went out before it",
    Reason.ATTEMPT_TAKEN: "this attempt had been made already",
    Reason.ATTEMPTS_USED_UP: "no attempt was left",
    Reason.PROVIDER_REFUSED: "the provider will not take this message",
    Reason.PROVIDER_UNAVAILABLE: "the provider could not be reached or was out of order",
    Reason.PROVIDER_LIMITS: "the provider asked us to slow down",
    Reason.UNKNOWN_ANSWER: "the provider's answer was lost, so it may have gone out",
    Reason.BREAKER_OPEN: "the receiver failed often and is left alone for a moment",
    Reason.PACED: "the receiver takes only so many at once",
    Reason.BEHIND: "what it ends has not been sent yet, and goes first",
    Reason.ENDPOINT_OFF: "the endpoint is switched off",
    Reason.UNSAFE_ADDRESS: "the address points where nothing may be sent",
    Reason.BOUNCED: "it came back: the receiving side would not take it",
    Reason.UNDELIVERED: "the provider could not bring it to the receiver",
}

_STEPS: dict[str, str] = {
    DeliveryStatus.QUEUED: "queued",
    DeliveryStatus.HELD: "held",
    DeliveryStatus.RETRYING: "to be tried again",
    DeliveryStatus.SENT: "taken by the provider",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.EXPIRED: "expired",
    DeliveryStatus.RATE_LIMITED: "over the rate limit",
    DeliveryStatus.SUPPRESSED: "suppressed",
    DeliveryStatus.SUPERSEDED: "superseded",
    "opened": "opened",
    "clicked": "a link was followed",
}


def why(reason: str) -> str:
    """Say what a reason means; empty where there is none."""
    return WHY.get(reason, reason.replace("_", " "))


def step(event: Row, *, until: str | None) -> str:
    """Say one step of a delivery in a sentence; `until` is when a hold ends, as it is shown."""
    status: str = event["status"]
    said = _STEPS.get(status, status)
    if event["channel"] != NO_CHANNEL:
        said = f"{event['channel']}: {said}"
    if until and status in (DeliveryStatus.HELD, DeliveryStatus.RETRYING):
        said += f" until {until}" if status == DeliveryStatus.HELD else f" at {until}"
    if event["provider"] and status in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED):
        said += f" ({event['provider']})"
    if event["attempt"] > 1:
        said += f", attempt {event['attempt']}"
    if event["corrects"]:
        said += f", which corrects {event['corrects']}"
    if event["link"]:
        said += f" ({event['link']})"
    if event["replay"]:
        said += ", sent anew by an operator"
    if event["maybe_repeat"]:
        said += ", perhaps a second time"
    return said + (f": {why(event['reason'])}" if event["reason"] else "")


def decision(row: Row) -> str:
    """Say one decision in a sentence."""
    channel, detail = channel_of(row), row["detail"]
    if row["stage"] == Stage.FALLBACK and channel:
        return _fallback(channel, row["reason"], because=detail.partition(": ")[2])
    said: str = (f"{channel}: " if channel not in ("", NO_CHANNEL) else "") + row["stage"].replace(
        "_", " "
    )
    said += f": {row['outcome']}"
    if row["reason"]:
        said += f", {why(row['reason'])}"
    if row["rule_id"]:
        said += f" (rule {row['rule_id']})"
    return said + (f" ({detail})" if detail and not _MARK.fullmatch(detail) else "")


def _fallback(channel: str, reason: str, *, because: str) -> str:
    if reason == Reason.FALLBACK:
        return f"sent by {channel} because {because}"
    return f"sent by no other channel although {because}: {why(reason)}"


def channel_of(row: Row) -> str:
    """Give the channel that a decision of planning is about, `none` for all, or nothing."""
    channel, colon, _ = row["detail"].partition(":")
    return channel if colon and channel in _CHANNELS else ""
