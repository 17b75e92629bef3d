"""Planning and follow-up together: whatever channels do, the chain goes on until one arrives."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.deliveries import Delivery, DeliveryEvent
from schemas.notification import NotificationType
from schemas.watch_state import Watch
from streams.core.follow_up import asked, due, followed, heard, wish
from streams.core.planning import fan_out
from tests.builders import MINUTE
from tests.planner import Planner, intent

CHAIN = ["push", "sms", "email"]
ENDS = {"arrives": "sent", "fails": "failed", "is silent": "retrying"}


def _answered(delivery: Delivery, does: str, *, now: int) -> DeliveryEvent:
    said = fan_out.queued(delivery, occurred_at=now)
    return replace(said, status=ENDS[does], id=f"{said.id}-{does}")


def _told(first: str, does: dict[str, str]) -> tuple[list[str], int]:
    """Tell something urgent, and give the channels in their order, and how long it took."""
    planner = Planner(NotificationType(id="news", fallback=CHAIN))
    planned = planner.takes(intent("1", priority=2, channels=[first]))
    began, told, watch = planner.now, list[str](), Watch("ann")
    for _ in range(len(CHAIN) + 1):
        answers = [_answered(d, does[d.channel], now=planner.now) for d in planned.deliveries]
        for event in (*planned.events, *answers):
            assert followed(event)
            assert "1" in {event.intent_id, event.fallback_of}
            watch = heard(watch, event, at=planner.now)
        told += dict.fromkeys(delivery.channel for delivery in planned.deliveries)
        moment = due(watch)
        if not moment:
            break
        planner.now = max(planner.now, moment)
        planned = planner.takes(wish(watch, b"default:1"))
        watch = asked(watch)
    assert 0 == due(watch)
    return told, planner.now - began


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CHAIN), st.fixed_dictionaries({c: st.sampled_from(tuple(ENDS)) for c in CHAIN})
)
def test_the_chain_goes_on_until_one_arrives(first: str, does: dict[str, str]) -> None:
    """Each channel is told once, in the chain's order, and none after one that arrived; only
    silence takes a minute.
    """
    order = [first, *(channel for channel in CHAIN if channel != first)]
    arrives = next((n for n, channel in enumerate(order) if does[channel] == "arrives"), 2)
    expected = order[: arrives + 1]
    told, took = _told(first, does)
    assert expected == told
    silences = sum(does[channel] == "is silent" for channel in expected)
    assert silences * MINUTE <= took < silences * MINUTE + 10_000
