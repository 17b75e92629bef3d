"""An alert is one message in Slack: what follows updates it, and is news in its thread."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from connectors.ingest.formats.answers import Nothing, Payload
from connectors.ingest.formats.slack import translate
from connectors.sinks.sink import Later, Sent, Unknown
from connectors.sinks.slack.channel import Slack
from connectors.sinks.slack.threads import LIFE_MS, Thread, Threads
from connectors.stores.redis import Redis, Script
from schemas.reasons import Priority, Reason
from schemas.topics import Names
from tests.conftest import Stack
from tests.fakes.slack_workspace import CHANNEL, TOKEN, working
from tests.gateway import House
from tests.integration.sinks.test_providers import became, put, running
from tests.sink_house import Mail
from tests.slack_line import SlackLine, slack_line, slacking, word

pytestmark = pytest.mark.stack

HIGH, CRITICAL = Priority.HIGH.value, Priority.CRITICAL.value


@pytest.fixture
async def line(stack: Stack, namespace: str) -> AsyncIterator[SlackLine]:
    """Give a sink by the Web API, and its workspace."""
    async with slack_line(stack, namespace) as made:
        yield made


async def told(line: SlackLine, number: int, **fields: object) -> str:
    """Bring a word out, and give the message that it became."""
    answer = await line.sink.deliver(word(number, **fields))
    assert isinstance(answer, Sent)
    assert answer.final
    return answer.provider_id.removeprefix(f"{CHANNEL}:")


async def test_an_alert_is_one_message_its_updates_and_its_thread(
    home: House, stack: Stack
) -> None:
    """It fires, grows worse and ends; the channel has one message that says how it stands."""
    mail = Mail(stack.bootstrap_servers, Names(home.namespace))
    words = (
        word(1, priority=HIGH, text="*Disk full*\nSince noon", lane="urgent"),
        word(2, priority=CRITICAL, text="*Disk full*\nIt grew worse", lane="urgent"),
        word(3, priority=CRITICAL, text="Resolved: *Disk full*\nIt is over", ends=True),
    )
    async with working() as workspace:
        env = {"TOCSIN_SLACK_TOKEN": TOKEN, "TOCSIN_SLACK_URL": workspace.api}
        async with running(home, env, "slack"):
            events = []
            for each in words:
                put(mail, each)
                events.append(await became(mail, each))
    (root,) = workspace.roots
    worse, over = workspace.replies
    assert [("delivered", "slack", f"{CHANNEL}:{each.ts}") for each in (root, worse, over)] == [
        (event.status, event.provider, event.provider_id) for event in events
    ]
    assert ":white_check_mark: *Resolved*\nResolved: *Disk full*\nIt is over" == root.shown
    assert [":large_orange_circle: *High*", ":red_circle: *Critical*"] == [
        said["blocks"][0]["elements"][0]["text"] for said in root.versions
    ]
    assert (":red_circle: *Critical*\n*Disk full*\nIt grew worse", True) == (
        worse.shown, worse.said["reply_broadcast"]
    )  # fmt: skip
    assert ("Resolved: *Disk full*", False) == (over.shown, over.said["reply_broadcast"])
    assert {root.ts} == {worse.thread, over.thread}


async def test_what_comes_back_is_told_to_the_channel(line: SlackLine) -> None:
    """A trouble that was over concerns everybody when it is not, and telling again does not."""
    for number, ends in enumerate((False, False, True, False), start=1):
        await told(line, number, ends=ends)
    assert 1 == len(line.workspace.roots)
    assert [False, False, True] == [each.said["reply_broadcast"] for each in line.workspace.replies]


async def test_alerts_tenants_and_addresses_are_apart(line: SlackLine) -> None:
    """Nobody's word lands in another's thread, and what is no alert has none."""
    await told(line, 1)
    for number, fields in enumerate(
        ({"alert_id": "alert-2"}, {"tenant": "other"}, {"address": "#general"}, {"alert_id": ""}), 2
    ):
        await told(line, number, **fields)
    await told(line, 9, alert_id="")
    assert 6 == len(line.workspace.roots)


async def test_two_who_share_a_channel_share_a_thread(line: SlackLine) -> None:
    """The second route to a channel makes no second alert of it, and calls nobody again."""
    await told(line, 1)
    first = line.workspace.messages[0].said
    await told(line, 1, id="of-another-recipient", recipient="ops", text="*Disk full*, for ops")
    assert 1 == len(line.workspace.roots)
    assert first == line.workspace.roots[0].said
    assert [False] == [each.said["reply_broadcast"] for each in line.workspace.replies]


async def test_a_late_word_does_not_bring_the_alert_back(line: SlackLine) -> None:
    """The first message goes on saying that it is over."""
    await told(line, 1)
    await told(line, 3, ends=True)
    await told(line, 2, recipient="ops", priority=CRITICAL)
    assert line.workspace.roots[0].shown.startswith(":white_check_mark: *Resolved*")
    assert [False, False] == [each.said["reply_broadcast"] for each in line.workspace.replies]


async def test_what_slack_took_is_not_said_again(line: SlackLine) -> None:
    """After a crash between Slack's ok and our own record nobody reads it twice."""
    first = await told(line, 1)
    assert first == await told(line, 1)
    second = await told(line, 2)
    assert second == await told(line, 2)
    assert 2 == len(line.workspace.messages)


async def test_a_thread_that_nobody_remembers_begins_anew(
    line: SlackLine, stack: Stack, namespace: str
) -> None:
    """Where Valkey was lost a later word is a message of its own, and no error."""
    await told(line, 1)
    redis = Redis(url=stack.redis_url)
    key = Names(namespace).redis("slack-thread", "default", "alert-1", CHANNEL)
    assert 1 == await redis.run(
        Script("return redis.call('DEL', KEYS[1])"), keys=[key], args=[], within_s=5.0
    )
    await told(line, 2)
    await redis.put(key, "no thread at all", within_s=5.0)
    await told(line, 3)
    await told(line, 4)
    left_ms = await redis.run(
        Script("return redis.call('PTTL', KEYS[1])"), keys=[key], args=[], within_s=5.0
    )
    await redis.close()
    assert (3, 1) == (len(line.workspace.roots), len(line.workspace.replies))
    assert LIFE_MS - 60_000 < left_ms <= LIFE_MS


async def test_a_message_that_was_deleted_begins_anew(line: SlackLine) -> None:
    """Somebody tidied up the channel: the next word is seen all the same, and followed."""
    await told(line, 1)
    line.workspace.messages.clear()
    second = await told(line, 2)
    await told(line, 3, ends=True)
    assert [second] == [each.ts for each in line.workspace.roots]
    assert [second] == [each.thread for each in line.workspace.replies]


async def test_an_answer_that_slack_put_into_the_channel_is_followed(line: SlackLine) -> None:
    """Slack answers to a message that is gone without a word, as a message of its own."""
    await told(line, 1)
    line.workspace.messages.clear()
    line.workspace.refusals["chat.update"] = "edit_window_closed"
    second = await told(line, 2)
    third = await told(line, 3)
    assert [(second, ""), (third, second)] == [
        (each.ts, each.thread) for each in line.workspace.messages
    ]


@pytest.mark.parametrize("trouble", ["edit_window_closed", "cant_update_message", "msg_too_long"])
async def test_a_message_that_cannot_be_changed_has_its_thread(
    line: SlackLine, trouble: str
) -> None:
    """Where a workspace lets nobody edit, the end is said where the beginning was."""
    await told(line, 1)
    line.workspace.refusals["chat.update"] = trouble
    await told(line, 2, ends=True)
    assert (1, 1) == (len(line.workspace.roots), len(line.workspace.replies))


@pytest.mark.parametrize("trouble", ["ratelimited", "internal_error", "service_unavailable"])
async def test_bad_news_does_not_wait_for_an_update(line: SlackLine, trouble: str) -> None:
    """What grew worse is told although the first message cannot be changed now."""
    await told(line, 1, priority=HIGH)
    line.workspace.refusals["chat.update"] = trouble
    await told(line, 2, priority=CRITICAL)
    assert [True] == [each.said["reply_broadcast"] for each in line.workspace.replies]


@pytest.mark.parametrize("trouble", ["ratelimited", "internal_error", "invalid_auth"])
async def test_an_end_is_seen_where_the_beginning_was(line: SlackLine, trouble: str) -> None:
    """A message that says that it goes on is not left behind: the end is tried again, whole."""
    await told(line, 1)
    line.workspace.refusals["chat.update"] = trouble
    answer = await line.sink.deliver(word(2, ends=True))
    assert isinstance(answer, Later)
    assert ("ratelimited" == trouble) == (answer.reason is Reason.PROVIDER_LIMITS)
    assert [] == line.workspace.replies
    line.workspace.refusals.clear()
    await told(line, 2, ends=True)
    assert line.workspace.roots[0].shown.startswith(":white_check_mark: *Resolved*")
    assert 1 == len(line.workspace.replies)


async def test_a_lost_answer_to_an_update_is_no_second_message(line: SlackLine) -> None:
    """An update that is made twice is one, so nothing about it is unknown."""
    await told(line, 1)
    line.workspace.losing = 1
    assert isinstance(await line.sink.deliver(word(2, ends=True)), Later)
    await told(line, 2, ends=True)
    assert (1, 1) == (len(line.workspace.roots), len(line.workspace.replies))


async def test_a_lost_answer_to_a_reply_is_unknown(line: SlackLine) -> None:
    """It may stand in the thread, so the next attempt is marked."""
    await told(line, 1)
    line.workspace.refusals["chat.update"] = "edit_window_closed"
    line.workspace.losing = 2  # a refusal has a status of 200, too
    assert isinstance(await line.sink.deliver(word(2)), Unknown)
    assert 1 == len(line.workspace.replies)


async def test_nothing_is_said_blind() -> None:
    """Where nobody can say which thread a word belongs to, it waits."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = Redis(url=f"redis://127.0.0.1:{probe.getsockname()[1]}")
    threads = Threads(away, Names("t"))
    async with working() as workspace:
        sink = Slack(slacking(url=workspace.api), threads)
        assert isinstance(await sink.deliver(word(1)), Later)
        assert [] == workspace.requests
        assert isinstance(await sink.deliver(word(1, alert_id="")), Sent)
        # What cannot be remembered was said all the same.
        await threads.keep(word(1), Thread(channel=CHANNEL, ts="1.1"))
        await sink.close()


async def test_nothing_that_we_posted_becomes_an_alert(line: SlackLine) -> None:
    """Whatever app hears our messages, and whoever's hook posted them, ingest drops them."""
    await told(line, 1, priority=HIGH)
    await told(line, 2, priority=CRITICAL)
    await told(line, 3, ends=True)
    await told(line, 4, alert_id="", payload={"blocks": [{"type": "divider"}]})
    await told(line, 5, alert_id="")
    assert isinstance(await line.sink.deliver(word(6, address=line.workspace.hook)), Sent)
    assert 6 == len(line.workspace.messages)
    for message in line.workspace.messages:
        for app in ("A0TOCSIN", "A0ANOTHER"):
            for bare in (False, True):
                event = line.workspace.event(message, app=app, bare=bare)
                assert Nothing(Reason.OWN_MESSAGE) == translate(Payload(0, data=event))


async def test_many_alerts_at_once_are_each_their_own(line: SlackLine) -> None:
    """Connections are shared, threads are not."""
    alerts = [f"alert-{number}" for number in range(20)]
    for number in (1, 2):
        await asyncio.gather(
            *(told(line, number, id=f"{each}-{number}", alert_id=each) for each in alerts)
        )
    assert 20 == len(line.workspace.roots)
    assert 20 == len({each.thread for each in line.workspace.replies})
    assert {(f"{each}-1", f"{each}-2") for each in alerts} == {
        (
            root.versions[0]["client_msg_id"],
            next(
                reply.said["client_msg_id"]
                for reply in line.workspace.replies
                if reply.thread == root.ts
            ),
        )
        for root in line.workspace.roots
    }
