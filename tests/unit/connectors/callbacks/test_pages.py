"""Mails tell that they were opened, links lead where they were signed for, and nowhere else."""

import httpx
import pytest
from prometheus_client import REGISTRY

from connectors.callbacks.pages import PICTURE
from schemas.links import Clicked, Opened
from tests.builders import NOON
from tests.link_pages import PLACE, WISH, Kafka, path_of

OPENED = Opened(*PLACE)


def _counted(page: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("tocsin_links_total", {"kind": page, "outcome": outcome}) or 0


async def test_an_opened_mail_is_noted_once(people: httpx.AsyncClient, kafka: Kafka) -> None:
    """A mail that is opened again and again has one event: readers drop what bears its id."""
    answers = [await people.get(path_of(OPENED)) for _ in range(2)]
    assert [PICTURE, PICTURE] == [answer.content for answer in answers]
    assert ["image/gif"] * 2 == [answer.headers["content-type"] for answer in answers]
    first, second = kafka.events
    assert first.id == second.id
    assert ("opened", "delivery-a", "intent-a", "ann", "email", 2, "r1", NOON) == (
        first.status, first.delivery_id, first.intent_id, first.recipient, first.channel,
        first.attempt, first.replay, first.occurred_at,
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/o/nonsense", "/o/%00%0d%0a", "/o/" + "x" * 9000])
async def test_the_picture_is_always_there(
    people: httpx.AsyncClient, kafka: Kafka, path: str
) -> None:
    """A mail shows no broken picture, whatever its address has become, and nothing is noted."""
    answer = await people.get(path)
    assert (200, PICTURE, []) == (answer.status_code, answer.content, kafka.taken)


@pytest.mark.parametrize(
    ("expected", "url"),
    [
        ("https://a.example/?b=1&c=%20d#e", "https://a.example/?b=1&c=%20d#e"),
        ("http://a.example/%C3%A9%20b", "http://a.example/é b"),
    ],
)
async def test_a_link_leads_where_its_author_pointed(
    people: httpx.AsyncClient, kafka: Kafka, expected: str, url: str
) -> None:
    """Whoever follows it is led on at once, and it is noted which one it was."""
    answer = await people.get(path_of(Clicked(*PLACE, url)))
    assert (302, expected) == (answer.status_code, answer.headers["location"])
    assert [("clicked", url)] == [(event.status, event.link) for event in kafka.events]


async def test_each_link_of_a_mail_is_followed_once(
    people: httpx.AsyncClient, kafka: Kafka
) -> None:
    """Followed again a link says the same under the same id, and another link something else."""
    for url in ("https://a.example", "https://b.example", "https://a.example"):
        await people.get(path_of(Clicked(*PLACE, url)))
    first, second, third = kafka.events
    assert (first.id, first.link) == (third.id, third.link)
    assert first.id != second.id


@pytest.mark.parametrize(
    "path",
    [
        "/c/https://evil.example",
        "/c/nonsense",
        path_of(Clicked(*PLACE, "https://a.example")) + "x",
        path_of(Clicked(*PLACE, "https://a.example"), secret="another secret altogether"),
        path_of(OPENED).replace("/o/", "/c/"),
        path_of(Clicked(*PLACE, "javascript:alert(1)")),
        path_of(Clicked(*PLACE, "//evil.example")),
        path_of(Clicked(*PLACE, "http://[x")),
        path_of(Clicked(*PLACE, "")),
    ],
)
async def test_nobody_is_led_where_we_did_not_point(
    people: httpx.AsyncClient, kafka: Kafka, path: str
) -> None:
    """Nobody can borrow our name for an address of their own."""
    answer = await people.get(path)
    assert 404 == answer.status_code
    assert "location" not in answer.headers
    assert [] == kafka.taken


async def test_who_only_looks_ahead_opens_nothing(people: httpx.AsyncClient, kafka: Kafka) -> None:
    """Scanners that ask for the head, and browsers that fetch ahead, are no readers."""
    clicked = path_of(Clicked(*PLACE, "https://a.example"))
    answers = [
        await people.head(path_of(OPENED)),
        await people.head(clicked),
        await people.get(clicked, headers={"Sec-Purpose": "prefetch;prerender"}),
        await people.head(path_of(WISH)),
        await people.get(path_of(WISH)),
    ]
    assert [200, 302, 302, 200, 200] == [answer.status_code for answer in answers]
    assert [] == kafka.taken


async def test_pictures_and_links_do_not_wait_for_kafka(
    people: httpx.AsyncClient, kafka: Kafka
) -> None:
    """A reader sees the mail and comes where they want to; what is lost is counted."""
    kafka.away = True
    before = _counted("opened", "lost"), _counted("clicked", "lost")
    picture = await people.get(path_of(OPENED))
    link = await people.get(path_of(Clicked(*PLACE, "https://a.example")))
    assert (200, 302) == (picture.status_code, link.status_code)
    assert (before[0] + 1, before[1] + 1) == (
        _counted("opened", "lost"), _counted("clicked", "lost"),
    )  # fmt: skip
