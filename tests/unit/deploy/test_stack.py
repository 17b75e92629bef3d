"""What a shell still knows of a former run does not keep the next one from starting."""

import os
from pathlib import Path

import pytest

from deploy.local.home import Home
from deploy.local.services import services
from deploy.local.stack import forget_own


def test_addresses_of_this_home_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started again in a shell that read `.local/env`, the stack starts its own services."""
    home = Home(tmp_path)
    for name, url in services(home, {}).variables.items():
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("REDIS_URL", "redis://cache.example.org:6379/0")

    forget_own(home)

    left = {name: os.environ.get(name) for name in services(home, {}).variables}
    assert {
        "KAFKA_BOOTSTRAP_SERVERS": None,
        "DATABASE_URL": None,
        "REDIS_URL": "redis://cache.example.org:6379/0",
    } == left
