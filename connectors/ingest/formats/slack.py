"""Slack: slash commands and outgoing webhooks as forms, the Events API and plain posts as JSON.

Identity is the text in its channel: who wrote it, when, and the ids of the message are not
part of the labels, so two people who report one thing are one alert.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from connectors.ingest.formats import reading
from connectors.ingest.formats.answers import Answer, Nothing, Payload, Refused, Taken
from schemas.reasons import Reason
from schemas.records import RawAlert

SOURCE = "slack"
OURS = "tocsin"  # what our own posts' metadata and first block are called by
SLACKBOT = "USLACKBOT"
EDITS = {"message_changed", "message_deleted", "message_replied"}
SPEECH = {"", "bot_message", "file_share", "me_message", "thread_broadcast"}
MENTION = re.compile(r"^\s*(?:<@[A-Z0-9]+(?:\|[^>]*)?>[\s:,]*)+")
USAGE = {"response_type": "ephemeral", "text": "Say what is wrong, as in: CPU above 90% on web-1"}


def translate(payload: Payload) -> Answer:
    """Take what a person or a foreign bot said in a channel as one alert."""
    if payload.form is not None:
        return _form(payload)
    if not isinstance(payload.data, dict):
        return Refused("Slack sends a form or a JSON object")
    data = payload.data
    kind = data.get("type")
    if kind == "url_verification":
        challenge = data.get("challenge")
        if not isinstance(challenge, str):
            return Refused("a verification bears a challenge", "challenge")
        return Nothing(Reason.VERIFICATION, {"challenge": challenge})
    if kind == "event_callback":
        event = data.get("event")
        if not isinstance(event, dict):
            return Refused("an event callback bears an event", "event")
        return _event(data, event)
    return _post(data)


def _form(payload: Payload) -> Answer:
    if "payload" in (payload.form or {}) and not payload.field("text"):
        try:
            data = orjson.loads(payload.field("payload"))
        except (orjson.JSONDecodeError, RecursionError):
            return Refused("the field is not JSON", "payload")
        return _post(data) if isinstance(data, dict) else Refused("not a JSON object", "payload")
    if payload.field("bot_id") or payload.field("user_id") == SLACKBOT:
        return Nothing(Reason.OWN_MESSAGE)
    said = payload.field("text")
    command = payload.field("command")
    if command and not said.strip():
        return Nothing(Reason.NOT_AN_ALERT, USAGE)
    alert = _alert(
        said,
        channel=payload.field("channel_id") or payload.field("channel_name"),
        spoken_at=reading.moment(payload.field("timestamp")),
    )
    if alert is None:
        return Refused("there is no text", "text")
    return Taken((alert,), say=_to_the_person if command else None)


def _to_the_person(sentence: str) -> Mapping[str, Any]:
    return {"response_type": "ephemeral", "text": sentence}


def _post(data: Mapping[str, Any]) -> Answer:
    if _is_ours(data, data):
        return Nothing(Reason.OWN_MESSAGE)
    alert = _alert(_said(data), channel=reading.first(data, ("channel",)))
    return Taken((alert,)) if alert else Refused("there is no text", "text")


def _event(envelope: Mapping[str, Any], event: Mapping[str, Any]) -> Answer:
    subtype = reading.first(event, ("subtype",))
    if reading.first(event, ("type",)) not in {"message", "app_mention"}:
        return Nothing(Reason.NOT_AN_ALERT)
    if subtype in EDITS or "edited" in event:
        return Nothing(Reason.EDIT)
    if _is_ours(envelope, event):
        return Nothing(Reason.OWN_MESSAGE)
    if subtype not in SPEECH:
        return Nothing(Reason.NOT_AN_ALERT)
    said = MENTION.sub("", _said(event))  # the same words with and without calling us are one
    alert = _alert(
        said,
        channel=reading.first(event, ("channel",)),
        spoken_at=reading.moment(event.get("ts")),
        id=reading.first(envelope, ("event_id",)),
    )
    return Taken((alert,)) if alert else Nothing(Reason.NOT_AN_ALERT)


def _is_ours(envelope: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Say whether we posted it: by our mark, our app, or a bot that cannot be told from us."""
    metadata = message.get("metadata")
    if isinstance(metadata, dict) and reading.text(metadata.get("event_type")).startswith(OURS):
        return True
    # A hook may belong to another app than the one that hears, and not every event bears metadata.
    blocks = _objects(message.get("blocks"))
    if any(reading.text(block.get("block_id")).startswith(f"{OURS}-") for block in blocks):
        return True
    app = reading.first(envelope, ("api_app_id",))
    profile = message.get("bot_profile")
    author = reading.first(message, ("app_id",)) or (
        reading.first(profile, ("app_id",)) if isinstance(profile, dict) else ""
    )
    if app and author:
        return app == author
    if message.get("user") == SLACKBOT or message.get("bot_id"):
        return True
    us = envelope.get("authorizations")
    return isinstance(us, list) and any(
        isinstance(each, dict)
        and each.get("is_bot") is True
        and message.get("user") is not None
        and each.get("user_id") == message.get("user")
        for each in us
    )


def _said(message: Mapping[str, Any]) -> str:
    """Give the text of a message; monitoring bots often put it into attachments or blocks."""
    said = reading.first(message, ("text",))
    if said:
        return said
    parts: list[str] = []
    for attachment in _objects(message.get("attachments")):
        parts += (reading.first(attachment, (name,)) for name in ("pretext", "title", "text"))
        if not any(parts):
            parts.append(reading.first(attachment, ("fallback",)))
    for block in _objects(message.get("blocks")):
        inner = block.get("text")
        if isinstance(inner, dict):
            parts.append(reading.first(inner, ("text",)))
    return "\n".join(filter(None, parts))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _alert(said: str, *, channel: str, spoken_at: int = 0, id: str = "") -> RawAlert | None:  # noqa: A002
    title, body = reading.head_and_rest(_unescaped(reading.clean(said)))
    if not title:
        return None
    return RawAlert(
        source=SOURCE,
        title=title,
        body=body,
        labels={"channel": reading.clean(channel)} if channel else {},
        occurred_at=spoken_at,
        id=id,
    )


def _unescaped(said: str) -> str:
    """Undo the three escapes that Slack makes in every text."""
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
