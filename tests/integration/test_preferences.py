"""A signed-in person reads and changes what they wish, and nobody else does."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.admin.commands import main as admin
from connectors.tokens import User, issued
from schemas import keys
from schemas.codec import decode
from schemas.notification import NotificationType, Preference, Recipient
from schemas.topics import CONTROL_PREFERENCES, Names
from tests import topics
from tests.gateway import House
from tests.inbox import client_of, publish
from tests.processes import Process
from tests.waiting import eventually, eventually_async

pytestmark = pytest.mark.stack

SECRET = "a secret of the tests, long enough"
MINE = "/api/notifications/preferences"
ANNS = "/api/recipients/ann/preferences"
WISH = {
    "choices": {"marketing": {"*": False}, "order": {"sms": True}},
    "quiet_hours": {"from": "22:00", "to": "07:00", "zone": "Europe/Vienna"},
    "locale": "de-AT",
}


@pytest.fixture
def house_with_secret(home: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house in which people can be signed in."""
    monkeypatch.setenv("TOCSIN_JWT_SECRET", SECRET)
    environment = {**home.environment, "TOCSIN_JWT_SECRET": SECRET}
    return House(environment, home.namespace, home.key)


@pytest.fixture
def views(home: House, tmp_path: Path) -> Iterator[Process]:
    """Run the views for the time of the test."""
    with Process(["connectors.views"], env=home.environment, log=tmp_path / "views.log") as process:
        yield process


@asynccontextmanager
async def _signed_in(
    home: House, recipient: str = "ann", *, tenant: str = "default", ttl_s: int = 60
) -> AsyncIterator[httpx.AsyncClient]:
    token = issued(SECRET, User(tenant, recipient), now_s=int(time.time()), ttl_s=ttl_s)
    async with client_of(home, token) as client:
        yield client


async def _settled(client: httpx.AsyncClient, path: str = MINE) -> None:
    """Write once the views follow, so that later writes are shown at once."""

    async def written() -> bool:
        return (await client.put(path, json={})).status_code == 200

    await eventually_async(written, within_s=30, why="a write is shown")


def _records(home: House) -> list[tuple[bytes, Preference]]:
    topic, servers = (
        Names(home.namespace).topic(CONTROL_PREFERENCES),
        home.environment["KAFKA_BOOTSTRAP_SERVERS"],
    )
    found = eventually(
        lambda: (topics.read_all(servers, [topic]),), within_s=20, why="the topic can be read"
    )[0]
    return [(each.key() or b"", decode(Preference, each.value() or b"")) for each in found]


@pytest.mark.usefixtures("views")
async def test_a_wish_is_shown_as_soon_as_it_is_answered(house_with_secret: House) -> None:
    """A write answers with what is in force then, and is a record under the person's key."""
    publish(
        house_with_secret,
        [
            NotificationType(id="order", channels=["email"]),
            Recipient(id="ann", addresses={"email": ["ann@example.org"]}, zone="UTC"),
        ],
    )
    async with _signed_in(house_with_secret) as ann:
        await _settled(ann)
        before = (await ann.get(MINE)).json()
        began = time.monotonic()
        answer = await ann.put(MINE, json=WISH, headers={"If-Match": f'"{before["version"]}"'})
        assert 200 == answer.status_code, answer.text
        assert time.monotonic() - began < 2
        shown = answer.json()
        assert shown == (await ann.get(MINE)).json()
    assert f'"{before["version"] + 1}"' == answer.headers["etag"]
    assert ({"enabled": True, "from": "type"}, {"enabled": True, "from": "own"}) == (
        shown["types"]["order"]["email"],
        shown["types"]["order"]["sms"],
    )
    assert {"enabled": False, "from": "own"} == shown["types"]["marketing"]["email"]
    assert (WISH["quiet_hours"], "de-AT", ["email"]) == (
        shown["quiet_hours"],
        shown["locale"],
        shown["channels"],
    )
    assert WISH["choices"] == shown["own"]["choices"]
    key, record = _records(house_with_secret)[-1]
    assert keys.key("default", "ann") == key
    assert ("22:00", "Europe/Vienna", shown["version"]) == (
        record.quiet_from,
        record.zone,
        record.version,
    )


@pytest.mark.usefixtures("views")
async def test_no_change_overwrites_another_unseen(house_with_secret: House) -> None:
    """Of two who read the same version one writes; the other is told to read again."""
    async with _signed_in(house_with_secret) as ann:
        await _settled(ann)
        tag = (await ann.get(MINE)).headers["etag"]
        wishes: list[dict[str, Any]] = [{"locale": "de"}, {"locale": "fr"}, {"locale": "es"}]
        answers = await asyncio.gather(
            *(ann.put(MINE, json=wish, headers={"If-Match": tag}) for wish in wishes)
        )
        assert [200] == [each.status_code for each in answers if each.status_code < 400]
        assert {200, 409, 412} >= {each.status_code for each in answers}
        late = await ann.put(MINE, json=WISH, headers={"If-Match": tag})
        assert (412, "header.If-Match") == (late.status_code, late.json()["where"])
        again = await ann.put(MINE, json=WISH, headers={"If-Match": late.headers["etag"]})
        assert 200 == again.status_code


async def test_while_views_are_away_a_write_is_on_its_way(house_with_secret: House) -> None:
    """Kafka has it, and the answer says so; the next one waits until it is shown."""
    async with _signed_in(house_with_secret) as ann:
        answer = await ann.put(MINE, json=WISH)
        assert (202, "on its way", 1) == (
            answer.status_code,
            answer.json()["status"],
            answer.json()["version"],
        )
        early = await ann.put(MINE, json={})
        assert 409 == early.status_code
        assert "Retry-After" in early.headers
    assert 1 == len(_records(house_with_secret))


async def test_what_cannot_be_obeyed_is_not_written(house_with_secret: House) -> None:
    """The answer names the field, and the person may write again at once."""
    wrong: list[tuple[Any, str]] = [
        ({"zone": "Mars/Base"}, "zone"),
        ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, "quiet_hours.from"),
        ({"choices": {"order": {"fax": True}}}, "choices.order.fax"),
        ({"choices": {"order": {"sms": "perhaps"}}}, "choices.order.sms"),
        ({"chioces": {}}, "chioces"),
        ([], "body"),
    ]
    async with _signed_in(house_with_secret) as ann:
        for body, where in wrong:
            answer = await ann.put(MINE, json=body)
            assert (422, where) == (answer.status_code, answer.json()["where"])
        large = await ann.put(MINE, content=b" " * 65_537)
        assert 413 == large.status_code
    assert [] == _records(house_with_secret)


async def test_nobody_gets_in_without_a_good_token(house_with_secret: House, token: str) -> None:
    """An expired token, an API key and nothing at all are told apart, and none gets in."""
    async with _signed_in(house_with_secret, ttl_s=-60) as late:
        assert "expired" in (await late.get(MINE)).json()["detail"]
    async with client_of(house_with_secret, token) as program:
        answer = await program.get(MINE)
        assert (401, True) == (answer.status_code, "API key" in answer.json()["detail"])
        assert 401 == (await program.put(MINE, json={}, headers={"Authorization": ""})).status_code
        assert 403 == (await program.get(ANNS)).status_code


@pytest.mark.usefixtures("views")
async def test_everybody_sees_and_changes_their_own_alone(
    house_with_secret: House, tmp_path: Path
) -> None:
    """Another person, and the same name under another tenant, has wishes of their own."""
    operator = house_with_secret.make_key(tmp_path, name="operator", scope="admin")
    async with (
        client_of(house_with_secret, operator) as operating,
        _signed_in(house_with_secret) as ann,
        _signed_in(house_with_secret, tenant="other") as other,
        _signed_in(house_with_secret, "bob") as bob,
    ):
        await _settled(operating, ANNS)
        said = await operating.put(ANNS, json=WISH)
        assert (200, "ann") == (said.status_code, said.json()["recipient"])
        assert said.json() == (await ann.get(MINE)).json()
        assert [0, 0] == [(await each.get(MINE)).json()["version"] for each in (other, bob)]


def test_the_command_issues_a_token_that_is_believed(
    house_with_secret: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the operator is shown lets the person in, for as long as was said."""
    capsys.readouterr()
    assert 0 == admin(["token", "--user", "ana", "--ttl", "12h"])
    token = capsys.readouterr().out.strip()

    async def asked() -> httpx.Response:
        async with client_of(house_with_secret, token) as client:
            return await client.get(MINE)

    answer = asyncio.run(asked())
    assert (200, "ana") == (answer.status_code, answer.json()["recipient"])
