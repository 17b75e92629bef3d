"""What a key and a tenant may send, and who is refused when somebody sends more."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.problems import Problem
from connectors.rates import FEW, Rates
from connectors.settings import Rating

FEW_EXAMPLES = settings(max_examples=150, deadline=None)
ROUNDING = 1e-6

steps = st.lists(
    st.tuples(
        st.floats(0, 30),  # seconds before it
        st.sampled_from(("noisy", "quiet")),
        st.integers(1, 40),  # items
    ),
    max_size=80,
)


@dataclass
class Clock:
    """Stand still until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


def _made(rating: Rating) -> tuple[Rates, Clock]:
    clock = Clock()
    return Rates(rating, clock=clock), clock


def _send(rates: Rates, *, key: str = "k", tenant: str = "t", items: int = 1) -> int:
    """Send items, and give the seconds after which to come again; 0 where they were taken."""
    try:
        rates.enter(tenant=tenant, key=key, door="ingest")
        rates.more(items - 1, tenant=tenant, key=key, door="ingest")
    except Problem as refused:
        return int(refused.headers["Retry-After"]) if refused.status == 429 else -1
    return 0


def _passes(rates: Rates, *, key: str = "k", tenant: str = "t", items: int = 1) -> bool:
    return 0 == _send(rates, key=key, tenant=tenant, items=items)


@FEW_EXAMPLES
@given(steps, st.floats(0.1, 20), st.floats(0, 20))
def test_never_more_than_rate_and_burst(
    life: list[tuple[float, str, int]], rate: float, burst_s: float
) -> None:
    """Whenever one looks, a key has sent at most its rate times the time, and one burst."""
    rates, clock = _made(Rating(per_key=rate, per_tenant=0, burst_s=burst_s))
    burst = max(1.0, rate * burst_s)
    sent = {"noisy": 0.0, "quiet": 0.0}
    for wait_s, key, items in life:
        clock.now += wait_s
        if _passes(rates, key=key, items=items):
            # What is larger than a burst takes a whole one.
            sent[key] += min(items, burst)
        assert sent[key] <= rate * (clock.now - 1_000) + burst + ROUNDING


@FEW_EXAMPLES
@given(steps, st.floats(1, 20))
def test_a_tenant_sends_no_more_than_its_own_rate(
    life: list[tuple[float, str, int]], rate: float
) -> None:
    """All keys together stay within what their tenant may send."""
    rates, clock = _made(Rating(per_key=0, per_tenant=rate, burst_s=10))
    sent = 0.0
    for wait_s, key, items in life:
        clock.now += wait_s
        if _passes(rates, key=key, items=items):
            sent += min(items, rate / 2 * 10)
        assert sent <= rate * (clock.now - 1_000) + rate * 10 + ROUNDING


@FEW_EXAMPLES
@given(steps, st.floats(0, 100))
def test_a_noisy_key_refuses_nobody_else(
    life: list[tuple[float, str, int]], per_key: float
) -> None:
    """Who keeps within half of the tenant's rate is let through, whatever another key sends."""
    rating = Rating(per_key=per_key, per_tenant=10, burst_s=10)
    beside, clock = _made(rating)
    alone, alone_clock = _made(rating)
    for wait_s, key, items in life:
        clock.now += wait_s
        alone_clock.now = clock.now
        passed = _passes(beside, key=key, items=items)
        if key == "quiet":
            assert _passes(alone, key=key, items=items) == passed


def test_another_tenant_has_rates_of_its_own() -> None:
    """What one tenant sends is never counted against another."""
    rates, _clock = _made(Rating(per_key=1, per_tenant=2, burst_s=1))
    assert [True, False, True] == [_passes(rates, tenant=tenant) for tenant in ("a", "a", "b")]


def test_who_comes_again_when_told_to_is_let_in() -> None:
    """After the seconds in Retry-After the same request passes."""
    rates, clock = _made(Rating(per_key=2, per_tenant=0, burst_s=10))
    assert _passes(rates, items=20)
    assert 1 == _send(rates)
    clock.now += 1
    assert 4 == _send(rates, items=10)
    clock.now += 4
    assert _passes(rates, items=10)


def test_what_is_larger_than_a_burst_gets_in_by_itself() -> None:
    """A large batch is not refused for ever: it takes a full bucket."""
    rates, clock = _made(Rating(per_key=1, per_tenant=0, burst_s=10))
    assert _passes(rates, items=500)
    clock.now += 9
    assert not _passes(rates, items=500)
    clock.now += 20
    assert _passes(rates, items=500)


def test_nothing_is_refused_where_rates_are_off() -> None:
    """0 means no limit, for keys, and for tenants."""
    rates, _clock = _made(Rating(per_key=0, per_tenant=0))
    assert all(_passes(rates, items=1_000_000) for _ in range(10))


def test_what_is_idle_is_forgotten_and_what_is_not_is_kept() -> None:
    """However many keys there were, memory holds those that matter; nobody gains by it."""
    rates, clock = _made(Rating(per_key=1, per_tenant=0, burst_s=1))
    for number in range(3 * FEW):
        clock.now += 0.01
        assert _passes(rates, key=str(number))
    assert not _passes(rates, key=str(3 * FEW - 1))
    assert 2 * FEW > len(rates._keys)
