"""Migrations run once, in order, and are never edited afterwards."""

import re

import pytest

from connectors.stores.migrate import Migration, migrations, missing
from schemas.errors import ConfigurationError

FIRST, SECOND = Migration("0001_a.sql", "SELECT 1"), Migration("0002_b.sql", "SELECT 2")


def test_only_what_is_missing_is_applied() -> None:
    """A step that was applied is not applied again."""
    assert [SECOND] == missing([FIRST, SECOND], {FIRST.name: FIRST.checksum})


def test_an_edited_step_is_refused() -> None:
    """Databases that were made by one file must not differ."""
    with pytest.raises(ConfigurationError, match=r"0001_a\.sql was edited"):
        missing([FIRST], {FIRST.name: "another"})


def test_a_database_of_a_later_version_is_refused() -> None:
    """An old version does not write into tables that it does not know."""
    with pytest.raises(ConfigurationError, match="ahead of this version"):
        missing([FIRST], {FIRST.name: FIRST.checksum, "0009_z.sql": "x"})


def test_names_tell_the_order_without_gaps() -> None:
    """Two steps never claim the same place."""
    numbers = [int(re.match(r"(\d{4})_\w+\.sql$", step.name)[1]) for step in migrations()]  # type: ignore[index]
    assert list(range(1, len(numbers) + 1)) == numbers
