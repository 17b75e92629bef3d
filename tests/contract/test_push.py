"""Whatever FCM or Google do, the push sink answers from the closed set, and never too sure."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest

from connectors.sinks.push.channel import Push
from connectors.sinks.push.settings import Pushing
from connectors.sinks.sink import Answer, Later, Refused, Sent, Unknown
from schemas.deliveries import Delivery
from schemas.reasons import AddressKind, Reason
from tests.fakes import fcm
from tests.fakes.receiver import Act, Receiver, receiving
from tests.outgoing import outgoing
from tests.waiting import eventually_async

WITHIN_S = 1.0  # the sink's patience here: what hangs costs a test no more
PHONE = outgoing(channel="push", address="phone-1")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold the sink, FCM, and Google, which gives access tokens."""

    sink: Push
    fcm: Receiver
    google: Receiver

    async def answer(self, act: Act, delivery: Delivery = PHONE) -> Answer:
        """Deliver once to an FCM that does this."""
        self.fcm.script.append(act)
        return await self.sink.deliver(delivery)


def sender(google: Receiver, url: str) -> Push:
    """Give the sink of an account whose FCM is at this address."""
    account = fcm.service_account(google)
    return Push(Pushing(credentials=account, url=url), within_s=WITHIN_S)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """Give a sink whose account is in order."""
    async with (
        receiving(always=fcm.fcm_yes()) as server,
        receiving(always=fcm.token()) as google,
    ):
        sink = sender(google, server.url(""))
        try:
            yield Line(sink, server, google)
        finally:
            await sink.close()


async def test_a_yes_is_sent_under_its_name(line: Line) -> None:
    """Any 2xx means that FCM took it, also where its body tells nothing."""
    assert Sent("projects/tocsin-test/messages/m7") == await line.answer(fcm.fcm_yes("m7"))
    bodies = (b"", b"{}", b"[]", b"null", b'{"name": 7}', b"\xff", b"[" * 10_000)
    for act in (*(Act(body=body) for body in bodies), Act(204, body=b""), Act(how="interim")):
        assert Sent("") == await line.answer(act)
    for how in ("slow", "huge"):
        assert Sent("") == await line.answer(Act(how=how))
    assert 12 == len(line.fcm.requests)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (fcm.fcm_no(404, "NOT_FOUND", "UNREGISTERED"),
         Refused("HTTP 404: UNREGISTERED", address=AddressKind.GONE)),
        (fcm.fcm_no(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.token"),
         Refused("HTTP 400: INVALID_ARGUMENT, message.token", address=AddressKind.GONE)),
        (fcm.fcm_no(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.data[0].value"),
         Refused("HTTP 400: INVALID_ARGUMENT, message.data[0].value")),
        (fcm.fcm_no(400, "INVALID_ARGUMENT"), Refused("HTTP 400")),
        (fcm.fcm_no(404, "NOT_FOUND"), Refused("HTTP 404")),
        (fcm.fcm_no(401, "UNAUTHENTICATED"), Later("HTTP 401")),
        (fcm.fcm_no(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
         Later("HTTP 401: THIRD_PARTY_AUTH_ERROR")),
        (fcm.fcm_no(403, "PERMISSION_DENIED"), Later("HTTP 403")),
        (fcm.fcm_no(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", retry_after="30"),
         Later("HTTP 429: QUOTA_EXCEEDED", 30.0, Reason.PROVIDER_LIMITS)),
        (fcm.fcm_no(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
         Later("HTTP 429: QUOTA_EXCEEDED", None, Reason.PROVIDER_LIMITS)),
        (fcm.fcm_no(500, "INTERNAL", "INTERNAL"), Later("HTTP 500: INTERNAL")),
        (fcm.fcm_no(503, "UNAVAILABLE", "UNAVAILABLE", retry_after="7"),
         Later("HTTP 503: UNAVAILABLE", 7.0)),
        (fcm.fcm_no(504, "DEADLINE_EXCEEDED"), Unknown("HTTP 504")),
    ],
    ids=lambda given: given.why if isinstance(given, Later | Unknown | Refused) else "",
)  # fmt: skip
async def test_each_word_of_fcm_is_understood(line: Line, act: Act, expected: Answer) -> None:
    """What is said of a phone is held against the phone, what is said of us waits for us.

    FCM is called once for each of them: the library does not try again by itself.
    """
    assert expected == await line.answer(act)
    assert 1 == len(line.fcm.requests)


async def test_what_fcm_will_never_take_is_refused(line: Line) -> None:
    """A 4xx that no time can mend is final, and a redirect is not followed."""
    statuses = (402, 405, 406, 409, 410, 413, 415, 422, 499, 301, 302, 307, 308)
    for number, status in enumerate(statuses, start=1):
        elsewhere = Act(status, headers={"Location": line.fcm.url("/other")})
        assert Refused(f"HTTP {status}") == await line.answer(elsewhere)
        assert number == len(line.fcm.requests)


async def test_a_definite_no_is_tried_later(line: Line) -> None:
    """FCM says that it did not do it: another attempt, which is the house's, is no second."""
    for number, status in enumerate((408, 500, 501, 503, 507), start=1):
        no = Act(status, headers={"Retry-After": "7"})
        assert Later(f"HTTP {status}", 7.0) == await line.answer(no)
        assert number == len(line.fcm.requests)


@pytest.mark.parametrize(
    "act",
    [
        Act(502), Act(504), Act(how="hang"), Act(how="reset"), Act(how="drop"),
        Act(how="garbage"), Act(how="long_head"),
    ],
    ids=lambda act: f"{act.how}-{act.status}",
)  # fmt: skip
async def test_what_may_have_arrived_is_unknown(line: Line, act: Act) -> None:
    """Where the request had left and no clear word came back, nobody claims to know."""
    began = time.monotonic()
    assert isinstance(await line.answer(act), Unknown)
    assert time.monotonic() - began < WITHIN_S + 2
    assert 1 == len(line.fcm.requests)
    assert isinstance(await line.answer(fcm.fcm_yes()), Sent)  # and the next goes out


async def test_a_body_that_is_not_fcms_changes_nothing(line: Line) -> None:
    """A proxy's page, or a broken one, is judged by its status, and breaks no one."""
    bodies = (
        b"", b"\xff\xfe", b"[]", b'{"error": "x"}', b'{"error": null}',
        b'{"error": {"status": []}}', b'{"error": {"details": null}}',
        b'{"error": {"details": ["x"]}}', b'{"error": {"details": [{"errorCode": []}]}}',
        b'{"error":' * 5_000, b"<html>" + b"x" * 200_000,
    )  # fmt: skip
    for body in bodies:
        assert Refused("HTTP 400") == await line.answer(Act(400, body=body))
        busy = Act(503, headers={"Retry-After": "5"}, body=body)
        assert Later("HTTP 503", 5.0) == await line.answer(busy)
    for how in ("slow", "huge"):
        assert Later("HTTP 503") == await line.answer(Act(503, how=how))


async def test_another_projects_phone_is_gone_only_to_an_account_that_works(line: Line) -> None:
    """The wrong account does not cost everybody their phone: FCM says the same of all of them."""
    mismatch = fcm.fcm_no(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH")
    assert Refused("HTTP 403: SENDER_ID_MISMATCH") == await line.answer(mismatch)
    assert isinstance(await line.answer(fcm.fcm_yes()), Sent)
    gone = await line.answer(mismatch)
    assert Refused("HTTP 403: SENDER_ID_MISMATCH", address=AddressKind.GONE) == gone


async def test_an_fcm_that_is_not_there_is_tried_later(line: Line) -> None:
    """A refused connection is a definite no."""
    sink = sender(line.google, f"http://127.0.0.1:{closed_port()}")
    assert Later("not connected: ConnectError") == await sink.deliver(PHONE)
    await sink.close()


@pytest.mark.parametrize(
    "act",
    [
        fcm.no_token(), fcm.no_token(401, "invalid_client"), fcm.no_token(503, "server_error"),
        Act(how="hang"), Act(how="drop"), Act(how="garbage"), Act(body=b"[]"), Act(body=b"{}"),
        fcm.token("a\r\nX-Evil: 1"), fcm.token(""), fcm.token(expires_in="soon"),
        fcm.token(expires_in=10**18), Act(302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
    ids=lambda act: f"{act.how}-{act.status}-{act.body[:24]!r}",
)  # fmt: skip
async def test_without_an_access_token_nothing_is_sent(line: Line, act: Act) -> None:
    """An account in trouble costs no message: it waits, and goes out when Google knows us again."""
    line.google.always = act
    began = time.monotonic()
    answer = await line.sink.deliver(PHONE)
    assert isinstance(answer, Later)
    assert "no access token" == answer.why[:15]
    assert time.monotonic() - began < WITHIN_S + 2
    assert [] == line.fcm.requests


async def test_a_token_endpoint_that_is_not_there_is_tried_later(line: Line) -> None:
    """Nothing was sent, and nothing else was held up by the wait."""
    line.google.port = closed_port()
    sink = sender(line.google, line.fcm.url(""))
    assert isinstance(await sink.deliver(PHONE), Later)
    assert [] == line.fcm.requests
    await sink.close()


async def test_one_token_serves_many_messages(line: Line) -> None:
    """However many begin at once, Google is asked once, and every call bears what it gave."""
    answers = await asyncio.gather(*(line.sink.deliver(PHONE) for _ in range(20)))
    assert {Sent} == {type(answer) for answer in answers}
    assert 1 == len(line.google.requests)
    assert {"Bearer ya29.one"} == {each.headers["authorization"] for each in line.fcm.requests}


async def test_a_token_that_is_not_taken_is_fetched_anew(line: Line) -> None:
    """A revoked token costs an attempt and not an hour; Apple's no is none of the token."""
    assert isinstance(await line.answer(fcm.fcm_yes()), Sent)
    apples = fcm.fcm_no(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR")
    assert isinstance(await line.answer(apples), Later)
    assert isinstance(await line.answer(fcm.fcm_yes()), Sent)
    assert 1 == len(line.google.requests)
    line.google.always = fcm.token("ya29.two")
    assert isinstance(await line.answer(fcm.fcm_no(401, "UNAUTHENTICATED")), Later)
    assert isinstance(await line.answer(fcm.fcm_yes()), Sent)
    assert "Bearer ya29.two" == line.fcm.requests[-1].headers["authorization"]


@pytest.mark.parametrize("away", [fcm.no_token(), Act(how="hang")], ids=["refuses", "hangs"])
async def test_a_token_that_still_holds_is_used_while_google_is_away(line: Line, away: Act) -> None:
    """Nobody waits for the next token before the last is over, nor asks with every message."""
    line.google.always = fcm.token(expires_in=120)
    assert isinstance(await line.sink.deliver(PHONE), Sent)
    line.google.always = away
    for _ in range(10):
        assert isinstance(await line.sink.deliver(PHONE), Sent)

    async def asked() -> bool:
        return 2 == len(line.google.requests)

    assert await eventually_async(asked, within_s=5, why="Google was asked once more")


async def test_a_slow_token_holds_up_nothing_else(line: Line) -> None:
    """While Google is silent, all else in the process goes on."""
    line.google.always = Act(how="hang")
    waiting = asyncio.create_task(line.sink.deliver(PHONE))
    turns = 0
    while not waiting.done():
        await asyncio.wait([waiting], timeout=0.01)
        turns += 1
    assert turns > 10


async def test_the_same_id_goes_along_with_every_attempt(line: Line) -> None:
    """The app can tell a second call from a second message, and the screen shows one."""
    await line.answer(Act(503))
    await line.sink.deliver(msgspec.structs.replace(PHONE, attempt=2))
    assert {"d-1": 2} == dict(fcm.fcm_ids(line.fcm))


async def test_no_answer_tells_secrets(line: Line) -> None:
    """What goes into events and logs holds neither token nor text nor key."""
    acts = [
        Act(401), Act(503), Act(how="drop"), fcm.fcm_no(400, "phone-1", "phone-1", field="phone-1"),
    ]  # fmt: skip
    answers = [await line.answer(act) for act in acts]
    line.google.always = fcm.no_token()
    answers += [await line.answer(fcm.fcm_no(401, "UNAUTHENTICATED")), await line.answer(Act())]
    assert isinstance(answers[-1], Later)
    told = repr(answers)
    assert not [
        word for word in ("phone-1", "no room", "ya29", "BEGIN", "iam.example") if word in told
    ]


async def test_odd_tokens_are_refused_and_never_raise(line: Line) -> None:
    """An address that cannot be a token fails its own delivery and nothing else."""
    for address in ("", "two words", "a\r\nb", "\0", "\ud800", "é", "x" * 4097):
        odd = outgoing(channel="push", address=address)
        assert Refused("no push token", Reason.INVALID) == await line.sink.deliver(odd)
        assert ("fcm", 1) == (line.sink.endpoint(odd), line.sink.abreast(odd))
    assert [] == line.fcm.requests + line.google.requests


def closed_port() -> int:
    """Give a port of the loopback at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
