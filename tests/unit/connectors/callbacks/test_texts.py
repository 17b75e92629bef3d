"""Receipts of text messages: each of Twilio's words is a step, or nothing."""

import pytest
from starlette.datastructures import ImmutableMultiDict

from connectors.callbacks.texts import told
from connectors.callbacks.told import Outcome, Told
from schemas.reasons import AddressKind
from tests.builders import NOON
from tests.callbacks import receipt


def read(**form: str) -> Told | Outcome:
    """Read a status callback."""
    given = {"MessageSid": "SM1", "To": "+436601234567"} | form
    return told(ImmutableMultiDict(given), receipt(channel="sms"), now=NOON)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("Delivered", "delivered"),
    ],
)
def test_steps(said: str, status: str) -> None:
    """A message that went out, arrived or was read says so."""
    found = read(MessageStatus=said)
    assert isinstance(found, Told)
    assert (status, "SM1", "", None) == (found.status, found.provider_id, found.error, found.kind)


@pytest.mark.parametrize(
    "said", ["", "queued", "sending", "accepted", "scheduled", "receiving", "x"]
)
def test_what_is_under_way_is_no_step(said: str) -> None:
    """What Twilio has not brought out yet changes nothing."""
    assert Outcome.IGNORED == read(MessageStatus=said)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("30003", None),
        ("30004", None),
        ("30005", AddressKind.GONE),
        ("30006", AddressKind.GONE),
        ("30007", None),
        ("21610", AddressKind.OPTED_OUT),
        ("21614", AddressKind.GONE),
        ("", None),
        ("nonsense of +436601234567", None),
    ],
)
@pytest.mark.parametrize("said", ["failed", "undelivered"])
def test_an_error_may_end_the_number(said: str, code: str, kind: AddressKind | None) -> None:
    """What did not arrive has failed; only a number that never works is called no more."""
    found = read(MessageStatus=said, ErrorCode=code)
    assert isinstance(found, Told)
    assert ("failed", "undelivered", kind) == (found.status, found.reason, found.kind)
    assert "+43" not in found.error


def test_an_error_code_of_a_success_is_nothing() -> None:
    """A message that arrived ends no number, whatever stands beside it."""
    found = read(MessageStatus="delivered", ErrorCode="30005")
    assert isinstance(found, Told)
    assert found.kind is None


def test_the_older_name_of_the_field_is_read() -> None:
    """Twilio's older callbacks say `SmsStatus`."""
    found = told(
        ImmutableMultiDict({"SmsSid": "SM2", "SmsStatus": "sent"}), receipt(channel="sms"), now=NOON
    )
    assert isinstance(found, Told)
    assert ("sent", "SM2") == (found.status, found.mark)
