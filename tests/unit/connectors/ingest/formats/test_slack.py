"""Slack: what becomes an alert, what does not, and what makes two reports one."""

from typing import Any

import pytest

from connectors.ingest.formats.answers import Nothing, Payload, Refused, Taken
from connectors.ingest.formats.slack import translate
from schemas.reasons import Reason
from schemas.records import RawAlert

NOW = 1_700_000_000_000


def form(**fields: str) -> Payload:
    """Make a form payload."""
    return Payload(NOW, form={name: [value] for name, value in fields.items()})


def event(**fields: Any) -> Payload:
    """Make an Events API payload around a message."""
    message = {"type": "message", "text": "Disk full", "channel": "C1", "user": "U1"} | fields
    return Payload(
        NOW,
        data={"type": "event_callback", "event_id": "Ev1", "api_app_id": "A1", "event": message},
    )


def only(payload: Payload) -> RawAlert:
    """Give the one alert of a payload."""
    answer = translate(payload)
    assert isinstance(answer, Taken), answer
    (alert,) = answer.alerts
    return alert


def test_plain_text() -> None:
    """A bare text field is an alert with nothing else needed."""
    assert RawAlert(source="slack", title="CPU usage above 90% on server-01") == only(
        form(text="CPU usage above 90% on server-01")
    )


def test_two_people_say_the_same() -> None:
    """The same words by two people in one channel differ in nothing that makes identity."""
    first = only(form(text="Disk full", channel_id="C1", user_id="U1", user_name="ann"))
    second = only(form(text="Disk full", channel_id="C1", user_id="U2", trigger_id="2"))
    assert (first.title, first.labels) == (second.title, second.labels)


def test_first_line_is_the_title() -> None:
    """The first line is the title and the rest is the body, with Slack's escapes undone."""
    alert = only(form(text="Load > 5 &amp; rising &lt;now&gt;\nsince noon\n"))
    assert ("Load > 5 & rising <now>", "since noon") == (alert.title, alert.body)


def test_command_is_answered_to_the_person() -> None:
    """A slash command gets a sentence that Slack shows to the one who typed it."""
    answer = translate(form(text="Disk full", command="/alert"))
    assert isinstance(answer, Taken)
    assert answer.say is not None
    assert {"response_type": "ephemeral", "text": "Known."} == answer.say("Known.")


def test_empty_command_explains_itself() -> None:
    """A slash command without words explains how to use it."""
    answer = translate(form(text=" ", command="/alert"))
    assert isinstance(answer, Nothing)
    assert "ephemeral" == answer.answer["response_type"]


def test_verification() -> None:
    """The address check gets its challenge back."""
    answer = translate(Payload(NOW, data={"type": "url_verification", "challenge": "abc"}))
    assert Nothing(Reason.VERIFICATION, {"challenge": "abc"}) == answer


def test_message_and_mention_are_one() -> None:
    """One human act that Slack sends as message and as mention has one title."""
    plain = only(event(text="<@U9> Disk full"))
    mention = only(event(type="app_mention", text="<@U9> Disk full"))
    assert ("Disk full", plain) == (mention.title, mention)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"subtype": "message_changed"}, Reason.EDIT),
        ({"subtype": "message_deleted"}, Reason.EDIT),
        ({"edited": {"user": "U1"}}, Reason.EDIT),
        ({"subtype": "channel_join"}, Reason.NOT_AN_ALERT),
        ({"type": "reaction_added"}, Reason.NOT_AN_ALERT),
        ({"text": ""}, Reason.NOT_AN_ALERT),
        ({"bot_id": "B1"}, Reason.OWN_MESSAGE),
        ({"bot_id": "B1", "app_id": "A1"}, Reason.OWN_MESSAGE),
        ({"bot_id": "B1", "bot_profile": {"app_id": "A1"}}, Reason.OWN_MESSAGE),
        ({"metadata": {"event_type": "tocsin_delivery"}}, Reason.OWN_MESSAGE),
    ],
)
def test_what_is_no_alert(fields: dict[str, Any], reason: Reason) -> None:
    """Edits, joins, reactions and our own posts are no alerts, each with its reason."""
    answer = translate(event(**fields))
    assert isinstance(answer, Nothing)
    assert reason == answer.reason


def test_foreign_bot_speaks_in_attachments() -> None:
    """A monitoring bot of another app is heard, also where its words are in an attachment."""
    alert = only(
        event(
            text="",
            bot_id="B2",
            app_id="A2",
            subtype="bot_message",
            attachments=[{"title": "High latency", "text": "p99 is 2 s"}],
        )
    )
    assert ("High latency", "p99 is 2 s") == (alert.title, alert.body)


def test_time_is_when_it_was_said() -> None:
    """An event happened when Slack says the message was written."""
    assert 1_595_926_230_009 == only(event(ts="1595926230.009600")).occurred_at


@pytest.mark.parametrize("data", [None, [], "text", 7, {"type": "url_verification"}])
def test_refused(data: Any) -> None:
    """What Slack never sends is refused."""
    assert isinstance(translate(Payload(NOW, data=data)), Refused)
