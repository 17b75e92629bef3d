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
