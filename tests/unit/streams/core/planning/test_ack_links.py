"""Who is told of an alert can take it in hand by the address in the message, and nobody else."""

from typing import Any

import pytest

from schemas.links import Acknowledge, read
from schemas.notification import Template
from schemas.records import Intent
from streams.core.planning.ack_links import NO_ACK_LINKS, AckLinks
from tests.planner import Planner, intent

SECRET = "a secret of some length"
LINKS = AckLinks("https://tocsin.example.org", SECRET)
ALERT = {"title": "Disk full", "fingerprint": "05bf29747cf07a0c"}


def _told(**fields: Any) -> Intent:
    given: dict[str, Any] = {"recipient": "ann", "data": ALERT, "alert_id": "alert-1"}
    return Intent(**(given | fields))


def test_the_address_says_who_takes_which_alert() -> None:
    """Two people who are told of one alert have an address each, and neither can be the other."""
    found = [LINKS.url(_told(recipient=who, tenant="acme")) for who in ("ann", "bob")]
    tokens = [url.removeprefix("https://tocsin.example.org/a/") for url in found]
    assert [
        Acknowledge("acme", "05bf29747cf07a0c", "alert-1", "ann"),
        Acknowledge("acme", "05bf29747cf07a0c", "alert-1", "bob"),
    ] == [read(Acknowledge, token, secret=SECRET) for token in tokens]


@pytest.mark.parametrize(
    ("links", "fields"),
    [
        (NO_ACK_LINKS, {}),
        (AckLinks("https://tocsin.example.org", ""), {}),
        (AckLinks("", SECRET), {}),
        (LINKS, {"ends": True}),
        (LINKS, {"alert_id": ""}),
        (LINKS, {"data": {}}),
        (LINKS, {"data": {"fingerprint": 7}}),
        (LINKS, {"data": {"fingerprint": ""}}),
    ],
)
def test_where_there_is_nothing_to_take_there_is_no_address(
    links: AckLinks, fields: dict[str, Any]
) -> None:
    """What is over, what is no alert, and a house that nobody can reach have none."""
    assert "" == links.url(_told(**fields))


def test_the_secret_is_never_shown() -> None:
    """What is logged by accident gives nobody the means to write addresses of ours."""
    assert SECRET not in repr(LINKS)


def test_a_message_names_the_address_the_same_way_again() -> None:
    """After a crash the same words go out; without a house to lead to, none of them miss it."""
    words = "{{ title }}{% if ack_url %} {{ ack_url }}{% endif %}"
    planner = Planner(Template(id="note", version="v1", parts={"*.text": words}))
    record = intent("i1", data=ALERT, alert_id="alert-1", alert_seq=1)
    planner.takes(record)
    planner.ack_links = LINKS
    other = intent("i2", data=ALERT, alert_id="alert-1", alert_seq=2)
    first = planner.takes(other).deliveries
    again = planner.reads(planner.records[-1][0], other).deliveries
    assert ["Disk full", f"Disk full {LINKS.url(other)}"] == [
        one.text for one in planner.deliveries[:2]
    ]
    assert first == again
