"""Whatever SendGrid does, mails go out by the mail server, and none twice but where it is marked.

What both providers have is held against what the events say.
"""

import secrets
from collections.abc import Iterator

import pytest

from tests.conftest import Stack, remove_topics
from tests.fakes.beside import mailing_beside, receiving_beside
from tests.fakes.receiver import Act
from tests.faults.dispatch import Count, Dispatch
from tests.faults.test_dispatch import HASTE, hold
from tests.gateway import house
from tests.waiting import eventually

pytestmark = pytest.mark.stack

YES = Act(202, headers={"X-Message-Id": "m"}, body=b"")
LOAD = 60
MOST_TRIALS = 15  # in the seconds that a load takes, the breaker resting for 0.75 s


@pytest.fixture(scope="module")
def running(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dispatch]:
    """Start the processes once, with both providers; tests part by their intents."""
    folder, namespace = tmp_path_factory.mktemp("failover"), f"t{secrets.token_hex(4)}"
    patience = HASTE | {"TOCSIN_SINK_CALL_S": "3"}
    with (
        pytest.MonkeyPatch.context() as patch,
        receiving_beside(YES) as provider,
        mailing_beside() as second,
    ):
        home = house(running_stack, namespace, folder, patch)
        dispatch = Dispatch(home, folder, provider, patience=patience, second=second)
        yield dispatch
        dispatch.exchange.close()
    remove_topics(running_stack.bootstrap_servers, prefix=namespace)


@pytest.fixture
def dispatch(stack: Stack, running: Dispatch) -> Iterator[Dispatch]:
    """Give the running processes, both providers at peace before and after."""
    del stack
    running.start()
    yield running
    running.provider.receiver.script.clear()
    running.provider.receiver.always = YES
    running.provider.start()
    assert running.second is not None
    running.second.at_mail = ""
    at_peace(running)


def at_peace(dispatch: Dispatch) -> None:
    """Wait until SendGrid is used again."""

    def used() -> bool:
        (one,) = dispatch.load(f"peace-{secrets.token_hex(3)}", 1)
        dispatch.settle([one])
        return {"sendgrid"} == providers(dispatch, [one])

    eventually(used, within_s=30, why="SendGrid is used")


def providers(dispatch: Dispatch, ids: list[str]) -> set[str]:
    """Name the providers that took some of these, as the events say."""
    wanted = set(ids)
    return {
        event.provider
        for event in dispatch.exchange.events()
        if event.intent_id in wanted and event.status == "sent"
    }


def all_out(count: Count, *, marked: int = 0) -> None:
    """Check that each mail is out, once."""
    hold(count)
    assert (0, marked) == (count.failed, count.marked), count


def test_sendgrid_is_down(dispatch: Dispatch) -> None:
    """Refused connections cost no mail and no attempt, and soon no more than a few calls."""
    dispatch.provider.stop()
    ids = dispatch.load("down", LOAD)
    all_out(dispatch.settle(ids))
    assert {"smtp"} == providers(dispatch, ids)
    attempts = {e.attempt for e in dispatch.exchange.events() if e.intent_id in set(ids)}
    assert {1} == attempts


def test_sendgrid_wants_quiet(dispatch: Dispatch) -> None:
    """A limit is heeded, and the mail server sends meanwhile."""
    dispatch.provider.receiver.always = Act(429, headers={"Retry-After": "1"})
    ids = dispatch.load("limit", LOAD)
    all_out(dispatch.settle(ids))
    assert {"smtp"} == providers(dispatch, ids)


def test_sendgrid_says_no(dispatch: Dispatch) -> None:
    """What is out of order is soon left alone but for a few trials."""
    dispatch.provider.receiver.always = Act(503)
    ids = dispatch.load("no", LOAD)
    all_out(dispatch.settle(ids))
    before = len(dispatch.provider.receiver.requests)
    ids += dispatch.load("still-no", LOAD)
    all_out(dispatch.settle(ids))
    assert {"smtp"} == providers(dispatch, ids)
    assert len(dispatch.provider.receiver.requests) - before <= MOST_TRIALS


def test_sendgrid_fails_half_of_the_time(dispatch: Dispatch) -> None:
    """Each mail goes out by whichever takes it."""
    dispatch.provider.receiver.script.extend([Act(500), YES] * LOAD)
    ids = dispatch.load("half", LOAD)
    all_out(dispatch.settle(ids))
    assert {"sendgrid", "smtp"} == providers(dispatch, ids)


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_sendgrid_says_nothing(dispatch: Dispatch, how: str) -> None:
    """What it took and did not confirm goes out by the mail server, marked as a second mail.

    All of it is urgent: what is not waits a minute for a receipt first.
    """
    dispatch.provider.receiver.always = Act(202 if how == "drop" else 503, how=how)
    ids = dispatch.load(how, LOAD // 3, urgent_of=1)
    count = dispatch.settle(ids)
    hold(count)
    assert 0 == count.failed
    assert 0 < count.marked
    assert {"smtp"} == providers(dispatch, ids)


def test_both_are_away_for_a_while(dispatch: Dispatch) -> None:
    """While neither sends, mails wait; then they go out, once."""
    assert dispatch.second is not None
    dispatch.second.at_mail = "451 4.3.0 busy"
    dispatch.provider.receiver.always = Act(503)
    ids = dispatch.load("both", LOAD)

    def waiting() -> bool:
        events = dispatch.exchange.events()
        held = [e for e in events if e.status == "retrying" and e.intent_id in set(ids)]
        return len(held) >= LOAD // 4

    eventually(waiting, within_s=30, why="mails wait")
    dispatch.second.at_mail = ""
    all_out(dispatch.settle(ids))
