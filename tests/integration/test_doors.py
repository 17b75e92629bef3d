"""Who sends too much is told when to come again, at each door, and nobody else is."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Stack
from tests.gateway import House, house, serving

pytestmark = pytest.mark.stack

ALERT = {"title": "disk full"}
INTENT = {"user_id": "ann", "subject": "Hello", "to": {"email": "ann@example.org"}}
AT_ONCE = 4
# So slow that nothing is gained while the test runs.
SLOW = {"TOCSIN_RATE_PER_KEY": "0.01", "TOCSIN_RATE_BURST_S": str(AT_ONCE * 100)}


@pytest.fixture(scope="module")
def home(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a namespace with topics, tables and keys."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("keys")
        yield house(running_stack, f"t{secrets.token_hex(4)}", folder, patch)


@pytest.fixture(scope="module")
def server(home: House) -> Iterator[str]:
    """Run both doors with a rate of four at once."""
    with serving({**home.environment, **SLOW}, arguments=()) as url:
        yield url


@pytest.fixture
def noisy(stack: Stack, home: House, server: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """Give a client whose key is not known yet."""
    del stack
    with _client(home, server, tmp_path, "noisy") as client:
        yield client


def _client(home: House, server: str, folder: Path, name: str) -> httpx.Client:
    key = home.make_key(folder, name=f"{name}-{secrets.token_hex(3)}", scope="ingest,intents")
    return httpx.Client(base_url=server, headers={"Authorization": f"Bearer {key}"}, timeout=15)


@pytest.mark.parametrize(
    ("path", "body", "taken"), [("/ingest/webhook", ALERT, 200), ("/api/intents", INTENT, 202)]
)
def test_one_that_sends_too_much_is_told_when_to_come_again(
    noisy: httpx.Client,
    home: House,
    server: str,
    tmp_path: Path,
    path: str,
    body: dict[str, object],
    taken: int,
) -> None:
    """Four pass, the fifth is refused with the seconds to wait, and another key is let in."""
    answers = [noisy.post(path, json=body) for _ in range(AT_ONCE + 1)]
    refused = answers[-1]
    assert [taken] * AT_ONCE + [429] == [answer.status_code for answer in answers]
    assert "application/problem+json" == refused.headers["content-type"]
    assert 1 <= int(refused.headers["retry-after"]) <= 100
    assert "this key may send 0.01 a second, and 4 at once" == refused.json()["detail"]
    with _client(home, server, tmp_path, "quiet") as quiet:
        assert taken == quiet.post(path, json=body).status_code


def test_a_batch_counts_as_many_as_it_brings(noisy: httpx.Client) -> None:
    """Three intents and then two: the two are refused together, and one still passes."""
    sent = [noisy.post("/api/intents", json=[INTENT] * count).status_code for count in (3, 2, 1)]
    assert [202, 429, 202] == sent
