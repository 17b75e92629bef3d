"""Ingest end to end: real HTTP, real Kafka, PostgreSQL and Valkey."""

import gzip
import hashlib
import hmac
import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas import headers, ids, keys
from tests.conftest import Stack
from tests.gateway import House, house, serving
from tests.waiting import eventually

pytestmark = pytest.mark.stack

TEXT = "CPU usage above 90% on server-01"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def home(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a namespace that is ready for ingest; tests part by their tenants."""
    with pytest.MonkeyPatch.context() as patch:
        yield house(
            running_stack, f"t{secrets.token_hex(4)}", tmp_path_factory.mktemp("keys"), patch
        )


@pytest.fixture(scope="module")
def server(home: House) -> Iterator[str]:
    """Run one server for the tests that break nothing."""
    with serving(home.environment) as url:
        yield url


@pytest.fixture
def tenant(namespace: str) -> str:
    """Give a tenant that no other test has."""
    return namespace


@pytest.fixture
def key(home: House, tenant: str, tmp_path: Path) -> str:
    """Give a key of the tenant."""
    return home.make_key(tmp_path, "--tenant", tenant, name="tests")


@pytest.fixture
def client(stack: Stack, server: str, key: str) -> Iterator[httpx.Client]:
    """Give a client of the running server, with a key."""
    with connected(server, key) as client:
        yield client


def connected(url: str, key: str) -> httpx.Client:
    """Make a client that shows this key."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20)


def test_the_same_text_twice(client: httpx.Client, home: House, tenant: str) -> None:
    """The first post gets an id, the second is told that it is a duplicate of that id."""
    first = client.post("/ingest/slack", data={"text": TEXT})
    second = client.post("/ingest/slack", data={"text": TEXT})
    assert (200, 200) == (first.status_code, second.status_code), first.text
    assert first.json() | {"duplicate": False} == first.json()
    assert {
        "duplicate": True,
        "existing_id": first.json()["id"],
        "fingerprint": first.json()["fingerprint"],
        "source": "slack",
    } == second.json()
    records = home.records(at_least=2, tenant=tenant)
    assert [TEXT, TEXT] == [raw.title for raw, _ in records]


def test_the_record_is_whole(client: httpx.Client, home: House, tenant: str) -> None:
    """The record has its key, its marks, its times, and the id that its place gives."""
    answer = client.post(
        "/ingest/webhook",
        json={"title": "Disk full", "labels": {"host": "a"}, "priority": 2},
        headers={"traceparent": TRACE},
    ).json()
    ((raw, message),) = home.records(at_least=1, tenant=tenant)
    marks = dict(message.headers() or [])
    assert keys.key(tenant, answer["fingerprint"]) == message.key()
    assert TRACE.encode() == marks[headers.TRACEPARENT]
    assert headers.FINGERPRINTED in marks
    assert raw.received_at == raw.occurred_at == message.timestamp()[1]
    assert answer["id"] == ids.alert_id(
        tenant, answer["fingerprint"], message.partition() or 0, message.offset() or 0
    )
    assert (tenant, 2, {"host": "a"}) == (raw.tenant, raw.priority, raw.labels)


def test_alertmanager_takes_the_good_ones(client: httpx.Client, home: House, tenant: str) -> None:
    """Of a group the good alerts are taken in order, and the bad one is named."""
    alerts = [
        {"status": "firing", "labels": {"alertname": "Down"}, "fingerprint": "a"},
        "nonsense",
        {"status": "firing", "labels": {"alertname": "Down"}, "fingerprint": "a"},
        {"status": "resolved", "labels": {"alertname": "Up"}, "fingerprint": "b"},
    ]
    answer = client.post("/ingest/alertmanager", json={"version": "4", "alerts": alerts})
    said = answer.json()
    assert (202, 3, ["alerts[1]"]) == (
        answer.status_code,
        said["taken"],
        [each["where"] for each in said["refused"]],
    )
    assert [False, True, None] == [each["duplicate"] for each in said["alerts"]]
    assert said["alerts"][0]["id"] == said["alerts"][1]["existing_id"]
    records = home.records(at_least=3, tenant=tenant)
    assert {"a": 2, "b": 1} == Counter(raw.dedup_key for raw, _ in records)


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("sms", b"Body=UPS+on+battery&From=73837&To=%2B4930&MessageSid=SM1", "form"),
        ("email", b'{"subject": "Re: Backup failed", "body": "exit 1"}', "json"),
        ("webhook", b'{"title": "curl says form and sends JSON"}', "form"),
    ],
)
def test_every_format(client: httpx.Client, path: str, content: bytes, kind: str) -> None:
    """Each address takes what its senders send."""
    kinds = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
    answer = client.post(f"/ingest/{path}", content=content, headers={"content-type": kinds[kind]})
    assert (200, False) == (answer.status_code, answer.json()["duplicate"])


def test_slack_checks_its_address(client: httpx.Client) -> None:
    """Slack gets its challenge back."""
    answer = client.post("/ingest/slack", json={"type": "url_verification", "challenge": "abc"})
    assert {"challenge": "abc"} == answer.json()


def test_keys(client: httpx.Client, home: House, key: str, tmp_path: Path) -> None:
    """A key works in a header, in basic authentication and in the path; nothing else does."""
    reader = home.make_key(tmp_path, name="reader", scope="read")
    bare, body = httpx.Client(base_url=client.base_url), {"title": "x"}
    good = (
        bare.post("/ingest/webhook", json=body, auth=("any", key)),
        bare.post("/ingest/webhook", json=body, auth=(key, "")),
        bare.post(f"/ingest/webhook/{key}", json=body),
    )
    assert [200, 200, 200] == [each.status_code for each in good]
    bad = (
        bare.post("/ingest/webhook", json=body),
        bare.post("/ingest/webhook", json=body, headers={"Authorization": "Bearer toc_wrong"}),
        bare.post("/ingest/webhook", json=body, headers={"Authorization": "Basic %%%"}),
        bare.post("/ingest/webhook/toc_wrong", json=body),
        bare.post("/ingest/webhook", json=body, headers={"Authorization": f"Bearer {reader}"}),
    )
    assert [401, 401, 401, 401, 403] == [each.status_code for each in bad]
    assert "application/problem+json" == bad[0].headers["content-type"]
    assert "Bearer" in bad[0].headers["www-authenticate"]
    bare.close()


def test_what_is_refused(client: httpx.Client) -> None:
    """A body that cannot be taken is answered with what is wrong and where."""
    deep = b'{"title":"x","a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    nested = json.dumps({"title": "x", "a": json.loads("[" * 70 + "]" * 70)}).encode()
    cases = {
        (400, b'{"title": '): {},
        (400, deep): {},
        (400, nested): {},
        (400, b'{"title": NaN}'): {},
        (422, b"{}"): {},
        (422, b'"text"'): {},
        (413, b'{"title":"' + b"x" * 1_100_000 + b'"}'): {},
        (413, gzip.compress(bytes(100_000_000))): {"content-encoding": "gzip"},
        (400, b"not packed"): {"content-encoding": "gzip"},
        (400, gzip.compress(b'{"title": "x"}')[:-8]): {"content-encoding": "gzip"},
        (415, b'{"title": "x"}'): {"content-encoding": "br"},
        (415, b"<alert/>"): {"content-type": "text/xml"},
    }
    found = [
        (client.post("/ingest/webhook", content=body, headers=more), status)
        for (status, body), more in cases.items()
    ]
    assert [status for _, status in found] == [answer.status_code for answer, _ in found]
    assert {"application/problem+json"} == {each.headers["content-type"] for each, _ in found}
    assert 404 == client.post("/ingest/nonsense", json={}).status_code
    assert 200 == client.post("/ingest/webhook", json={"title": "still here"}).status_code


def test_packed_body(client: httpx.Client) -> None:
    """A packed body is taken."""
    answer = client.post(
        "/ingest/webhook",
        content=gzip.compress(b'{"title": "packed"}'),
        headers={"content-encoding": "gzip"},
    )
    assert 200 == answer.status_code


def test_long_fields_are_cut(client: httpx.Client, home: House, tenant: str) -> None:
    """A field that is too long is cut and marked, and the alert is still taken."""
    answer = client.post("/ingest/webhook", json={"title": "x", "body": "\u00e9" * 60_000})
    assert 200 == answer.status_code
    ((raw, _),) = home.records(at_least=1, tenant=tenant)
    assert ("body", 65_536) == (raw.labels["tocsin_cut"], len(raw.body.encode()))


def test_record_too_large(client: httpx.Client) -> None:
    """An alert that makes too large a record is refused with its size."""
    labels = {f"l{i}": "x" * 60_000 for i in range(6)}
    answer = client.post("/ingest/webhook", json={"title": "x", "labels": labels})
    assert 413 == answer.status_code


def test_signed_source(
    client: httpx.Client, home: House, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source with a secret is taken once as it signed, and never unsigned or changed."""
    monkeypatch.setenv("SLACK_SECRET", "s3cret")
    token = home.make_key(
        tmp_path, "--tenant", tenant, "--secret-env", "SLACK_SECRET", name="signed"
    )
    body, now = b"text=Disk+full", str(int(time.time()))
    mac = hmac.digest(b"s3cret", f"v0:{now}:".encode() + body, hashlib.sha256).hex()
    signed = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": now,
        "x-slack-signature": f"v0={mac}",
    }

    def post(content: bytes, marks: dict[str, str]) -> int:
        path = f"/ingest/slack/{token}"
        return client.post(path, content=content, headers=marks).status_code

    assert [200, 401] == [post(body, signed), post(body, signed)]
    with serving(home.environment) as other, connected(other, token) as elsewhere:
        path = f"/ingest/slack/{token}"
        assert 401 == elsewhere.post(path, content=body, headers=signed).status_code
    assert 401 == post(b"text=Disk+fine", signed)
    assert 401 == post(body, signed | {"x-slack-request-timestamp": "never"})
    assert 401 == post(body, {"content-type": signed["content-type"]})


def test_without_redis(stack: Stack, home: House, key: str, tenant: str) -> None:
    """Without Redis nothing is known of duplicates, and alerts are taken all the same."""
    with (
        serving({**home.environment, "REDIS_URL": "redis://127.0.0.1:9"}) as url,
        connected(url, key) as client,
    ):
        answers = [client.post("/ingest/slack", data={"text": TEXT}) for _ in range(2)]
    assert [200, 200] == [each.status_code for each in answers]
    assert [None, None] == [each.json()["duplicate"] for each in answers]
    assert {"id"} & answers[0].json().keys() == set()
    assert 2 == len(home.records(at_least=2, tenant=tenant))


def test_without_kafka(home: House, stack: Stack, key: str, tenant: str) -> None:
    """While Kafka is away nothing is accepted, the sender knows within 3 s, and it heals."""
    with serving(home.environment) as url, connected(url, key) as client:
        before = client.post("/ingest/webhook", json={"title": "before"})
        assert 200 == before.status_code, before.text
        stack.kafka.stop()
        started = time.monotonic()
        answer = client.post("/ingest/webhook", json={"title": "during"})
        took = time.monotonic() - started
        assert (503, "2") == (answer.status_code, answer.headers["retry-after"])
        assert took < 3
        stack.kafka.start()
        again = eventually(
            lambda: (
                client.post("/ingest/webhook", json={"title": "after"}).raise_for_status().json()
            ),
            within_s=30,
            why="alerts are taken again",
        )
    titles = {raw.title for raw, _ in home.records(at_least=2, tenant=tenant)}
    assert ({"before", "after"}, False) == (titles, again["duplicate"])
