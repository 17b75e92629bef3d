"""Whoever tries two ways of saying something learns from the log which of them works."""

import time
from typing import Any

import httpx
import pytest

from schemas.deliveries import DeliveryEvent
from schemas.notification import Template
from tests.deliveries import delivery_event as event
from tests.inbox import Rows, get

pytestmark = pytest.mark.stack

DAY_MS = 86_400_000


def _sent(
    person: str, variant: str, *facts: str, day: float = 1, **fields: object
) -> list[DeliveryEvent]:
    begun = time.time_ns() // 1_000_000 - int(day * DAY_MS)
    given: dict[str, Any] = {
        "template": "welcome",
        "template_version": "v1",
        "variant": variant,
        "recipient": person,
        "created_at": begun,
        "occurred_at": begun,
    } | fields
    name = f"{person}-{variant}-{day}-{given.get('tenant', '')}"
    return [event(name, status, **given) for status in ("queued", "sent", *facts)]


async def test_variants_are_counted_and_compared(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """Of twenty people each, one subject is opened by all and the other by three: that is no luck.

    What never left, what is too old, and what is another tenant's or template's counts nowhere.
    """
    events = [
        each
        for number in range(20)
        for each in (
            *_sent(f"w{number}", "warm", "delivered", "opened"),
            *_sent(f"p{number}", "plain", *(("opened", "clicked") if number < 3 else ())),
        )
    ]
    events += _sent("w0", "warm", "opened", day=2)  # a second mail to one who opened the first
    events += _sent("old", "warm", day=31)
    events += _sent("x", "plain", tenant="acme")
    events += _sent("x", "plain", template="other")
    events.append(event("never", "suppressed", template="welcome", template_version="v1",
                        variant="plain", created_at=time.time_ns() // 1_000_000))  # fmt: skip
    await rows(Template(id="welcome", version="v1", variants={"plain": 1, "warm": 1}), *events)

    said = await get(inbox, "/templates/welcome/results")
    [group] = said["results"]
    assert ("v1", "welcome", {"plain": 1, "warm": 1}) == (
        said["version"],
        said["experiment"],
        said["weights"],
    )
    assert [
        ("plain", 21, 20, 20, 0, 3, 3),
        ("warm", 21, 21, 20, 20, 21, 0),
    ] == [
        (
            each["variant"], each["planned"], each["sent"], each["people"],
            each["delivered"]["deliveries"], each["opened"]["deliveries"],
            each["clicked"]["deliveries"],
        )
        for each in group["variants"]
    ]  # fmt: skip
    assert [0.15, 1.0] == [each["opened"]["rate"] for each in group["variants"]]
    assert [
        ("delivered", "warm", "more_than_chance"),
        ("opened", "warm", "more_than_chance"),
        ("clicked", "plain", "may_be_chance"),
    ] == [(each["measure"], each["best"], each["verdict"]) for each in group["comparisons"]]
    older = await get(inbox, "/templates/welcome/results", days=60)
    assert [22] == [each["planned"] for each in older["results"][0]["variants"][1:]]


async def test_a_bounce_takes_a_delivery_back(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """What came back as undeliverable was sent, and is not counted as delivered."""
    gone = _sent("ann", "", "delivered")
    begun = gone[0].created_at
    bounced = event("ann--1-", "failed", corrects="delivered", template="welcome",
                    occurred_at=begun + 5, created_at=begun)  # fmt: skip
    assert gone[0].delivery_id == bounced.delivery_id
    await rows(*gone, bounced)
    [group] = (await get(inbox, "/templates/welcome/results"))["results"]
    [only] = group["variants"]
    assert (1, 0) == (only["sent"], only["delivered"]["deliveries"])


async def test_a_template_that_nobody_knows(inbox: httpx.AsyncClient, rows: Rows) -> None:
    """One that was never used has no results yet; one that never was is not found."""
    await rows(Template(id="fresh", version="v1"))
    assert [] == (await get(inbox, "/templates/fresh/results"))["results"]
    assert 404 == (await inbox.get("/api/templates/stale/results")).status_code
    assert 422 == (await inbox.get("/api/templates/fresh/results?days=0")).status_code
