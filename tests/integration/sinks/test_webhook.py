"""A webhook arrives signed, at the address that was checked, while its endpoint wants it."""

import asyncio
import hmac
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from standardwebhooks.webhooks import Webhook as Standard

from connectors.admin.commands import main as admin
from connectors.sinks.addresses import Guard, Rules, networks
from connectors.sinks.sink import Later, Refused, Sent, Unknown, Withheld
from connectors.sinks.webhook.channel import Webhook
from connectors.sinks.wire import BODY_BYTES
from connectors.stores.endpoints import FRESH_S, GIVEN_UP_MS, Endpoints
from connectors.stores.postgres import Database
from schemas.reasons import Reason
from tests.conftest import Stack
from tests.fakes.certificate import server_tls
from tests.fakes.receiver import Act, Receiver, receiving
from tests.outgoing import SECRET, calling, outgoing, tables

pytestmark = pytest.mark.stack

DAY_S = 86_400.0


class Clock:
    """Give the time that a test says it is."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Give seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock to move."""
    return Clock()


@pytest.fixture
async def database(stack: Stack, namespace: str) -> AsyncIterator[Database]:
    """Give tables of the test's own."""
    async with tables(stack, namespace) as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """Give an endpoint."""
    async with receiving() as running:
        yield running


@pytest.fixture
async def sink(database: Database, clock: Clock) -> AsyncIterator[Webhook]:
    """Give the sink, with a clock to move."""
    made = Webhook(calling(), Endpoints(database, clock=clock), within_s=2.0, now=clock)
    yield made
    await made.close()


Command = Callable[..., str]


@pytest.fixture
def command(
    stack: Stack,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Give the operator's command line, and what it prints."""
    for name, value in {**stack.variables, "TOCSIN_NAMESPACE": namespace}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        assert 0 == admin(["endpoint", *arguments]), capsys.readouterr()
        return capsys.readouterr().out.strip()

    return run


async def test_a_webhook_arrives_whole_and_signed(sink: Webhook, server: Receiver) -> None:
    """Body, event, attempt and both signatures are what the documents promise."""
    delivery = outgoing(channel="webhook", address=server.url("/in?x=1"), attempt=2)
    assert Sent(final=True) == await sink.deliver(delivery)
    got = server.requests[0]
    assert ("POST", "/in?x=1") == (got.method, got.path)
    assert delivery.payload == orjson.loads(got.body)
    assert delivery.payload == Standard(SECRET).verify(got.body, dict(got.headers))
    signed = "sha256=" + hmac.new(SECRET.encode(), got.body, sha256).hexdigest()
    assert {
        "x-webhook-signature": signed,
        "x-webhook-event": "alert",
        "x-webhook-attempt": "2",
        "webhook-id": "d-1",
        "content-type": "application/json",
        "host": f"127.0.0.1:{server.port}",
    }.items() <= got.headers.items()
    assert got.headers["user-agent"].startswith("Tocsin/")


async def test_connections_are_used_again(sink: Webhook, server: Receiver) -> None:
    """One receiver that keeps its connection is connected to once."""
    for number in range(5):
        await sink.deliver(outgoing(id=f"d-{number}", channel="webhook", address=server.url()))
    assert (5, 1) == (len(server.requests), server.connections)


async def test_slow_and_endless_bodies_hold_nobody_up(sink: Webhook, server: Receiver) -> None:
    """The status is the answer; of a body, no more than 64 KiB is read."""
    delivery = outgoing(channel="webhook", address=server.url())
    for how in ("slow", "huge"):
        server.script.append(Act(how=how))
        began = time.monotonic()
        assert Sent(final=True) == await sink.deliver(delivery)
        assert time.monotonic() - began < 1.0
    assert BODY_BYTES == 64 * 1024


async def test_without_any_secret_nothing_is_posted(
    database: Database, server: Receiver, clock: Clock
) -> None:
    """Unsigned webhooks leave only where a setting says so."""
    delivery = outgoing(channel="webhook", address=server.url())
    endpoints = Endpoints(database, clock=clock)
    signed_only = Webhook(calling(secret=None), endpoints, now=clock)
    assert isinstance(await signed_only.deliver(delivery), Refused)
    unsigned = Webhook(calling(secret=None, unsigned=True), endpoints, now=clock)
    assert Sent(final=True) == await unsigned.deliver(delivery)
    assert "webhook-signature" not in server.requests[0].headers
    for each in (signed_only, unsigned):
        await each.close()


async def test_a_secret_is_changed_without_a_gap(
    sink: Webhook, server: Receiver, clock: Clock, command: Command
) -> None:
    """For a day after a rotation both secrets sign; then only the new one."""
    old = command("add", server.url(), "--header", "X-Team: payments")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", old)
    new = command("rotate", server.url())
    delivery = outgoing(channel="webhook", address=server.url())
    await sink.deliver(delivery)
    got = server.requests[-1]
    assert "payments" == got.headers["x-team"]
    for known in (old, new):
        assert delivery.payload == Standard(known).verify(got.body, dict(got.headers))
    clock.now += DAY_S + 1
    await sink.deliver(delivery)
    assert 1 == len(server.requests[-1].headers["webhook-signature"].split())


async def test_order_is_kept_where_it_was_asked_for(
    sink: Webhook, server: Receiver, command: Command
) -> None:
    """Four go at once to an endpoint, but one by one where it is ordered or not known yet."""
    command("add", server.url("/ordered"), "--ordered")
    ordered = outgoing(channel="webhook", address=server.url("/ordered"))
    other = outgoing(channel="webhook", address=server.url("/other"))
    assert [1, 1] == [sink.abreast(ordered), sink.abreast(other)]
    await sink.deliver(ordered)
    await sink.deliver(other)
    assert [1, 4] == [sink.abreast(ordered), sink.abreast(other)]


async def test_an_endpoint_is_switched_off_and_on_by_hand(
    sink: Webhook, server: Receiver, clock: Clock, command: Command
) -> None:
    """What comes for an endpoint that is off is withheld, until somebody switches it on."""
    server.script.append(Act(410))
    delivery = outgoing(channel="webhook", address=server.url())
    assert isinstance(await sink.deliver(delivery), Refused)
    assert "gone" in command("list")
    command("enable", server.url())
    clock.now += FRESH_S
    assert Sent(final=True) == await sink.deliver(delivery)
    command("disable", server.url())
    clock.now += FRESH_S
    withheld = await sink.deliver(delivery)
    assert isinstance(withheld, Withheld)
    assert Reason.ENDPOINT_OFF == withheld.reason


async def test_five_days_of_nothing_but_failure_switch_off(
    sink: Webhook, server: Receiver, clock: Clock
) -> None:
    """A success in between begins the days anew; without one the endpoint is off."""
    delivery = outgoing(channel="webhook", address=server.url())
    no, yes = Act(500), Act(200)
    for act, days in ((no, 4.9), (yes, 0.2), (no, 4.9), (no, 0.2), (no, 0.1)):
        server.script.append(act)
        assert not isinstance(await sink.deliver(delivery), Withheld)
        clock.now += days * DAY_S
    assert isinstance(await sink.deliver(delivery), Withheld)
    assert 5 * DAY_S * 1000 == GIVEN_UP_MS


async def test_the_checked_address_is_called_under_the_name(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """TLS and Host speak of the name in the URL while the connection goes where was looked."""
    tls, trusted = server_tls(tmp_path, names=("hooks.tocsin.test",))

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    rules = Rules(allow=networks(["127.0.0.0/8"]))
    async with receiving(tls=tls) as server:
        for name, expected in (("hooks.tocsin.test", Sent), ("other.tocsin.test", Later)):
            settings = calling(rules=rules, ca_file=trusted)
            sink = Webhook(settings, Endpoints(database, clock=clock), guard=Guard(rules, resolve))
            url = f"https://{name}:{server.port}/"
            answer = await sink.deliver(outgoing(channel="webhook", address=url))
            assert expected is type(answer)
            await sink.close()
        assert [f"hooks.tocsin.test:{server.port}"] == [
            request.headers["host"] for request in server.requests
        ]


async def test_the_inner_network_is_out_of_reach(
    database: Database, server: Receiver, clock: Clock
) -> None:
    """Without a setting nothing on this machine is called, by address or by name."""
    sink = Webhook(calling(rules=Rules(http=True)), Endpoints(database, clock=clock))
    for host in ("127.0.0.1", "localhost", "[::1]"):
        url = f"http://{host}:{server.port}/"
        answer = await sink.deliver(outgoing(channel="webhook", address=url))
        assert isinstance(answer, Refused)
        assert Reason.UNSAFE_ADDRESS == answer.reason
    assert [] == server.requests
    await sink.close()


async def test_without_postgres_a_known_endpoint_is_served(
    sink: Webhook, server: Receiver, clock: Clock, stack: Stack
) -> None:
    """What is known of an endpoint outlives PostgreSQL; one that is not known waits for it."""
    known = outgoing(channel="webhook", address=server.url("/known"))
    assert Sent(final=True) == await sink.deliver(known)
    stack.postgres.kill()
    try:
        clock.now += FRESH_S
        assert Sent(final=True) == await sink.deliver(known)
        unknown = outgoing(channel="webhook", address=server.url("/unknown"))
        assert isinstance(await sink.deliver(unknown), Later)
    finally:
        stack.postgres.start()


async def test_a_hanging_receiver_ends_in_time(sink: Webhook, server: Receiver) -> None:
    """A receiver that says nothing is given up, and its connection is not used again."""
    server.script.append(Act(how="hang"))
    delivery = outgoing(channel="webhook", address=server.url())
    assert Unknown("no answer within 2 s") == await sink.deliver(delivery)
    assert Sent(final=True) == await sink.deliver(delivery)
    assert [1, 2] == [request.peer for request in server.requests]


async def test_a_thousand_new_endpoints_wait_for_one_another(
    database: Database, clock: Clock
) -> None:
    """However many endpoints are new at once, none is told that PostgreSQL is away."""
    endpoints = Endpoints(database, clock=clock)
    urls = [f"https://hooks.example.org/{number}" for number in range(1000)]
    found = await asyncio.gather(*(endpoints.find("default", url) for url in urls))
    assert urls == [endpoint.url for endpoint in found]
