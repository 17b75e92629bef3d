"""What a caller was told was taken is in the inbox, with the right count, whatever fails."""

import os
import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.ingest.formats.catalogue import FORMATS
from schemas.reasons import RawStatus
from tests.conftest import Stack, remove_topics
from tests.faults.hotline import Entry, Hotline, Line
from tests.faults.scene import wait_s
from tests.gateway import house
from tests.inbox import rows
from tests.mangling import mangled
from tests.waiting import eventually

pytestmark = pytest.mark.stack

CORPUS = Path(os.environ.get("TOCSIN_CORPUS", "../shared/corpus"))
PAYLOADS = sorted(CORPUS.glob("*/*.json")) + sorted(CORPUS.glob("*/*.form"))


@pytest.fixture(scope="module")
def running(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    """Start the processes once; tests part by their tenants."""
    folder, namespace = tmp_path_factory.mktemp("hotline"), f"t{secrets.token_hex(4)}"
    with pytest.MonkeyPatch.context() as patch:
        hotline = Hotline(house(running_stack, namespace, folder, patch), folder)
        yield hotline
        hotline.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def hotline(stack: Stack, running: Hotline) -> Hotline:
    """Give the running processes, whole again whatever an earlier test left."""
    running.start()
    for process in running.processes:
        process.exits.clear()
    return running


@pytest.fixture
def line(hotline: Hotline, namespace: str) -> Line:
    """Give a tenant that no other test has."""
    return hotline.line(namespace)


def hold(hotline: Hotline, line: Line) -> dict[str, Entry]:
    """Check that the inbox shows every alert that was accepted, each as often as it was."""
    inbox = hotline.settle(line)
    accepted, unsure = line.accepted(), line.unsure()
    counted = {name: entry.count for name, entry in inbox.items()}
    print(f"{accepted.total()} accepted, {unsure.total()} unsure, {sum(counted.values())} counted")

    assert {} == {name: n for name, n in accepted.items() if counted.get(name, 0) < n}
    assert {} == {name: n for name, n in counted.items() if accepted[name] + unsure[name] < n}
    assert all(process.running() for process in hotline.processes)
    return inbox


def test_postgres_away_in_mid_load(hotline: Hotline, line: Line, stack: Stack) -> None:
    """While PostgreSQL is away alerts are taken as ever; the inbox shows them later."""
    with hotline.calling(line):
        wait_s(1)
        stack.postgres.stop()
        wait_s(6)
        stack.postgres.start()
        wait_s(1)
    inbox = hold(hotline, line)
    assert {} == line.unsure()
    assert [] == line.strangers(inbox)
    assert [[], [], []] == [process.exits for process in hotline.processes]


def test_valkey_away_in_mid_load(hotline: Hotline, line: Line, stack: Stack) -> None:
    """Without Valkey alerts are taken and no duplicate is told; afterwards each one is again."""
    with hotline.calling(line):
        wait_s(1)
        stack.valkey.kill()
        first = len(line.told)
        wait_s(2)
        away = line.told[first + 4 :]  # those on their way at the kill may have been answered
        stack.valkey.start()
        wait_s(1)
    inbox = hold(hotline, line)
    assert {} == line.unsure()
    assert {None} == {each.duplicate for each in away}
    known = {name: (True, entry.id) for name, entry in inbox.items()}

    with hotline.client(line) as client:

        def told() -> bool:
            answers = [hotline.call(client, line, name) for name in inbox]
            return known == {each.name: (each.duplicate, each.alert_id) for each in answers}

        eventually(told, within_s=20, why="every duplicate is told again")
    assert known.keys() == hold(hotline, line).keys()


def test_views_killed_in_mid_load(hotline: Hotline, line: Line) -> None:
    """Three kill -9 of the views in mid-load leave every count exact."""
    with hotline.calling(line):
        for _ in range(3):
            wait_s(0.7)
            hotline.views.kill()
            hotline.views.start()
            hotline.wait_until_ready()
    inbox = hold(hotline, line)
    assert {} == line.unsure()
    assert [] == line.strangers(inbox)
    assert [-9, -9, -9] == hotline.views.exits


def test_gateway_killed_in_mid_load(hotline: Hotline, line: Line) -> None:
    """A kill -9 of the gateway takes back nothing that a caller was told."""
    with hotline.calling(line):
        for _ in range(2):
            wait_s(1)
            hotline.gateway.kill()
            hotline.gateway.start()
            hotline.wait_until_ready()
        wait_s(1)
    inbox = hold(hotline, line)
    assert [] == line.strangers(inbox)


@pytest.mark.skipif(not PAYLOADS, reason=f"no corpus of real payloads in {CORPUS}")
def test_mangled_payloads(hotline: Hotline, line: Line) -> None:
    """Real payloads, whole or mangled, at any address never break anything, and each one counts."""
    chance, statuses, answered = random.Random(7), set(), set()
    with hotline.client(line) as client:
        for path in PAYLOADS:
            raw = path.read_bytes()
            kind = "x-www-form-urlencoded" if path.suffix == ".form" else "json"
            for form in FORMATS:
                for body in mangled(raw, chance, of_each=4):
                    answer = post(client, form, body, kind=f"application/{kind}")
                    statuses.add(answer.status_code)
                    answered |= fingerprints(answer)
        good = hotline.call(client, line, "host-good")
        assert good.accepted
        eventually(lambda: hotline.lags() == 0, within_s=40, why="all of it is judged and shown")
        asked = f"SELECT fingerprint FROM alerts WHERE tenant = '{line.tenant}'"
        shown = {row["fingerprint"] for row in rows(hotline.house, asked)}
    assert {200, 400, 422} <= statuses <= {200, 202, 400, 413, 415, 422}
    assert set() == answered - shown
    assert [] == [letter for letter in hotline.dead_letters() if line.tenant.encode() in letter.key]
    assert [[], [], []] == [process.exits for process in hotline.processes]


def post(client: httpx.Client, form: str, body: bytes, *, kind: str) -> httpx.Response:
    """Send bytes to the address of a format."""
    return client.post(f"/ingest/{form}", content=body, headers={"content-type": kind})


def fingerprints(answer: httpx.Response) -> set[str]:
    """Give the fingerprints of the firing alerts that an answer says were taken."""
    said = answer.json() if answer.status_code in {200, 202} and answer.text[:1] == "{" else {}
    alerts = said.get("alerts", [said])
    return {
        each["fingerprint"]
        for each in alerts
        if "fingerprint" in each and each.get("status", RawStatus.FIRING) == RawStatus.FIRING
    }
