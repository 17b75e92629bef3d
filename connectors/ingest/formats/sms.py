"""Twilio's form for a message that came in; short codes and WhatsApp addresses are as good."""

from connectors.ingest.formats import reading
from connectors.ingest.formats.answers import Answer, Nothing, Payload, Refused, Taken
from schemas.reasons import Reason
from schemas.records import RawAlert

SOURCE = "sms"
IDS = ("MessageSid", "SmsMessageSid", "SmsSid")


def translate(payload: Payload) -> Answer:
    """Take a text message as one alert.

    The number that it was sent to is a label; the sender's is not, since pools of senders
    change theirs and the same words must stay the same alert.
    """
    form = payload.form
    if form is None:
        if not isinstance(payload.data, dict):
            return Refused("Twilio sends a form")
        payload = _as_form(payload)
        form = payload.form or {}
    said = payload.field("Body")
    if payload.field("OptOutType"):
        return Nothing(Reason.NOT_AN_ALERT)  # STOP, START and HELP are answered by Twilio
    pictures = payload.field("NumMedia")
    if not said.strip() and pictures.isdecimal() and pictures.isascii() and pictures.strip("0"):
        said = f"Message without text, {pictures[:4]} attached"
    title, body = reading.head_and_rest(reading.clean(said))
    if not title:
        if "Body" in form:
            return Refused("the message has no text", "Body")
        if any(form.get(name) for name in (*IDS, "CallSid")):
            return Nothing(Reason.NOT_AN_ALERT)  # a status callback, or a call
        return Refused("there is no text", "Body")
    to = reading.clean(payload.field("To")).strip()
    return Taken(
        (
            RawAlert(
                source=SOURCE,
                title=title,
                body=body,
                labels={"to": to} if to else {},
                id=next(filter(None, (reading.clean(payload.field(name)) for name in IDS)), ""),
            ),
        )
    )


def _as_form(payload: Payload) -> Payload:
    form = {
        name: [reading.text(value)]
        for name, value in payload.data.items()
        if not isinstance(value, dict | list)
    }
    return Payload(received_at=payload.received_at, form=form, headers=payload.headers)
