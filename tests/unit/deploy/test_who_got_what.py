"""The messages' story says of each who got it, and why not where nobody did."""

from datetime import UTC, datetime
from typing import Any

from deploy.local.messages import messages
from deploy.local.who_got_what import Outcome, lines, of_delivery, outcomes_of, together

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DELIVERY: dict[str, Any] = {
    "recipient": "ann",
    "subject": "Disk full",
    "template": "alert",
    "channel": "push",
    "status": "delivered",
    "why": "",
    "held_until": None,
}


def intent(*channels: dict[str, Any]) -> dict[str, Any]:
    """Make what the API says of an intent."""
    given: dict[str, Any] = {"reason": "", "why": "", "held_until": None, "deliveries": []}
    return {
        "recipient": "ann",
        "template": "welcome",
        "channels": [given | channel for channel in channels],
    }


def outcome(recipient: str, status: str, **fields: Any) -> Outcome:
    """Make an outcome of a mail."""
    given = {"what": "welcome", "channel": "email", "why": ""} | fields
    return Outcome(recipient=recipient, status=status, **given)


def test_no_two_messages_of_a_run_are_one() -> None:
    """Each has a key of its own with its recipient, and another run has other keys."""
    first, second = messages("alfa", NOW), messages("bravo", NOW)
    keys = {(m["recipient"], m["idempotency_key"]) for m in [*first, *second]}

    assert len(first) + len(second) == len(keys)


def test_every_channel_of_a_message_has_a_line() -> None:
    """Who was told and where nobody was is said alike."""
    said = outcomes_of(
        intent(
            {"channel": "email", "status": "delivered", "deliveries": [DELIVERY]},
            {"channel": "sms", "status": "suppressed", "why": "there is no address"},
        )
    )

    assert ["delivered", "suppressed: there is no address"] == [each.state for each in said]


def test_what_waits_a_moment_is_not_told_yet() -> None:
    """A recipient that is looked for once more is no end of the story."""
    held = {"channel": "none", "status": "held", "reason": "unknown_recipient"}

    assert [] == outcomes_of(intent(held))
    assert ["failed"] == [
        each.status for each in outcomes_of(intent({"channel": "none", "status": "failed"}))
    ]


def test_a_message_that_waited_as_a_whole_is_told_by_its_channels() -> None:
    """The waiting is over, so it has no line of its own."""
    said = outcomes_of(
        intent(
            {"channel": "none", "status": "superseded"},
            {"channel": "email", "status": "delivered"},
        )
    )

    assert ["email"] == [each.channel for each in said]


def test_several_tokens_are_one_line() -> None:
    """What two devices of a person got is said once."""
    assert 1 == len(together([of_delivery(DELIVERY), of_delivery(DELIVERY)]))


def test_the_sum_counts_people_and_not_messages() -> None:
    """A newcomer sees at once that nothing is missing."""
    text = lines(
        [
            outcome("ann", "delivered"),
            outcome("ann", "delivered", channel="push"),
            outcome("bob", "held", until="2026-01-02 07:00 UTC", why="quiet hours"),
            outcome("cid", "failed", channel="none", why="nobody knows them"),
        ]
    )

    assert "held until 2026-01-02 07:00 UTC: quiet hours" in text
    assert text.endswith(
        "2 went out to 1 recipients, 1 wait for their moment, "
        "1 went to nobody, each with its reason."
    )
