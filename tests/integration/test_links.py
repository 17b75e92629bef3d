"""What stands in a message leads back: who reads it is known, and who clicks is obeyed."""

import re
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from tests.audience import holds, provider_settings, report, told
from tests.conftest import Stack, remove_topics
from tests.exchange import Exchange
from tests.fakes.beside import Beside, receiving_beside
from tests.fakes.receiver import Act, sendgrid_yes
from tests.gateway import house
from tests.inbox import rows

pytestmark = pytest.mark.stack

SECRET = "a secret of some length"
PUBLIC_URL = "https://tocsin.example.org"
RUNBOOK = "https://runbooks.example.org/?a=1&b=2"
PEOPLE = {
    "templates": [
        {
            "id": "alert",
            "parts": {
                "email": {
                    "subject": "{{ title }}",
                    "text": "{{ title }}{% if ack_url %} {{ ack_url }}{% endif %}",
                    "html": (
                        f'<body><a href="{RUNBOOK.replace("&", "&amp;")}">Runbook</a>'
                        '{% if ack_url %}<a href="{{ ack_url | web_link }}">Mine</a>{% endif %}'
                        "</body>"
                    ),
                }
            },
        }
    ],
    "types": [{"id": "alert", "channels": ["email"]}],
    "recipients": [
        {"id": name, "addresses": {"email": f"{name}@example.org"}} for name in ("mia", "bob")
    ],
    "routes": [{"id": "all", "matchers": ['title=~".+"'], "recipients": ["mia", "bob"]}],
}


@pytest.fixture(scope="module")
def mails() -> Iterator[Beside]:
    """Give a local SendGrid."""
    with receiving_beside(sendgrid_yes()) as server:
        yield server


@pytest.fixture(scope="module")
def running(
    running_stack: Stack, tmp_path_factory: pytest.TempPathFactory, mails: Beside
) -> Iterator[Exchange]:
    """Start every process once; tests part by their words."""
    folder, namespace = tmp_path_factory.mktemp("exchange"), f"t{secrets.token_hex(4)}"
    settings = {
        "TOCSIN_PUBLIC_URL": PUBLIC_URL,
        "TOCSIN_LINK_SECRET": SECRET,
        "TOCSIN_TRACKING": "opens,clicks",
    }
    with pytest.MonkeyPatch.context() as patch, receiving_beside(Act()) as hooks:
        exchange = Exchange(
            house(running_stack, namespace, folder, patch),
            folder,
            settings=provider_settings(mails, hooks) | settings,
        )
        exchange.apply(PEOPLE, name="people")
        exchange.start()
        yield exchange
        exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def exchange(stack: Stack, running: Exchange) -> Exchange:
    """Give the running processes."""
    del stack
    return running


@pytest.fixture
def client(exchange: Exchange) -> Iterator[httpx.Client]:
    """Give a client that may do everything."""
    with exchange.client() as opened:
        yield opened


@pytest.fixture
def reader(exchange: Exchange) -> Iterator[httpx.Client]:
    """Give whoever reads a mail: somebody without any key."""
    with httpx.Client(base_url=exchange.url, timeout=15) as opened:
        yield opened


class Mail:
    """Find in a mail what leads back to us, as the path that a proxy would pass on."""

    def __init__(self, request: bytes) -> None:
        mail = orjson.loads(request)
        self.text, self.html = (part["value"] for part in mail["content"])
        self.subject = mail["subject"]
        self.unsubscribe = _path(mail["headers"]["List-Unsubscribe"].strip("<>"))
        self.post = mail["headers"]["List-Unsubscribe-Post"]

    def path(self, page: str) -> str:
        """Give the first path of a page of ours."""
        found = re.search(rf'{PUBLIC_URL}(/{page}/[\w-]+)"', self.html)
        assert found, self.html
        return found[1]


def _path(url: str) -> str:
    assert url.startswith(f"{PUBLIC_URL}/")
    return urlsplit(url).path


def _mails(mails: Beside, to: str, words: str) -> list[Mail]:
    return [
        Mail(request.body)
        for request in list(mails.receiver.requests)
        if f'"{to}@example.org"'.encode() in request.body and words.encode() in request.body
    ]


def _mail(exchange: Exchange, mails: Beside, to: str, words: str) -> Mail:
    holds(exchange, lambda: _mails(mails, to, words), why=f"{words} is mailed to {to}")
    [mail] = _mails(mails, to, words)
    return mail


def test_who_opens_and_follows_is_known(
    exchange: Exchange, client: httpx.Client, reader: httpx.Client, mails: Beside
) -> None:
    """The log shows that a mail was opened and its link followed, for that reader alone."""
    made = report(client, "opened by one", priority="high")
    mail = _mail(exchange, mails, "mia", "opened by one")
    _mail(exchange, mails, "bob", "opened by one")
    clicked = reader.get(mail.path("c"))
    assert (302, RUNBOOK) == (clicked.status_code, clicked.headers["location"])
    assert "runbooks.example.org" not in mail.html
    for _ in range(2):
        assert "image/gif" == reader.get(mail.path("o")).headers["content-type"]

    def known() -> bool:
        seen = {
            row["user_id"]: (row["opened_at"], row["clicked_at"], row["status"])
            for row in rows(
                exchange.house,
                "SELECT l.* FROM notification_log l JOIN alerts a USING (tenant, alert_id)"
                f" WHERE a.fingerprint = '{made['fingerprint']}'",
            )
        }
        opened, followed, status = seen.get("mia", (None, None, ""))
        return bool(opened and followed and status == "sent") and seen.get("bob") == (
            None,
            None,
            "sent",
        )

    holds(exchange, known, why="the log shows who opened it and followed its link")
    [delivery] = [one for one in told(client, made["fingerprint"]) if one["recipient"] == "mia"]
    steps = client.get(f"/api/deliveries/{delivery['id']}").json()["events"]
    assert 1 == [step["status"] for step in steps].count("opened")
    assert [RUNBOOK] == [step["link"] for step in steps if step["status"] == "clicked"]


def test_an_alert_is_acknowledged_from_its_mail(
    exchange: Exchange, client: httpx.Client, reader: httpx.Client, mails: Beside
) -> None:
    """Looking changes nothing; the button takes it, in the reader's name; the next is told who."""
    fingerprint = report(client, "taken by mia", priority="high")["fingerprint"]
    mail = _mail(exchange, mails, "mia", "taken by mia")
    other = _mail(exchange, mails, "bob", "taken by mia")
    assert mail.path("a") in mail.text
    assert mail.path("a") != other.path("a")

    def shown() -> bool:
        page = reader.get(mail.path("a"))
        return "taken by mia" in page.text and "<button>" in page.text

    holds(exchange, shown, why="the page shows the alert")
    assert client.get(f"/api/notifications/{fingerprint}").json()["acknowledged"] is False

    answer = reader.post(mail.path("a"))
    assert 200 == answer.status_code
    assert "You have it" in answer.text or "on its way" in answer.text

    def taken() -> bool:
        alert = client.get(f"/api/notifications/{fingerprint}").json()
        return bool(alert["acknowledged"]) and alert["acknowledged_by"] == "mia"

    holds(exchange, taken, why="the inbox shows who has it")
    for page in (reader.get(other.path("a")), reader.post(other.path("a"))):
        assert "mia has it since" in page.text
        assert "<button>" not in page.text
    assert "You have it" in reader.get(mail.path("a")).text

    client.post(f"/api/notifications/{fingerprint}/resolve").raise_for_status()

    def over() -> bool:
        return "It is over" in reader.post(mail.path("a")).text

    holds(exchange, over, why="the page says that it is over")


def test_one_click_ends_the_mails_and_another_brings_them_back(
    exchange: Exchange, client: httpx.Client, reader: httpx.Client, mails: Beside
) -> None:
    """Planning suppresses what its reader does not want, for that reader alone, until undone."""
    report(client, "wanted at first")
    mail = _mail(exchange, mails, "bob", "wanted at first")
    assert "List-Unsubscribe=One-Click" == mail.post
    assert 200 == reader.get(mail.unsubscribe).status_code
    done = reader.post(mail.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    assert (200, True) == (done.status_code, "You are unsubscribed" in done.text)

    def outcome(words: str) -> dict[str, tuple[str, str]]:
        made = report(client, words)
        holds(exchange, lambda: len(told(client, made["fingerprint"])) == 2, why=words)
        found = told(client, made["fingerprint"])
        return {one["recipient"]: (one["status"], one["reason"]) for one in found}

    def suppressed() -> bool:
        seen = outcome(f"unwanted {secrets.token_hex(4)}")
        return seen["bob"] == ("suppressed", "opted_out") and seen["mia"][0] != "suppressed"

    holds(exchange, suppressed, why="bob is told no more, and mia is")

    undone = reader.post(f"{mail.unsubscribe}/undo")
    assert (200, True) == (undone.status_code, "subscribed again" in undone.text)

    def wanted() -> bool:
        return outcome(f"wanted {secrets.token_hex(4)}")["bob"][0] != "suppressed"

    holds(exchange, wanted, why="bob is told again")


def test_no_log_gives_a_link_away(
    exchange: Exchange, client: httpx.Client, reader: httpx.Client, mails: Beside
) -> None:
    """Whoever reads the logs can neither sign nor follow a link in somebody's name."""
    report(client, "logged nowhere", priority="high")
    mail = _mail(exchange, mails, "mia", "logged nowhere")
    paths = [mail.path("a"), mail.path("o"), mail.path("c"), mail.unsubscribe]
    for path in paths:
        reader.get(path)
        reader.get(f"{path}x")
    for process in exchange.processes.values():
        log = process.log.read_text(errors="replace")
        assert SECRET not in log
        assert not [path for path in paths if path.rpartition("/")[2] in log]
