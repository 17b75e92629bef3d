"""Mails as JSON: the subject without its marks, and never a mail of ours."""

from typing import Any

import pytest

from connectors.ingest.formats.answers import Nothing, Payload, Refused, Taken
from connectors.ingest.formats.mail import translate
from schemas.reasons import Reason
from schemas.records import RawAlert


def only(**data: Any) -> RawAlert:
    """Give the one alert of a mail."""
    answer = translate(Payload(0, data=data))
    assert isinstance(answer, Taken), answer
    (alert,) = answer.alerts
    return alert


@pytest.mark.parametrize(
    "subject",
    ["Disk full", "Re: Disk full", "AW: WG: Disk full", "Fwd:Disk full", "RE[2]: Disk full"],
)
def test_marks_of_answers(subject: str) -> None:
    """Answers and forwards have the title of what they answer."""
    assert "Disk full" == only(subject=subject).title


def test_fields() -> None:
    """Sender, date and text find their places."""
    assert RawAlert(
        source="email",
        title="Backup failed",
        body="exit 1",
        labels={"from": "cron@host.test"},
        occurred_at=1_672_531_200_000,
    ) == only(
        subject="Backup\r\n failed",
        body="exit 1",
        **{"from": "Cron <Cron@host.test>", "date": "Sun, 01 Jan 2023 00:00:00 +0000"},
    )


def test_no_subject() -> None:
    """Without a subject the first line of the body is the title."""
    alert = only(subject="", body="Backup failed\nexit 1")
    assert ("Backup failed", "exit 1") == (alert.title, alert.body)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Tocsin-Id": "1", "Auto-Submitted": "auto-generated"},
        [["x-tocsin-id", "1"]],
        [{"name": "X-TOCSIN-ID", "value": "1"}],
        "Subject: x\r\nX-Tocsin-Id: 1\r\n",
    ],
)
def test_own_mail(headers: Any) -> None:
    """A mail that we sent is never an alert, however its headers are written."""
    answer = translate(Payload(0, data={"subject": "x", "body": "y", "headers": headers}))
    assert Nothing(Reason.OWN_MESSAGE) == answer


@pytest.mark.parametrize("date", ["yesterday", "", 7.5, [], "Sun, 99 Foo 2023", "x" * 500])
def test_strange_dates(date: Any) -> None:
    """A date that is none loses no mail."""
    assert "x" == only(subject="x", date=date).title


@pytest.mark.parametrize("data", [None, [], {}, {"subject": " Re: "}, "x"])
def test_refused(data: Any) -> None:
    """What says nothing is refused."""
    assert isinstance(translate(Payload(0, data=data)), Refused)
