"""An operator's commands do what they say, again and again, and refuse what would harm."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors.admin.commands import main as admin
from connectors.admin.control_topics import read_whole
from connectors.stores.migrate import migrate
from connectors.stores.postgres import connect, fetch_all
from schemas.cluster import Cluster
from schemas.codec import decode, encode
from schemas.control import Route, Silence
from schemas.errors import ConfigurationError
from schemas.records import DeadLetter
from schemas.topics import CONTROL_ROUTES, CONTROL_SILENCES, Names, Topic
from tests.conftest import Stack
from tests.gateway import House
from tests.inbox import database, store

pytestmark = pytest.mark.stack
Output = pytest.CaptureFixture[str]


@pytest.fixture
def house(stack: Stack, namespace: str, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a namespace in which nothing is made yet."""
    environment = {
        **stack.variables,
        "TOCSIN_NAMESPACE": namespace,
        "TOCSIN_PARTITIONS": "2",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return House(environment, namespace, "")


def _held(house: House, topic: Topic) -> dict[bytes, bytes]:
    servers = house.environment["KAFKA_BOOTSTRAP_SERVERS"]
    name = Names(house.namespace).topic(topic)
    return read_whole(Cluster(servers), [name])[name]


@pytest.mark.usefixtures("house")
def test_topics_are_created_once(capsys: Output) -> None:
    """The first run creates all of them, the second finds nothing to do, a look changes nothing."""
    assert 0 == admin(["topics", "--dry-run"])
    assert "would create" in capsys.readouterr().out
    assert 0 == admin(["topics"])
    assert ", 0 created" not in capsys.readouterr().out
    assert 0 == admin(["topics"])
    assert ", 0 created, no drift" in capsys.readouterr().out


@pytest.mark.usefixtures("house")
def test_a_wrong_partition_count_is_told_and_left_alone(capsys: Output) -> None:
    """Drift of the count ends with 1, also when settings may be mended."""
    assert 0 == admin(["topics"])
    capsys.readouterr()
    assert 1 == admin(["topics", "--partitions", "3", "--fix-config"])
    assert "Partition counts are never changed" in capsys.readouterr().out
    assert 0 == admin(["topics"])


@pytest.mark.usefixtures("house")
def test_drifted_settings_are_told_and_mended(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """A setting that is not as agreed ends with 1 until it is mended on request."""
    assert 0 == admin(["topics"])
    wanted = Topic.config
    monkeypatch.setattr(Topic, "config", lambda self: wanted(self) | {"retention.bytes": "77777"})
    assert 1 == admin(["topics"])
    assert "77777" in capsys.readouterr().out
    assert 0 == admin(["topics", "--fix-config"])
    assert 0 == admin(["topics"])


def test_a_service_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """The command says what did not answer, where, and which variable leads there."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/x")
    assert 1 == admin(["topics", "--wait", "0.1"])
    assert "KAFKA_BOOTSTRAP_SERVERS" in capsys.readouterr().err
    assert 1 == admin(["migrate", "--wait", "0.1"])
    said = capsys.readouterr().err
    assert "DATABASE_URL" in said
    assert "secret" not in said


def test_migrations_run_once_however_many_ask(house: House) -> None:
    """Four processes that start at once apply each step once."""
    schema = Names(house.namespace).database_schema()
    url = house.environment["DATABASE_URL"]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrate(url=url, schema=schema), range(4)))
    assert 1 == len([steps for steps in done if steps])
    assert 0 == admin(["migrate"])


def test_a_step_that_fails_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    """All steps are applied or none, and an edited one is refused."""
    schema, url = Names(house.namespace).database_schema(), house.environment["DATABASE_URL"]
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x int)")
    (tmp_path / "0002_b.sql").write_text("CREATE TABLE b (x nonsense)")
    with pytest.raises(Exception, match="nonsense"):
        migrate(url=url, schema=schema, folder=tmp_path)
    (tmp_path / "0002_b.sql").write_text("CREATE TABLE b (x int)")
    assert ["0001_a.sql", "0002_b.sql"] == migrate(url=url, schema=schema, folder=tmp_path)
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x text)")
    with pytest.raises(ConfigurationError, match="edited"):
        migrate(url=url, schema=schema, folder=tmp_path)


def test_a_token_is_shown_once_and_never_kept(house: House, capsys: Output) -> None:
    """What lies in the database does not let anybody in."""
    assert 0 == admin(["migrate"])
    capsys.readouterr()
    assert 0 == admin(["key", "--name", "n", "--scope", "all", "--show-once"])
    token = capsys.readouterr().out.strip()
    assert token.startswith("toc_")
    assert 2 == admin(["key", "--name", "n", "--scope", "all"])
    url, schema = house.environment["DATABASE_URL"], Names(house.namespace).database_schema()
    with connect(url=url, schema=schema) as connection:
        kept = fetch_all(connection, "SELECT api_keys::text AS whole FROM api_keys")
    assert token not in str(kept)
    capsys.readouterr()
    assert 0 == admin(["keys"])
    assert token not in capsys.readouterr().out
    assert 0 == admin(["revoke", "n"])
    assert 1 == admin(["revoke", "n"])


@pytest.mark.usefixtures("house")
def test_a_token_file_serves_every_start(tmp_path: Path, capsys: Output) -> None:
    """The same command at every start makes the key once, also for a database made anew."""
    assert 0 == admin(["migrate"])
    command = ["key", "--name", "n", "--scope", "all", "--token-file", str(tmp_path / "token")]
    assert 0 == admin(command)
    token = (tmp_path / "token").read_text()
    assert 0 == admin(command)
    assert token == (tmp_path / "token").read_text()
    assert "is there already" in capsys.readouterr().out
    assert 0 == admin(["revoke", "n"])
    (tmp_path / "token").unlink()
    assert 0 == admin(command)


RULES = """
silences:
  - {id: moving, matchers: [service="batch"], starts_at: 1000, ends_at: 2000}
routes:
  - {id: all, recipients: [ann]}
  - {id: urgent, recipients: [bob], min_priority: high, position: 1}
"""


def test_files_are_applied_and_pruned(house: House, tmp_path: Path, capsys: Output) -> None:
    """Topics hold what the files say; a second run writes nothing; pruning removes the rest."""
    assert 0 == admin(["topics"])
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    assert 0 == admin(["apply", "--dry-run", str(file)])
    assert {} == _held(house, CONTROL_ROUTES)
    assert 0 == admin(["apply", str(file)])
    assert {b"default:all", b"default:urgent"} == _held(house, CONTROL_ROUTES).keys()
    silence = decode(Silence, _held(house, CONTROL_SILENCES)[b"default:moving"])
    assert (1000, 2000, "batch") == (
        silence.starts_at,
        silence.ends_at,
        silence.matchers[0].value,
    )
    capsys.readouterr()
    assert 0 == admin(["apply", str(file)])
    assert "0 written, 3 as they were" in capsys.readouterr().out

    file.write_text("routes:\n  - {id: all, recipients: [cid]}\n")
    assert 0 == admin(["apply", "--prune", str(file)])
    left = {key: decode(Route, raw) for key, raw in _held(house, CONTROL_ROUTES).items()}
    assert {b"default:all": ["cid"]} == {key: route.recipients for key, route in left.items()}
    assert [b"default:moving"] == list(_held(house, CONTROL_SILENCES))


def test_one_wrong_entry_and_nothing_is_applied(
    house: House, tmp_path: Path, capsys: Output
) -> None:
    """A file with a mistake changes nothing, and the mistake is named with its line."""
    assert 0 == admin(["topics"])
    file = tmp_path / "rules.yaml"
    file.write_text(RULES + "  - {id: bad, recipients: [x], min_priority: 9}\n")
    assert 2 == admin(["apply", str(file)])
    assert f"{file}:7: routes[bad].min_priority: 9 is not 0 to 3" in capsys.readouterr().err
    assert {} == _held(house, CONTROL_ROUTES)


async def test_dead_letters_are_listed_and_shown(house: House, capsys: Output) -> None:
    """An operator sees what could not be taken, where it was and why."""
    assert 0 == admin(["migrate"])
    letter = DeadLetter(
        id="l1", topic="alerts.raw", partition=1, offset=7, stage="decode", reason="undecodable",
        error="[not] JSON", key=b"default:x", value=b"{broken", headers=[("fp", b"1/2")],
        occurred_at=1_700_000_000_000,
    )  # fmt: skip
    async with database(house) as opened:
        await store(opened, [letter])
    capsys.readouterr()
    assert 0 == admin(["dead-letters", "list"])
    assert "[not] JSON" in capsys.readouterr().out
    assert 0 == admin(["dead-letters", "show", "l1"])
    said = capsys.readouterr().out
    assert "alerts.raw 1/7" in said
    assert "{broken" in said
    assert 1 == admin(["dead-letters", "show", "l2"])
    assert letter == decode(DeadLetter, encode(letter))


@pytest.mark.usefixtures("house")
def test_the_doctor_finds_what_is_missing(capsys: Output) -> None:
    """On an empty namespace something is wrong, after topics and migrate nothing is."""
    assert 1 == admin(["doctor"])
    assert "run migrate" in capsys.readouterr().out
    assert 0 == admin(["topics"])
    assert 0 == admin(["migrate"])
    capsys.readouterr()
    assert 0 == admin(["doctor"]), json.dumps(capsys.readouterr().out)
