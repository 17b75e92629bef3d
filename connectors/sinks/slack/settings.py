"""Settings that lead to Slack, read once at the start; without them the sandbox stands in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from connectors.linking import secret_of
from connectors.settings import Settings
from connectors.sinks.addresses import PORTS, Rules, networks
from connectors.sinks.provider_settings import listed, own_places
from schemas.errors import ConfigurationError
from schemas.web_address import Target, UnsafeAddress, target

API_URL = "https://slack.com/api"
HOOK_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_TOKEN = re.compile(r"[!-~]{1,500}")
_HOST = re.compile(r"[a-z0-9._-]{1,253}")
_YES = {"1": True, "yes": True, "true": True, "": False, "0": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Slacking:
    """Say how Slack is reached: by a bot's token, by hooks, or by both."""

    token: str = field(default="", repr=False)
    """The bot's token: posts to channels and people, updates and threads. `TOCSIN_SLACK_TOKEN`
    (`_FILE`). Hooks work with it, too."""

    url: str = API_URL
    """Where the Web API is (Slack's; GovSlack's; or a server that speaks like it).
    `TOCSIN_SLACK_URL`."""

    calls: bool = False
    """Let templates call people: `<!here>`, `<@U123>` (no: they are shown as they are written).
    `TOCSIN_SLACK_MENTIONS`."""

    hosts: frozenset[str] = HOOK_HOSTS
    """Hosts that hooks may lie at, in place of Slack's two. `TOCSIN_SLACK_WEBHOOK_HOSTS`."""

    rules: Rules = field(default_factory=Rules)
    """What a hook may reach: `TOCSIN_SLACK_WEBHOOK_ALLOW` opens networks of our own, at any port
    and without TLS."""

    @classmethod
    def from_env(cls, env: Mapping[str, str], settings: Settings) -> Self | None:
        """Read the environment; None where neither token nor hooks are set."""
        token = secret_of(env, "TOCSIN_SLACK_TOKEN")
        if not token and not _is_on(env, "TOCSIN_SLACK_WEBHOOKS"):
            return None
        if token and not _TOKEN.fullmatch(token):
            raise ConfigurationError("TOCSIN_SLACK_TOKEN is no token: it has blanks or is too long")
        url = env.get("TOCSIN_SLACK_URL") or API_URL
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ConfigurationError("TOCSIN_SLACK_URL is no http or https address")
        hosts = frozenset(host.lower() for host in listed(env, "TOCSIN_SLACK_WEBHOOK_HOSTS"))
        if not all(map(_HOST.fullmatch, hosts)):
            raise ConfigurationError("TOCSIN_SLACK_WEBHOOK_HOSTS takes names of hosts")
        try:
            allow = networks(listed(env, "TOCSIN_SLACK_WEBHOOK_ALLOW"))
        except ValueError as wrong:
            raise ConfigurationError(
                f"TOCSIN_SLACK_WEBHOOK_ALLOW takes networks: {wrong}"
            ) from wrong
        own = frozenset(own_places(settings))
        return cls(
            token=token,
            url=url.rstrip("/"),
            calls=_is_on(env, "TOCSIN_SLACK_MENTIONS"),
            hosts=hosts or HOOK_HOSTS,
            rules=Rules(http=bool(allow), ports=PORTS, allow=allow, own=own),
        )

    def hook(self, address: str) -> Target:
        """Read a hook's address; UnsafeAddress where it lies at no host that may be called."""
        place = target(address)
        if place.host not in self.hosts:
            raise UnsafeAddress("no host of Slack's hooks")
        if place.scheme != "https" and place.host in HOOK_HOSTS:
            raise UnsafeAddress("http without TLS is not allowed")
        return place


def _is_on(env: Mapping[str, str], name: str) -> bool:
    given = env.get(name, "").strip().lower()
    if given not in _YES:
        raise ConfigurationError(f"{name} is neither yes nor no: {given!r}")
    return _YES[given]
