"""A Slack of the tests' own: the Web API and incoming webhooks, with messages that stay.

It answers as Slack does where it is asked wrongly, too. What the script of the receiver says
happens instead: nothing is posted by it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.fakes.receiver import Act, Receiver, Request, listening

TOKEN = "xoxb-of-the-tests"
CHANNEL = "C0123ABCD"
PERSON, THEIR_CHANNEL = "U0123ABCD", "D0123ABCD"
HOOK = "/services/T0123/B0123/aSecretPath"
MINE = "A0TOCSIN"
_ONLY_POST = {"client_msg_id", "unfurl_links", "unfurl_media", "thread_ts", "reply_broadcast"}


@dataclass(slots=True)
class Message:
    """Hold a message as it stands in a channel; `versions` are its earlier texts."""

    channel: str
    ts: str
    said: dict[str, Any]
    versions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """Give what people see of it."""
        texts = [
            part["text"]
            for block in self.said["blocks"]
            for part in (block.get("text"), *block.get("elements", ()))
            if part
        ]
        return "\n".join(texts)

    @property
    def thread(self) -> str:
        """Give the message that it answers to, or nothing."""
        return str(self.said.get("thread_ts", ""))


@dataclass(slots=True)
class Workspace(Receiver):
    """Answer as Slack, and keep what was posted."""

    messages: list[Message] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)  # a method, and the word for it
    losing: int = 0  # so many answers are lost after the work was done
    _posted: int = 0

    @property
    def api(self) -> str:
        """Give the address of the Web API."""
        return self.url("/api")

    @property
    def hook(self) -> str:
        """Give the address of a hook."""
        return self.url(HOOK)

    @property
    def roots(self) -> list[Message]:
        """Give the messages that stand in channels by themselves."""
        return [message for message in self.messages if not message.thread]

    @property
    def replies(self) -> list[Message]:
        """Give the messages that stand in threads."""
        return [message for message in self.messages if message.thread]

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Give what a method was called with."""
        return [
            orjson.loads(request.body)
            for request in self.requests
            if request.path == f"/api/{method}"
        ]

    def answer(self, request: Request) -> Act:
        """Do what is asked, as Slack would."""
        if request.path == HOOK:
            act = self._hooked(orjson.loads(request.body))
        elif request.path.startswith("/api/"):
            said = self._called(request, request.path.removeprefix("/api/"))
            act = Act(body=orjson.dumps(said))
        else:
            act = Act(404, body=b"no_service")
        if act.status == 200 and self.losing:
            self.losing -= 1
            return Act(how="drop")
        return act

    def event(self, message: Message, *, app: str = MINE, bare: bool = False) -> dict[str, Any]:
        """Give what the Events API sends an app when this is posted; `bare` without metadata."""
        told = {
            "type": "message",
            "subtype": "thread_broadcast" if message.said.get("reply_broadcast") else None,
            "channel": message.channel,
            "ts": message.ts,
            "bot_id": "B0123",
            "app_id": MINE,
            **{name: message.said[name] for name in ("text", "blocks")},
        }
        if not bare:
            # The payload is held back from apps that did not ask for it in their manifest.
            told["metadata"] = {"event_type": message.said["metadata"]["event_type"]}
        event = {name: value for name, value in told.items() if value is not None}
        return {"type": "event_callback", "api_app_id": app, "event_id": "Ev1", "event": event}

    def _hooked(self, said: dict[str, Any]) -> Act:
        if not said.get("text") and not said.get("blocks"):
            return Act(400, body=b"no_text")
        self._post(CHANNEL, said)
        return Act(body=b"ok")

    def _called(self, request: Request, method: str) -> dict[str, Any]:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _no("invalid_auth")
        if method in self.refusals:
            return _no(self.refusals[method])
        said = orjson.loads(request.body)
        channel = {PERSON: THEIR_CHANNEL, "#general": CHANNEL}.get(said["channel"], said["channel"])
        if method == "chat.postMessage" and channel in {CHANNEL, THEIR_CHANNEL}:
            return _yes(self._post(channel, said))
        found = self._find(said["channel"], said.get("ts", ""))
        if method != "chat.update" or said["channel"] not in {CHANNEL, THEIR_CHANNEL}:
            return _no("channel_not_found")
        if found is None:
            return _no("message_not_found")
        if len(said["text"]) > 4000:
            return _no("msg_too_long")
        if said.get("parse") != "none" or _ONLY_POST & set(said):
            return _no("invalid_arguments")
        found.versions.append(found.said)
        found.said = {**found.said, **said}
        return _yes(found)

    def _post(self, channel: str, said: dict[str, Any]) -> Message:
        if self._find(channel, said.get("thread_ts", "")) is None:
            said = {name: value for name, value in said.items() if name != "thread_ts"}
        message = Message(channel, f"{1_700_000_000 + self._posted}.000100", said)
        self._posted += 1
        self.messages.append(message)
        return message

    def _find(self, channel: str, ts: str) -> Message | None:
        there = (each for each in self.messages if (each.channel, each.ts) == (channel, ts))
        return next(there, None)


def _yes(message: Message) -> dict[str, Any]:
    said = {"text": message.said["text"], "ts": message.ts, "bot_id": "B0123"}
    if message.thread:
        said["thread_ts"] = message.thread
    return {"ok": True, "channel": message.channel, "ts": message.ts, "message": said}


def _no(word: str) -> dict[str, Any]:
    return {"ok": False, "error": word}


@asynccontextmanager
async def working() -> AsyncIterator[Workspace]:
    """Run a workspace on a free port of the loopback."""
    workspace = Workspace()
    async with listening(workspace):
        yield workspace
