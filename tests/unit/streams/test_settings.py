"""What a worker is told from outside is read once, and what cannot be meant stops it."""

from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from streams.settings import Settings

ENV = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092"}
SECRET = "a secret of some length"


def test_what_leads_back_to_us_is_read(tmp_path: Path) -> None:
    """The secret comes from the environment or from a file, and is shown nowhere."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    given = [
        Settings.from_env(ENV | more)
        for more in (
            {},
            {"TOCSIN_PUBLIC_URL": "https://a.example/", "TOCSIN_LINK_SECRET": SECRET},
            {"TOCSIN_LINK_SECRET_FILE": str(file)},
        )
    ]
    assert [("", ""), ("https://a.example", SECRET), ("", SECRET)] == [
        (one.public_url, one.link_secret) for one in given
    ]
    assert SECRET not in repr(given)


@pytest.mark.parametrize(
    "more", [{"TOCSIN_LINK_SECRET": "short"}, {"TOCSIN_LINK_SECRET_FILE": "/nowhere/at/all"}]
)
def test_a_secret_that_is_none_stops_the_start(more: dict[str, str]) -> None:
    """Nobody finds out from forged links that the secret was five letters long."""
    with pytest.raises(ConfigurationError, match="TOCSIN_LINK_SECRET"):
        Settings.from_env(ENV | more)


def test_what_is_not_said_has_a_default() -> None:
    """Nothing but Kafka's address must be given."""
    found = Settings.from_env(ENV)
    assert (60.0, 10.0, "") == (found.fallback_s, found.session_s, found.names.namespace)
    assert 1.5 == Settings.from_env(ENV | {"TOCSIN_FALLBACK_S": "1.5"}).fallback_s


@pytest.mark.parametrize("given", ["", "soon", "0", "-1", "0.4", "3601", "nan", "inf"])
def test_a_time_that_is_none_stops_the_start(given: str) -> None:
    """An urgent message must not wait for ever for another channel, nor be told on all at once."""
    with pytest.raises(ConfigurationError, match="TOCSIN_FALLBACK_S"):
        Settings.from_env(ENV | {"TOCSIN_FALLBACK_S": given})
