"""Of two providers one sends it, the second where the first surely did not; neither is nagged."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.breaker import OPEN_S
from connectors.sinks.failover import IN_A_ROW, Failover
from connectors.sinks.sink import ACCOUNT, Answer, Later, Limits, Refused, Sent, Unknown
from schemas.deliveries import Delivery
from schemas.reasons import Reason
from tests.outgoing import outgoing

LIMITED = Later("HTTP 429", 20.0, Reason.PROVIDER_LIMITS)
DEAD = Later("not connected")
YES = Sent("id-1")
LOST = Unknown("no answer")


class Post:
    """Be a provider that answers as it is told, and keeps what it took."""

    channel = "email"
    limits = ACCOUNT

    def __init__(self, provider: str, say: Callable[[int], tuple[bool, Answer]]) -> None:
        self.provider = provider
        self.say = say
        self.calls = 0
        self.took: list[Delivery] = []
        self.closed = False

    def endpoint(self, delivery: Delivery) -> str:
        """Name the account."""
        return f"{self.provider} of {delivery.channel}"

    def abreast(self, delivery: Delivery) -> int:
        """Keep order."""
        return delivery.attempt * 0 + 1

    async def deliver(self, delivery: Delivery) -> Answer:
        """Take it or not, and say what was agreed."""
        self.calls += 1
        takes, answer = self.say(self.calls)
        if takes:
            self.took.append(delivery)
        return answer

    async def close(self) -> None:
        """Close for good."""
        self.closed = True


class Pair:
    """Hold two providers, the sink of both and the clock."""

    def __init__(self, first: Answer, second: Answer = YES, limits: Limits = ACCOUNT) -> None:
        self.now = 0.0
        self.first = Post("one", lambda _: (isinstance(first, Sent), first))
        self.second = Post("two", lambda _: (isinstance(second, Sent), second))
        self.second.limits = limits
        self.sink = Failover(self.first, self.second, wait_s=0.05, clock=lambda: self.now)

    def deliver(self, **fields: object) -> Answer:
        """Deliver once."""
        return asyncio.run(self.sink.deliver(outgoing(**fields)))

    @property
    def calls(self) -> tuple[int, int]:
        """Count the calls of both."""
        return self.first.calls, self.second.calls


def test_the_first_sends_what_it_can() -> None:
    """Nobody asks the second where the first said yes or a final no."""
    for answer in (YES, Refused("HTTP 400"), LOST):
        pair = Pair(answer)
        assert "one" == pair.deliver().provider
        assert (1, 0) == pair.calls


def test_after_a_definite_no_the_second_sends_in_the_same_attempt() -> None:
    """The answer says who it was."""
    for no in (DEAD, LIMITED):
        pair = Pair(no)
        assert Sent("id-1", provider="two") == pair.deliver()
        assert (1, 1) == pair.calls


def test_after_an_unknown_answer_the_next_attempt_begins_with_the_second() -> None:
    """Whoever waits for the same provider again waits for the same trouble."""
    pair = Pair(LOST)
    assert Sent("id-1", provider="two") == pair.deliver(attempt=2, maybe_repeat=True)
    assert (0, 1) == pair.calls
    back = Pair(YES, DEAD)
    assert Sent("id-1", provider="one") == back.deliver(attempt=2, maybe_repeat=True)


def test_where_both_say_no_both_are_named() -> None:
    """Another attempt comes when either would take it."""
    both = Pair(LIMITED, Later("SMTP 451", 5.0)).deliver()
    assert isinstance(both, Later)
    assert ("one: HTTP 429; two: SMTP 451", 5.0) == (both.why, both.after_s)
    assert Reason.PROVIDER_UNAVAILABLE is both.reason
    limited = Pair(LIMITED, LIMITED).deliver()
    assert isinstance(limited, Later)
    assert Reason.PROVIDER_LIMITS is limited.reason


def test_a_dead_provider_is_not_tried_for_every_message() -> None:
    """After so many failures the first is left alone, and tried again by one when it rested."""
    pair = Pair(DEAD)
    healthy = 100  # calls before its trouble, which change nothing
    pair.first.say = lambda call: (call <= healthy, YES if call <= healthy else DEAD)
    for number in range(healthy + 3 * IN_A_ROW):
        assert ("one" if number < healthy else "two") == pair.deliver().provider
    assert healthy + IN_A_ROW == pair.first.calls
    pair.now += OPEN_S
    pair.first.say = lambda _: (True, YES)
    assert ["one", "one"] == [pair.deliver().provider for _ in range(2)]


def test_what_asks_for_quiet_is_given_it() -> None:
    """A 429 is heeded for as long as it says, and nothing is sent through it meanwhile."""
    pair = Pair(LIMITED)
    for _ in range(5):
        pair.deliver()
    assert (1, 5) == pair.calls
    pair.now += 20
    pair.deliver()
    assert 2 == pair.first.calls


def test_where_both_want_quiet_nobody_is_called() -> None:
    """The attempt ends with the shorter of both pauses."""
    pair = Pair(LIMITED, Later("HTTP 429", 7.0, Reason.PROVIDER_LIMITS))
    pair.deliver()
    answer = pair.deliver()
    assert isinstance(answer, Later)
    assert ((1, 1), 7.0, Reason.PROVIDER_LIMITS) == (pair.calls, answer.after_s, answer.reason)


def test_behind_the_last_there_is_nobody() -> None:
    """However often the second failed it is asked where the first is dead; the runner's breaker
    decides about both.
    """
    pair = Pair(DEAD, DEAD)
    for _ in range(IN_A_ROW + 2):
        assert isinstance(pair.deliver(), Later)
    assert (IN_A_ROW, IN_A_ROW + 2) == pair.calls
    pair.second.say = lambda _: (True, YES)
    assert "two" == pair.deliver().provider


def test_where_one_is_dead_and_the_other_wants_quiet_nobody_is_called() -> None:
    """The attempt ends as the one that lives asked."""
    pair = Pair(DEAD, Later("HTTP 429", 7.0, Reason.PROVIDER_LIMITS))
    for _ in range(IN_A_ROW):
        pair.deliver()
        pair.now += 7
    pair.deliver()
    answer = pair.deliver()
    assert isinstance(answer, Later)
    assert (7.0, "two") == (answer.after_s, answer.provider)
    assert (IN_A_ROW, IN_A_ROW + 1) == pair.calls


def test_a_sink_that_raises_is_no_sign_of_health() -> None:
    """What the runner takes for unknown counts against the provider."""

    def fail(_: int) -> tuple[bool, Answer]:
        raise ValueError("broken")

    pair = Pair(YES)
    pair.first.say = fail
    for _ in range(IN_A_ROW):
        with pytest.raises(ValueError, match="broken"):
            pair.deliver()
    assert "two" == pair.deliver().provider


def test_the_second_is_asked_for_no_more_than_it_bears() -> None:
    """A mail server of few connections is not overrun when everything comes its way."""
    pair = Pair(DEAD, limits=Limits(in_flight=1))
    at_work = asyncio.Event()

    async def slow(delivery: Delivery) -> Answer:
        at_work.set()
        await asyncio.Event().wait()
        return Sent(delivery.id)

    async def crowd() -> Answer:
        pair.second.deliver = slow  # type: ignore[method-assign]
        hanging = asyncio.create_task(pair.sink.deliver(outgoing()))
        await at_work.wait()
        answer = await pair.sink.deliver(outgoing())
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        return answer

    answer = asyncio.run(crowd())
    assert isinstance(answer, Later)
    assert "one: not connected; two: all its connections are taken" == answer.why


def test_it_looks_like_the_first_and_closes_both() -> None:
    """The runner knows one channel, one provider and one endpoint."""
    pair = Pair(YES)
    assert ("email", "one", ACCOUNT) == (pair.sink.channel, pair.sink.provider, pair.sink.limits)
    assert ("one of email", 1) == (
        pair.sink.endpoint(outgoing()),
        pair.sink.abreast(outgoing()),
    )
    asyncio.run(pair.sink.close())
    assert pair.first.closed
    assert pair.second.closed


# What a provider does: whether it takes the message, and what it says.
acts = st.sampled_from(
    (
        (True, YES),
        (True, LOST),
        (False, LOST),
        (False, DEAD),
        (False, LIMITED),
        (False, Refused("no")),
    )
)


@given(st.lists(st.tuples(acts, acts, st.integers(0, 40)), min_size=1, max_size=40))
def test_nothing_is_lost_and_nothing_goes_out_twice_unmarked(
    life: list[tuple[tuple[bool, Answer], tuple[bool, Answer], int]],
) -> None:
    """Whatever two providers do: who said yes has it, and a second one is marked as such."""
    now = [0.0]
    script = [[one for one, _, _ in life], [other for _, other, _ in life]]

    def saying(said: list[tuple[bool, Answer]]) -> Callable[[int], tuple[bool, Answer]]:
        return lambda call: said[min(call, len(said)) - 1]

    posts = [Post(name, saying(said)) for name, said in zip(("one", "two"), script, strict=True)]
    sink = Failover(*posts, clock=lambda: now[0])

    async def attempts() -> None:
        delivery = outgoing()
        for number, (_, _, pause) in enumerate(life, 1):
            now[0] += pause
            before = sum(len(post.took) for post in posts)
            answer = await sink.deliver(delivery)
            taken = sum(len(post.took) for post in posts) - before
            assert taken <= 1, "two providers in one attempt"
            if isinstance(answer, Sent):
                assert 1 == taken
                assert posts[["one", "two"].index(answer.provider)].took
            if not isinstance(answer, Later | Unknown):
                return
            assert not taken or isinstance(answer, Unknown)
            unknown = delivery.maybe_repeat or isinstance(answer, Unknown)
            delivery = msgspec.structs.replace(delivery, attempt=number + 1, maybe_repeat=unknown)

    asyncio.run(attempts())
    everything = [each for post in posts for each in post.took]
    assert all(each.maybe_repeat for each in sorted(everything, key=lambda d: d.attempt)[1:])
