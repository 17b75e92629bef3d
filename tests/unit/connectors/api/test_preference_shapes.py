"""What a person is shown of their wishes is what planning does, and what was said is obeyed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api.preference_models import Own, Preferences
from connectors.api.preference_shapes import preferences, wish
from connectors.problems import Problem
from schemas.notification import NotificationType, Preference, Recipient
from schemas.records import Intent
from schemas.wishes import ANY, CHANNELS
from streams.core.planning.channels import chosen
from streams.core.planning.kinds import kind_of
from streams.core.planning.person import Person
from tests.builders import NOON

ADDRESSES = {
    "email": ["ann@example.org"],
    "sms": ["+436601234567"],
    "push": ["token"],
    "webhook": ["https://example.org/hook"],
    "slack": ["#ann"],
}
_KINDS = st.sampled_from(["alert", "order", "news", ANY])
_CHOICES = st.dictionaries(
    _KINDS,
    st.dictionaries(st.sampled_from([*CHANNELS, ANY]), st.booleans(), max_size=4),
    max_size=4,
)
_TYPES = st.dictionaries(
    _KINDS, st.lists(st.sampled_from(CHANNELS), unique=True, max_size=3), max_size=3
)


def _record(own: Own) -> Preference:
    return wish(own, tenant="default", recipient="ann", version=4, now=NOON)


def _row(record: Preference) -> dict[str, Any]:
    names = ("enabled", "quiet_from", "quiet_to", "zone", "locale", "version", "updated_at")
    return {name: getattr(record, name) for name in names}


def _shown(
    own: Own, *, types: dict[str, list[str]] | None = None, addresses: Any = None
) -> Preferences:
    rows = [{"name": name, "channels": channels} for name, channels in (types or {}).items()]
    person = {"addresses": addresses or {}, "zone": "Europe/London", "locale": "en-GB"}
    return preferences("ann", wish=_row(_record(own)), person=person, types=rows)


@given(_CHOICES, _TYPES, st.sets(st.sampled_from(CHANNELS)), st.sampled_from(["alert", "news"]))
def test_what_is_shown_is_what_planning_does(
    choices: dict[str, dict[str, bool]],
    types: dict[str, list[str]],
    reachable: set[str],
    kind: str,
) -> None:
    """Of the channels a person can be reached by, those shown as enabled are told, no others."""
    own = Own(choices=choices)
    addresses = {channel: ADDRESSES[channel] for channel in sorted(reachable)}
    shown = _shown(own, types=types, addresses=addresses)
    records = {name: NotificationType(id=name, channels=said) for name, said in types.items()}
    person = Person(Recipient(id="ann", addresses=addresses), _record(own))
    options = chosen(
        Intent(recipient="ann", type=kind, template="x"), person, kind_of(kind, records)
    )
    told = {option.channel for option in options if option.addresses}
    enabled = {
        channel
        for channel, choice in shown.types.get(kind, shown.types[ANY]).items()
        if choice.enabled
    }
    assert told == enabled & reachable


@given(_CHOICES)
def test_what_was_chosen_is_shown_as_it_was_said(choices: dict[str, dict[str, bool]]) -> None:
    """Whoever reads, changes nothing and writes, changes nothing."""
    own = _shown(Own(choices=choices)).own
    assert own == _shown(own).own
    assert {kind: said for kind, said in choices.items() if said} == own.choices


def test_each_choice_says_where_it_comes_from() -> None:
    """One's own choice, the type's channels, and what holds for everything else are told apart."""
    shown = _shown(
        Own(choices={"order": {"sms": False}}),
        types={"order": ["email", "sms"], ANY: ["push"]},
    ).types
    assert [("email", True, "type"), ("sms", False, "own"), ("push", False, "type")] == [
        (channel, shown["order"][channel].enabled, shown["order"][channel].source)
        for channel in ("email", "sms", "push")
    ]
    assert (True, "default") == (shown["alert"]["push"].enabled, shown["alert"]["push"].source)


def test_what_is_not_chosen_is_taken_from_the_record() -> None:
    """Zone and locale in force are the person's own, else the record's, else UTC and none."""
    plain = _shown(Own())
    assert ("Europe/London", "en-GB", None) == (plain.zone, plain.locale, plain.quiet_hours)
    own = Own.model_validate({"quiet_hours": {"from": "22:00", "to": "07:00"}, "locale": "de"})
    quiet = _shown(own)
    assert quiet.quiet_hours is not None
    assert ("22:00", "Europe/London", "de") == (
        quiet.quiet_hours.begin,
        quiet.quiet_hours.zone,
        quiet.locale,
    )
    nobody = preferences("bob", wish=None, person=None, types=[])
    assert ("UTC", "", 0, None) == (nobody.zone, nobody.locale, nobody.version, nobody.updated_at)


def test_quiet_hours_may_name_their_zone() -> None:
    """The zone of quiet hours is the person's zone."""
    body = {"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "Asia/Tokyo"}}
    assert "Asia/Tokyo" == _record(Own.model_validate(body)).zone


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"choices": {"order": {"fax": True}}}, "choices.order.fax"),
        ({"choices": {"my order": {"sms": True}}}, "choices.my order.sms"),
        ({"quiet_hours": {"from": "22", "to": "07:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": "22:00", "to": "24:00"}}, "quiet_hours.to"),
        ({"quiet_hours": {"from": "22:00", "to": "22:00"}}, "quiet_hours.to"),
        ({"quiet_hours": {"from": "22:00", "to": ""}}, "quiet_hours.from"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"locale": "deutsch?"}, "locale"),
        (
            {"zone": "UTC", "quiet_hours": {"from": "1", "to": "2", "zone": "Asia/Tokyo"}},
            "quiet_hours.zone",
        ),
        ({"choices": {f"t{number}": {"sms": True} for number in range(501)}}, "choices"),
    ],
)
def test_a_wish_that_cannot_be_obeyed_is_refused(body: dict[str, Any], where: str) -> None:
    """The field is named as it was written."""
    with pytest.raises(Problem) as refused:
        _record(Own.model_validate(body))
    assert (422, where) == (refused.value.status, refused.value.where)
