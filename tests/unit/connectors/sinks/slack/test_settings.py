"""Slack is on by a token or by hooks, and what cannot be meant is refused at the start."""

import pytest

from connectors.settings import Settings
from connectors.sinks.slack.settings import API_URL, HOOK_HOSTS, Slacking
from schemas.errors import ConfigurationError
from schemas.web_address import UnsafeAddress

SETTINGS = Settings.from_env(
    {
        "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
        "DATABASE_URL": "postgresql://db.example/tocsin",
        "REDIS_URL": "redis://valkey.example:6379",
    }
)


def read(**env: str) -> Slacking | None:
    """Read settings of Slack."""
    given = {f"TOCSIN_SLACK_{name}": value for name, value in env.items()}
    return Slacking.from_env(given, SETTINGS)


def test_without_token_or_hooks_the_sandbox_stands_in() -> None:
    """Neither is a default."""
    assert read() is None
    assert read(WEBHOOKS="no", URL="https://slack-gov.com/api") is None


def test_slack_is_where_it_is() -> None:
    """With a token alone, calls go to Slack and hooks to Slack's two hosts, over TLS."""
    found = read(TOKEN="xoxb-1")
    assert found is not None
    assert (API_URL, HOOK_HOSTS, False) == (found.url, found.hosts, found.calls)
    assert not found.rules.http
    assert ("kafka.example", 9092) in found.rules.own
    assert "xoxb-1" not in repr(found)


def test_a_server_of_our_own_can_be_named() -> None:
    """Hosts and networks of the house replace Slack's, and a network is open without TLS, too."""
    found = read(
        WEBHOOKS="yes", WEBHOOK_HOSTS="Chat.Example", WEBHOOK_ALLOW="10.1.0.0/16", MENTIONS="yes"
    )
    assert found is not None
    assert found.calls
    assert "chat.example" == found.hook("http://chat.example:8065/hooks/x").host
    with pytest.raises(UnsafeAddress):
        found.hook("https://hooks.slack.com/services/T/B/s")


def test_a_hook_of_slacks_is_never_called_without_tls() -> None:
    """A network that is opened for others does not make Slack's secrets travel in the open."""
    found = read(WEBHOOKS="yes", WEBHOOK_ALLOW="10.1.0.0/16")
    assert found is not None
    with pytest.raises(UnsafeAddress):
        found.hook("http://hooks.slack.com/services/T/B/s")


@pytest.mark.parametrize(
    "env",
    [
        {"WEBHOOKS": "perhaps"},
        {"TOKEN": "two words"},
        {"TOKEN": "a\r\nb"},
        {"TOKEN": "xoxb-1", "URL": "slack.com/api"},
        {"TOKEN": "xoxb-1", "MENTIONS": "some"},
        {"WEBHOOKS": "yes", "WEBHOOK_HOSTS": "https://chat.example"},
        {"WEBHOOKS": "yes", "WEBHOOK_ALLOW": "chat.example"},
        {"TOKEN_FILE": "nowhere/token"},
    ],
)
def test_nonsense_is_refused(env: dict[str, str]) -> None:
    """The variable is named, and the token is not shown."""
    with pytest.raises(ConfigurationError, match=f"TOCSIN_SLACK_{list(env)[-1]}") as wrong:
        read(**env)
    assert "two words" not in str(wrong.value)
