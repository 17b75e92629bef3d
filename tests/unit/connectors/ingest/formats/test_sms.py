"""Twilio's messages: any sender is good, and only messages are alerts."""

import pytest

from connectors.ingest.formats.answers import Nothing, Payload, Refused, Taken
from connectors.ingest.formats.sms import translate
from schemas.records import RawAlert


def form(**fields: str) -> Payload:
    """Make a form payload."""
    return Payload(0, form={name: [value] for name, value in fields.items()})


@pytest.mark.parametrize("sender", ["+4917012345", "73837", "whatsapp:+4917012345", "ACME"])
def test_any_sender(sender: str) -> None:
    """Short codes, names and WhatsApp addresses are as good as numbers."""
    answer = translate(form(Body="UPS on battery", From=sender, To="+4930", MessageSid="SM1"))
    assert (
        Taken((RawAlert(source="sms", title="UPS on battery", labels={"to": "+4930"}, id="SM1"),))
        == answer
    )


def test_picture_without_words() -> None:
    """A message with a picture and no words is not lost."""
    answer = translate(form(Body="", NumMedia="2", MessageSid="SM1"))
    assert isinstance(answer, Taken)
    assert "Message without text, 2 attached" == answer.alerts[0].title


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageSid": "SM1", "MessageStatus": "delivered"},
        {"CallSid": "CA1", "Digits": "1234"},
        {"Body": "STOP", "OptOutType": "STOP", "MessageSid": "SM1"},
    ],
)
def test_no_alert(fields: dict[str, str]) -> None:
    """Receipts, calls and opt-outs are no alerts."""
    assert isinstance(translate(form(**fields)), Nothing)


@pytest.mark.parametrize("fields", [{}, {"Body": ""}, {"From": "1"}])
def test_refused(fields: dict[str, str]) -> None:
    """What holds no message is refused."""
    assert isinstance(translate(form(**fields)), Refused)
