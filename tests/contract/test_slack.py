"""Whatever Slack answers, to a call or to a hook, the sink answers from the closed set."""

import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import orjson
import pytest

from connectors.sinks.sink import Answer, Later, Refused, Sent, Unknown
from schemas.reasons import AddressKind, Channel, Reason
from tests.conftest import Stack
from tests.fakes.receiver import Act
from tests.fakes.slack_workspace import CHANNEL, PERSON, THEIR_CHANNEL
from tests.slack_line import SlackLine, slack_line

pytestmark = pytest.mark.stack

WITHIN_S = 1.0  # the sink's patience here: what hangs costs a test no more
SECRETS = ("xoxb", "aSecretPath", "127.0.0.1", "db-1", CHANNEL)


@pytest.fixture(params=["channel", "hook"])
async def line(
    request: pytest.FixtureRequest, stack: Stack, namespace: str
) -> AsyncIterator[SlackLine]:
    """Give the sink by each of its two ways."""
    async with slack_line(stack, namespace, way=request.param, within_s=WITHIN_S) as made:
        yield made


@pytest.fixture
async def api(stack: Stack, namespace: str) -> AsyncIterator[SlackLine]:
    """Give the sink by the Web API."""
    async with slack_line(stack, namespace, within_s=WITHIN_S) as made:
        yield made


@pytest.fixture
async def hook(stack: Stack, namespace: str) -> AsyncIterator[SlackLine]:
    """Give the sink by an incoming webhook, without a token."""
    async with slack_line(stack, namespace, way="hook", within_s=WITHIN_S, token="") as made:
        yield made


def says(word: str, **fields: object) -> Act:
    """Give a no of the Web API."""
    return Act(body=orjson.dumps({"ok": False, "error": word} | fields))


async def test_what_slack_took_is_delivered(line: SlackLine) -> None:
    """Slack's ok is the end of it: no receipt follows."""
    expected = Sent(f"{CHANNEL}:1700000000.000100" if line.way == "channel" else "", final=True)
    assert expected == await line.sink.deliver(line.word())
    assert ["*Disk full on db-1*\nword 1"] == [
        message.shown.partition("\n")[2] for message in line.workspace.messages
    ]


@pytest.mark.parametrize("status", [400, 405, 413, 422])
async def test_what_slack_will_never_take_is_refused(line: SlackLine, status: int) -> None:
    """A 4xx that no time can mend is final, and says nothing of the address."""
    assert Refused(f"HTTP {status}") == await line.answer(Act(status))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(line: SlackLine, status: int) -> None:
    """Token and message go nowhere but to the address that was set."""
    elsewhere = {"Location": line.workspace.url("/other")}
    assert isinstance(await line.answer(Act(status, headers=elsewhere)), Refused)
    assert 1 == len(line.workspace.requests)


@pytest.mark.parametrize("status", [408, 500, 501, 503, 520])
async def test_a_definite_no_is_tried_later(line: SlackLine, status: int) -> None:
    """Slack says that it did not do it: another attempt is no second message."""
    answer = await line.answer(Act(status, headers={"Retry-After": "7"}))
    assert Later(f"HTTP {status}", 7.0) == answer


async def test_a_limit_is_heeded(line: SlackLine) -> None:
    """Retry-After of a 429 counts in seconds and as a date, and none is an answer too."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    answers = [
        await line.answer(Act(429, headers=headers, body=b'{"ok":false,"error":"ratelimited"}'))
        for headers in ({"Retry-After": "3"}, {"Retry-After": soon}, {"Retry-After": "soon"}, {})
    ]
    pauses = [answer.after_s if isinstance(answer, Later) else -1.0 for answer in answers]
    assert [Reason.PROVIDER_LIMITS] * 4 == [
        answer.reason for answer in answers if isinstance(answer, Later)
    ]
    assert (3.0, None, None) == (pauses[0], pauses[2], pauses[3])
    assert pauses[1] is not None
    assert 20 < pauses[1] <= 30


@pytest.mark.parametrize(
    "act",
    [
        Act(502), Act(504), Act(how="hang"), Act(how="reset"), Act(how="drop"),
        Act(how="garbage"), Act(how="long_head"),
    ],
    ids=lambda act: f"{act.how}-{act.status}",
)  # fmt: skip
async def test_what_may_have_arrived_is_unknown(line: SlackLine, act: Act) -> None:
    """Where the request had left and no clear word came back, nobody claims to know."""
    began = time.monotonic()
    assert isinstance(await line.answer(act), Unknown)
    assert time.monotonic() - began < WITHIN_S + 2
    assert isinstance(await line.sink.deliver(line.word()), Sent)  # and the next goes out


@pytest.mark.parametrize(
    "act",
    [
        Act(body=b""), Act(body=b"ok"), Act(body=b"[]"), Act(body=b'{"ok": "yes"}'),
        Act(body=b"[" * 5000), Act(body=b"\xff\xfe"), Act(how="slow"), Act(how="huge"),
    ],
    ids=lambda act: f"{act.how}-{act.body[:8]!r}",
)  # fmt: skip
async def test_a_200_without_slacks_ok_is_unknown(api: SlackLine, act: Act) -> None:
    """A page of somebody in between is no word of Slack's."""
    assert isinstance(await api.answer(act), Unknown)


async def test_what_was_taken_and_not_answered_is_unknown(line: SlackLine) -> None:
    """The message stands there, and only the next attempt can make a second one."""
    line.workspace.losing = 1
    assert isinstance(await line.sink.deliver(line.word()), Unknown)
    assert 1 == len(line.workspace.messages)


async def test_a_slack_that_is_not_there_is_tried_later(
    line: SlackLine, stack: Stack, namespace: str
) -> None:
    """A refused connection is a definite no."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{probe.getsockname()[1]}"
    async with slack_line(stack, namespace, url=away) as other:
        address = CHANNEL if line.way == "channel" else f"{away}/services/T/B/s"
        assert isinstance(await other.sink.deliver(line.word(address=address)), Later)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("channel_not_found", Refused("Slack says channel_not_found")),
        ("not_in_channel", Refused("Slack says not_in_channel")),
        ("is_archived", Refused("Slack says is_archived", address=AddressKind.GONE)),
        ("user_not_found", Refused("Slack says user_not_found", address=AddressKind.GONE)),
        ("restricted_action", Refused("Slack says restricted_action")),
        ("msg_too_long", Refused("Slack says msg_too_long")),
        ("invalid_blocks", Refused("Slack says invalid_blocks")),
        ("no_text", Refused("Slack says no_text")),
        ("a word of the future", Refused("Slack says no")),
        ("", Refused("Slack says no")),
        ("invalid_auth", Later("Slack says invalid_auth")),
        ("not_authed", Later("Slack says not_authed")),
        ("token_revoked", Later("Slack says token_revoked")),
        ("account_inactive", Later("Slack says account_inactive")),
        ("missing_scope", Later("Slack says missing_scope")),
        ("service_unavailable", Later("Slack says service_unavailable")),
        ("ratelimited", Later("Slack says ratelimited", reason=Reason.PROVIDER_LIMITS)),
        ("rate_limited", Later("Slack says rate_limited", reason=Reason.PROVIDER_LIMITS)),
        ("internal_error", Unknown("Slack says internal_error")),
        ("fatal_error", Unknown("Slack says fatal_error")),
        ("duplicate_client_msg_id", Sent(final=True)),
    ],
)
async def test_each_word_of_the_web_api_is_understood(
    api: SlackLine, word: str, expected: Answer
) -> None:
    """The message's own fault is final, the account's waits, and what Slack may have done half
    is not claimed to be undone.
    """
    assert expected == await api.answer(says(word, needed="chat:write", warning=CHANNEL))


@pytest.mark.parametrize("status", [401, 403])
async def test_an_account_in_trouble_costs_no_message(api: SlackLine, status: int) -> None:
    """A token that is not taken is ours to mend, so messages wait for it."""
    assert Later(f"HTTP {status}") == await api.answer(Act(status))


async def test_a_wrong_token_is_the_accounts_trouble(stack: Stack, namespace: str) -> None:
    """Slack says so with a 200."""
    async with slack_line(stack, namespace, token="xoxb-of-others") as line:
        assert Later("Slack says invalid_auth") == await line.sink.deliver(line.word())


@pytest.mark.parametrize(
    ("status", "body", "address"),
    [
        (403, b"invalid_token", None),
        (403, b"action_prohibited", None),
        (404, b"no_service", AddressKind.GONE),
        (404, b"channel_not_found", AddressKind.GONE),
        (410, b"channel_is_archived", AddressKind.GONE),
        (400, b"invalid_payload", None),
    ],
)
async def test_each_no_of_a_hook_is_understood(
    hook: SlackLine, status: int, body: bytes, address: AddressKind | None
) -> None:
    """A hook that was taken away, or whose channel was, is used no more."""
    answer = await hook.answer(Act(status, body=body))
    assert Refused(f"HTTP {status}", address=address) == answer


async def test_a_hook_needs_no_token_and_a_channel_does(hook: SlackLine) -> None:
    """Who has only hooks is told so for every other address."""
    assert isinstance(await hook.sink.deliver(hook.word()), Sent)
    answer = await hook.sink.deliver(hook.word(address=CHANNEL))
    assert Refused("channels and people need TOCSIN_SLACK_TOKEN") == answer
    assert 1 == len(hook.workspace.requests)


async def test_hooks_lie_at_slack_only(stack: Stack, namespace: str) -> None:
    """No address that somebody wrote into a record makes us call another house."""
    own = frozenset({"hooks.slack.com"})
    async with slack_line(stack, namespace, way="hook", hosts=own) as line:
        for address in (
            line.workspace.hook,
            "http://hooks.slack.com/services/T/B/s",
            "https://hooks.slack.com.example.org/services/T/B/s",
            "https://hooks.slack.com@example.org/services/T/B/s",
        ):
            answer = await line.sink.deliver(line.word(address=address))
            assert isinstance(answer, Refused)
            assert Reason.UNSAFE_ADDRESS == answer.reason
        assert [] == line.workspace.requests


async def test_a_person_is_written_to_and_their_channel_remembered(api: SlackLine) -> None:
    """Slack answers with the channel of the two, which alone can be updated."""
    first, second = (api.word(each, address=PERSON) for each in (1, 2))
    assert Sent(f"{THEIR_CHANNEL}:1700000000.000100", final=True) == await api.sink.deliver(first)
    assert isinstance(await api.sink.deliver(second), Sent)
    assert [THEIR_CHANNEL] == [said["channel"] for said in api.workspace.asked("chat.update")]


async def test_every_attempt_bears_the_deliverys_id(line: SlackLine) -> None:
    """Our own ingest, and Slack where it looks, can tell a second call from a second message."""
    await line.answer(Act(503))
    await line.sink.deliver(msgspec.structs.replace(line.word(), attempt=2))
    said = [orjson.loads(request.body) for request in line.workspace.requests]
    id_ = line.word().id
    assert [id_] * 2 == [each["metadata"]["event_payload"]["delivery"] for each in said]
    assert [f"tocsin-{id_}"] * 2 == [each["blocks"][0]["block_id"] for each in said]
    if line.way == "channel":
        assert [id_] * 2 == [each["client_msg_id"] for each in said]


async def test_no_answer_tells_secrets(line: SlackLine) -> None:
    """What goes into events and logs holds neither token nor hook, address nor text."""
    bodies = f"{line.workspace.hook} xoxb db-1".encode()
    for act in (
        Act(400, body=bodies), Act(503, body=bodies), Act(401), Act(404), Act(how="drop"),
        Act(body=b'{"ok":false,"error":"aSecretPath"}'), Act(how="garbage"), Act(how="hang"),
    ):  # fmt: skip
        told = repr(await line.answer(act))
        assert not [secret for secret in SECRETS if secret in told and "Sent(" not in told]
    assert "xoxb" not in repr(line.sink._slacking)
    assert "aSecretPath" not in line.sink.endpoint(line.word())


async def test_every_address_has_an_endpoint(line: SlackLine) -> None:
    """Each channel and hook has a pace of its own, and nonsense costs nobody else anything."""
    assert line.sink.channel in set(Channel)
    odd = ("", "nonsense", "http://[", "\0", "https://x.example:99999/", "#Läden", "a\r\nb", "C1")
    for address in odd:
        one = line.word(address=address)
        assert isinstance(line.sink.endpoint(one), str)
        assert 1 == line.sink.abreast(one)
        assert isinstance(await line.sink.deliver(one), Refused)
    assert [] == line.workspace.requests
    paces = {line.sink.endpoint(line.word(address=each)) for each in ("C0123ABCD", "C0123ABCE")}
    assert 2 == len(paces)
    hooks = ("https://hooks.slack.com/services/T/B/1", "https://hooks.slack.com/services/T/B/2")
    assert 2 == len({line.sink.endpoint(line.word(address=each)) for each in hooks})


async def test_a_message_of_nothing_is_refused(line: SlackLine) -> None:
    """Slack is not asked to say nothing."""
    answer = await line.sink.deliver(line.word(text=" \n\0", subject=""))
    assert Refused("there is nothing to say", Reason.INVALID) == answer
