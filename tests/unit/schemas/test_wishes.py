"""A wish that cannot be obeyed is told by its field, wherever it was written."""

from typing import Any

import pytest

from schemas.notification import Preference
from schemas.wishes import fault


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"enabled": {"*/*": False, "alert/sms": True, "order.shipped/*": True}},
        {"quiet_from": "22:00", "quiet_to": "07:00", "zone": "America/Argentina/Ushuaia"},
        {"locale": "zh-Hant-TW"},
    ],
)
def test_a_good_wish_has_no_fault(fields: dict[str, Any]) -> None:
    """What people may say is taken."""
    assert fault(Preference(id="ann", **fields)) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"enabled": {"alert": True}}, "enabled.alert"),
        ({"enabled": {"alert/fax": True}}, "enabled.alert/fax"),
        ({"enabled": {"-/sms": True}}, "enabled.-/sms"),
        ({"quiet_from": "24:00", "quiet_to": "07:00"}, "quiet_from"),
        ({"quiet_from": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "quiet_to"),
        ({"zone": "Europe"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": "a\0b"}, "zone"),
        ({"locale": "d"}, "locale"),
        ({"locale": "de" + "-abcdefgh" * 9}, "locale"),
    ],
)
def test_a_wish_that_cannot_be_obeyed_names_its_field(fields: dict[str, Any], field: str) -> None:
    """The first thing that is wrong is said, with what would be right."""
    found = fault(Preference(id="ann", **fields))
    assert found is not None
    assert (field, True) == (found.field, bool(found.why))
