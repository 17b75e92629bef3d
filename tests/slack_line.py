"""A Slack sink, the workspace that it posts to, and deliveries on one alert."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connectors.sinks.addresses import Rules, networks
from connectors.sinks.sink import Answer
from connectors.sinks.slack.channel import Slack
from connectors.sinks.slack.settings import Slacking
from connectors.sinks.slack.threads import Threads
from connectors.stores.redis import Redis
from schemas import ids
from schemas.deliveries import Delivery
from schemas.topics import Names
from tests.conftest import Stack
from tests.fakes.receiver import Act
from tests.fakes.slack_workspace import CHANNEL, TOKEN, Workspace, working
from tests.outgoing import outgoing


def slacking(**fields: object) -> Slacking:
    """Build the settings of a house whose Slack is on its own machine."""
    given: dict[str, object] = {
        "token": TOKEN,
        "hosts": frozenset({"127.0.0.1"}),
        "rules": Rules(http=True, allow=networks(["127.0.0.0/8"])),
    }
    return Slacking(**(given | fields))  # type: ignore[arg-type]


def word(number: int = 1, **fields: object) -> Delivery:
    """Build the delivery of an alert's change of this number."""
    given: dict[str, object] = {
        "id": ids.delivery_id("default", f"intent-{number}", "slack", CHANNEL),
        "intent_id": f"intent-{number}",
        "recipient": "database",
        "channel": "slack",
        "address": CHANNEL,
        "subject": "",
        "text": f"*Disk full on db-1*\nword {number}",
        "payload": {},
        "alert_id": "alert-1",
        "alert_seq": number,
    }
    return outgoing(**(given | fields))


@dataclass(frozen=True, slots=True)
class SlackLine:
    """Hold a sink, its workspace, and how deliveries get to it: `channel` or `hook`."""

    sink: Slack
    workspace: Workspace
    way: str = "channel"

    def word(self, number: int = 1, **fields: object) -> Delivery:
        """Build a delivery that goes this way."""
        address = self.workspace.hook if self.way == "hook" else CHANNEL
        return word(number, **({"address": address} | fields))

    async def answer(self, act: Act) -> Answer:
        """Deliver once to a Slack that does this."""
        self.workspace.script.append(act)
        return await self.sink.deliver(self.word())


@asynccontextmanager
async def slack_line(
    stack: Stack, namespace: str, *, way: str = "channel", within_s: float = 29.0, **fields: object
) -> AsyncIterator[SlackLine]:
    """Give a sink that remembers threads in Valkey, and a workspace of its own."""
    async with working() as workspace:
        threads = Threads(Redis(url=stack.redis_url), Names(namespace))
        settings = slacking(**({"url": workspace.api} | fields))
        sink = Slack(settings, threads, within_s=within_s)
        try:
            yield SlackLine(sink, workspace, way)
        finally:
            await sink.close()
