"""Keys may do what was said, and nothing by mistake."""

import stat
from pathlib import Path

import pytest

from connectors.admin.keys import scopes_of, write_private
from schemas.errors import ConfigurationError


def test_all_means_every_scope() -> None:
    """`all` is short for the list."""
    assert ["admin", "ingest", "intents", "read", "receipts", "write"] == scopes_of("all")


def test_scopes_are_listed_once() -> None:
    """Blanks and repeats do not matter."""
    assert ["ingest", "read"] == scopes_of("read, ingest,read")


@pytest.mark.parametrize("given", ["", "reed", "read,*"])
def test_an_unknown_scope_is_refused(given: str) -> None:
    """A slip never makes a key that may do more or less than was meant."""
    with pytest.raises(ConfigurationError, match="--scope"):
        scopes_of(given)


def test_a_token_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine can read a token."""
    write_private(tmp_path / "deep" / "token", "toc_x")
    assert 0o600 == stat.S_IMODE((tmp_path / "deep" / "token").stat().st_mode)
