"""Looking does nothing, the button does what was signed, and nonsense is answered."""

import httpx
import pytest

from connectors.callbacks.acknowledging import Acknowledging
from connectors.callbacks.pages import Pages
from connectors.callbacks.saying import Publisher
from connectors.linking import Linking
from connectors.stores.postgres import Database
from schemas import links
from schemas.links import Acknowledge, Clicked, Opened
from schemas.topics import Names
from tests.builders import NOON
from tests.link_pages import PLACE, WISH, Kafka, path_of

OPENED = Opened(*PLACE)


async def test_only_the_button_unsubscribes(people: httpx.AsyncClient, kafka: Kafka) -> None:
    """A page asks first, the button does it, and the page behind it undoes it."""
    page = await people.get(path_of(WISH))
    assert '<form method="post" action=""><button>Unsubscribe</button>' in page.text
    done = await people.post(path_of(WISH))
    [undo] = [part.split('"')[0] for part in done.text.split('action="')[1:]]
    again = await people.post(done.url.join(undo))
    [back] = [part.split('"')[0] for part in again.text.split('action="')[1:]]
    assert (200, 200, str(done.url)) == (
        done.status_code, again.status_code, str(again.url.join(back)),
    )  # fmt: skip
    assert [("opted_out", "newsletter"), ("opted_in", "newsletter")] == [
        (wish.kind, wish.type) for wish in kafka.wishes
    ]
    assert [("ann", "email", "", NOON)] * 2 == [
        (wish.recipient, wish.channel, wish.address, wish.occurred_at) for wish in kafka.wishes
    ]
    assert [b"default:ann"] * 2 == [key for _, key, _ in kafka.taken]


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
    ],
)
async def test_a_mail_program_unsubscribes_with_one_click(
    people: httpx.AsyncClient, kafka: Kafka, body: dict[str, object]
) -> None:
    """RFC 8058: one POST, in either form that it allows, without a cookie or a second question."""
    answer = await people.post(path_of(WISH), **body)  # type: ignore[arg-type]
    assert (200, ["opted_out"]) == (answer.status_code, [wish.kind for wish in kafka.wishes])


async def test_a_page_that_is_loaded_again_undoes_nothing(
    people: httpx.AsyncClient, kafka: Kafka
) -> None:
    """Who comes back to the last page by its address sees the first one."""
    answer = await people.get(f"{path_of(WISH)}/undo")
    assert (303, []) == (answer.status_code, kafka.taken)
    led = answer.url.join(answer.headers["location"])
    assert path_of(WISH) == led.path


# -- acknowledge; with PostgreSQL beside it: tests/integration/test_links.py


async def test_an_alert_can_be_taken_while_the_inbox_is_away(
    people: httpx.AsyncClient, kafka: Kafka
) -> None:
    """Who is called at night need not wait for a database: looking does nothing, the button does.

    The page does not claim what it cannot see.
    """
    link = Acknowledge("acme", "05bf29747cf07a0c", "alert-1", "ann")
    shown = await people.get(path_of(link))
    assert (200, True, []) == (shown.status_code, "<button>" in shown.text, kafka.orders)
    done = await people.post(path_of(link))
    [order] = kafka.orders
    assert (200, True) == (done.status_code, "is on its way" in done.text)
    assert ("ack", "acme", "05bf29747cf07a0c", "alert-1", "ann", NOON) == (
        order.kind, order.tenant, order.fingerprint, order.alert_id, order.actor, order.issued_at,
    )  # fmt: skip
    assert [b"acme:05bf29747cf07a0c"] == [key for _, key, _ in kafka.taken]


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("path", ["/u/nonsense", "/u/nonsense/undo", "/a/nonsense"])
async def test_nonsense_is_answered(
    people: httpx.AsyncClient, kafka: Kafka, method: str, path: str
) -> None:
    """A link that was cut in two does nothing, and says so."""
    answer = await people.request(method, path)
    assert (404, []) == (answer.status_code, kafka.taken)
    assert "text/html" in answer.headers["content-type"]


async def test_what_could_not_be_written_down_is_not_claimed(
    people: httpx.AsyncClient, kafka: Kafka
) -> None:
    """Without Kafka nobody is told that they are unsubscribed, or that they have an alert."""
    kafka.away = True
    alert = Acknowledge("default", "05bf29747cf07a0c", "alert-1", "ann")
    for path in (path_of(WISH), f"{path_of(WISH)}/undo", path_of(alert)):
        answer = await people.post(path)
        assert (503, "60") == (answer.status_code, answer.headers["retry-after"])
        assert "do not count on it" in answer.text


async def test_pages_keep_to_themselves(people: httpx.AsyncClient) -> None:
    """Nothing is cached, indexed, framed or told to where a link leads."""
    clicked = Clicked(*PLACE, "https://a.example")
    for path in (path_of(OPENED), path_of(clicked), path_of(WISH), "/u/nonsense"):
        headers = (await people.get(path)).headers
        assert ("no-store", "no-referrer", "noindex, nofollow", "nosniff") == (
            headers["cache-control"],
            headers["referrer-policy"],
            headers["x-robots-tag"],
            headers["x-content-type-options"],
        )
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_without_a_secret_every_link_is_foreign(kafka: Kafka) -> None:
    """A house that signs nothing believes nothing."""
    publisher = Publisher(kafka, Names(""))
    nowhere = Database(url="postgresql://127.0.0.1:1/x", schema="x")
    pages = Pages(
        Linking(),
        publisher=publisher,
        acknowledging=Acknowledging(nowhere, publisher, lambda: 0),
        now=lambda: 0,
    )
    token = links.token(WISH, secret="")
    assert 404 == (await pages.unsubscribed(token)).status_code
    assert [] == kafka.taken
