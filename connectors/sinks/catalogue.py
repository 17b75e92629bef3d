"""Which sink brings out which channel: one line a channel, and the sandbox for the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.settings import Settings
from connectors.sinks.mail import channel as mail
from connectors.sinks.push import channel as push
from connectors.sinks.sandbox import Sandbox
from connectors.sinks.sink import Sink
from connectors.sinks.slack import channel as slack
from connectors.sinks.sms import channel as sms
from connectors.sinks.webhook import channel as webhook
from connectors.stores.postgres import Database


@dataclass(frozen=True, slots=True)
class Parts:
    """Hold what a sink may be made of."""

    settings: Settings
    database: Database
    env: Mapping[str, str]


# Gives the sink that the settings lead to, or None where they lead to none.
Maker = Callable[[Parts], Sink | None]
MAKERS: dict[str, Maker] = {
    "email": lambda parts: mail.made(parts.env),
    "sms": lambda parts: sms.made(parts.env),
    "push": lambda parts: push.made(parts.env),
    "slack": lambda parts: slack.made(parts.settings, parts.env),
    "webhook": lambda parts: webhook.made(parts.settings, parts.database, parts.env),
}


def made(channel: str, parts: Parts) -> Sink:
    """Make the channel's sink; the sandbox where no credentials lead to a provider.

    Raises ConfigurationError where settings are there and cannot be used.
    """
    maker = MAKERS.get(channel)
    found = maker(parts) if maker else None
    return found or Sandbox(channel, parts.database)
