"""When a delivery is tried again, and what HTTP answers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks import retry
from connectors.sinks.sink import Later, Refused, Unknown
from schemas.reasons import AddressKind, Lane, Reason

LATER = Later("busy")
LANES = st.sampled_from(list(Lane))
DRAWS = st.floats(0, 1)
NOON = 1_784_548_800.0  # 2026-07-20 12:00:00 UTC


@given(lane=LANES, attempt=st.integers(1, 5), draw=DRAWS)
def test_waits_follow_the_ladder(lane: Lane, attempt: int, draw: float) -> None:
    """Each attempt waits as its rung says, give or take a fifth."""
    rung = retry.LADDERS[lane][attempt - 1]
    wait = retry.wait_s(LATER, attempt=attempt, lane=lane, draw=draw)
    assert wait is not None
    assert rung * 0.8 - 1e-6 <= wait <= rung * 1.2 + 1e-6


@given(lane=LANES, attempt=st.integers(1, 5), draw=DRAWS, after=st.floats(0, 1e9))
def test_a_provider_is_never_called_earlier_than_it_asked(
    lane: Lane, attempt: int, draw: float, after: float
) -> None:
    """Retry-After is obeyed, up to an hour, whatever the ladder says."""
    wait = retry.wait_s(Later("busy", after), attempt=attempt, lane=lane, draw=draw)
    assert wait is not None
    assert min(after, 3600.0) <= wait <= 3600 * 1.2 + 1e-6


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("answer", [LATER, Unknown("reset")])
def test_attempts_end(lane: Lane, answer: Later | Unknown) -> None:
    """After five waits the sixth attempt is the last."""
    assert retry.wait_s(answer, attempt=5, lane=lane, draw=0.5) is not None
    assert retry.wait_s(answer, attempt=6, lane=lane, draw=0.5) is None


def test_a_receipt_is_waited_for_in_the_normal_lane() -> None:
    """After an unknown answer a minute is left for the provider's receipt."""
    assert 60.0 == retry.wait_s(Unknown("reset"), attempt=1, lane="normal", draw=0.5)
    assert 120.0 == retry.wait_s(Unknown("reset"), attempt=3, lane="normal", draw=0.5)


def test_urgent_goes_on_at_once() -> None:
    """After an unknown answer an urgent delivery is tried again at once, and then by its ladder."""
    assert 0.0 == retry.wait_s(Unknown("reset"), attempt=1, lane="urgent", draw=0.5)
    assert 15.0 == retry.wait_s(Unknown("reset"), attempt=2, lane="urgent", draw=0.5)


@given(parked=st.integers(0, 10_000), draw=DRAWS)
def test_parking_doubles_to_a_minute(parked: int, draw: float) -> None:
    """Parked deliveries come back after 5, 10, 20, 40 and then 60 seconds."""
    expected = [5, 10, 20, 40, 60][min(parked, 4)]
    assert expected * 0.8 - 1e-6 <= retry.parked_s(parked, draw=draw) <= expected * 1.2 + 1e-6


@pytest.mark.parametrize("status", [408, 500, 501, 503, 507, 599])
def test_trouble_of_the_provider_passes(status: int) -> None:
    """What may be right tomorrow is tried again."""
    assert Later(f"HTTP {status}") == retry.reply(status)


@pytest.mark.parametrize("status", [425, 429])
def test_limits_are_told_apart(status: int) -> None:
    """A provider that asks for patience is not ill, and is told how long it wants."""
    expected = Later(f"HTTP {status}", 7.0, Reason.PROVIDER_LIMITS)
    assert expected == retry.reply(status, retry_after="7")


@pytest.mark.parametrize("status", [100, 502, 504])
def test_a_gateway_may_have_passed_it_on(status: int) -> None:
    """Where a gateway did not hear the end, nobody knows whether the message arrived."""
    assert Unknown(f"HTTP {status}") == retry.reply(status)


def test_gone_switches_the_address_off() -> None:
    """410 fails the delivery and says that the address is gone."""
    assert Refused("HTTP 410", Reason.ENDPOINT_OFF, AddressKind.GONE) == retry.reply(410)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 403, 404, 413, 422, 451])
def test_redirects_and_refusals_are_final(status: int) -> None:
    """A redirect is not followed, and a refused message is not sent again."""
    assert Refused(f"HTTP {status}") == retry.reply(status)


@given(status=st.integers(0, 999))
def test_every_status_means_something(status: int) -> None:
    """No status leaves a delivery without an answer."""
    if not 200 <= status < 300:
        assert isinstance(retry.reply(status), Later | Unknown | Refused)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (120.0, "120"),
        (120.0, " 120 "),
        (0.0, "0"),
        (90.0, "Mon, 20 Jul 2026 12:01:30 GMT"),
        (0.0, "Mon, 20 Jul 2026 11:00:00 GMT"),
        (90.0, "Mon, 20 Jul 2026 12:01:30"),
        (None, ""),
        (None, "-5"),
        (None, "1.5"),
        (None, "soon"),
        (None, "٣"),
        (None, "9" * 5000),
    ],
)
def test_retry_after_is_seconds_or_a_date(expected: float | None, text: str) -> None:
    """Both forms of the header are read, and nonsense is as if it were not there."""
    assert expected == retry.retry_after_s(text, now=NOON)


@given(text=st.text(max_size=80))
def test_no_header_breaks_us(text: str) -> None:
    """Whatever a provider writes there, we go on."""
    found = retry.retry_after_s(text, now=NOON)
    assert found is None or found >= 0
