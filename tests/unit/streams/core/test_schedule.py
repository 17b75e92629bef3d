"""Schedule: what is pending is what was asked for last, and each item is due once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.deliveries import Scheduled
from schemas.errors import Invalid
from schemas.plan_state import Pending, pack_pending, unpack_pending
from streams.core.schedule import Agenda, Moment, pending

ITEM = Scheduled(id="a", due_at=5_000, topic="intents", key=b"default:ana", value=b"{}")
CANCEL = Scheduled(id="a", kind="cancel")
moments = st.builds(
    Moment,
    due_at=st.integers(min_value=0, max_value=20),
    partition=st.integers(min_value=0, max_value=2),
    key=st.binary(min_size=1, max_size=2),
)


def held(offset: int, due_at: int = 5_000) -> Pending:
    """Give what an item leaves behind."""
    return Pending("a", due_at, "intents", b"default:ana", b"{}", urgent=False, offset=offset)


def test_an_item_is_pending() -> None:
    """What is asked for is remembered with its place."""
    assert held(7) == pending(ITEM, None, offset=7)


def test_the_same_id_again_moves_the_moment() -> None:
    """The later request is in force."""
    later = Scheduled(id="a", due_at=9_000, topic="intents", key=b"default:ana", value=b"{}")

    assert held(8, due_at=9_000) == pending(later, held(7), offset=8)


def test_a_cancel_leaves_nothing() -> None:
    """A cancelled item never comes."""
    assert pending(CANCEL, held(7), offset=8) is None
    assert pending(CANCEL, None, offset=8) is None


@pytest.mark.parametrize("record", [ITEM, CANCEL])
def test_what_was_met_before_changes_nothing(record: Scheduled) -> None:
    """A record read again after a crash neither moves nor cancels what came after it."""
    state = held(7)

    assert state is pending(record, state, offset=7)
    assert state is pending(record, state, offset=3)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (Scheduled(id="a", topic="alerts.raw", key=b"k"), "topic"),
        (Scheduled(id="a", topic="", key=b"k"), "topic"),
        (Scheduled(id="a", topic="intents"), "key"),
        (Scheduled(id="a", topic="intents", key=b"k", kind="later"), "kind"),
    ],
)
def test_the_scheduler_writes_nowhere_else(record: Scheduled, field: str) -> None:
    """Nothing that is scheduled can land on a topic that nobody waits on."""
    with pytest.raises(Invalid, match=field):
        pending(record, None, offset=1)


@given(
    st.builds(
        Pending,
        id=st.text(max_size=9),
        due_at=st.integers(min_value=0, max_value=1 << 50),
        topic=st.text(max_size=9),
        key=st.binary(max_size=9),
        value=st.binary(max_size=99),
        urgent=st.booleans(),
        offset=st.integers(min_value=-1, max_value=1 << 50),
    )
)
def test_a_packed_item_shows_when_it_is_due(state: Pending) -> None:
    """A store is searched for what is due without unpacking."""
    packed = pack_pending(state)

    assert state == unpack_pending(packed)
    assert state.due_at == int.from_bytes(packed[1:9], "big")
    assert state.urgent == bool(packed[0])


@given(
    st.lists(st.tuples(moments, st.booleans())),
    st.lists(st.tuples(moments, st.booleans())),
    st.integers(min_value=0, max_value=20),
    st.integers(min_value=0, max_value=5),
)
def test_all_that_is_due_is_taken_urgent_first(
    restored: list[tuple[Moment, bool]],
    added: list[tuple[Moment, bool]],
    now: int,
    at_most: int,
) -> None:
    """Nothing due is passed over, nothing comes early, and the pace holds back only the others."""
    agenda = Agenda()
    agenda.add_all(restored)
    for moment, urgent in added:
        agenda.add(moment, urgent=urgent)
    due = [(m, urgent) for m, urgent in restored + added if m.due_at <= now]
    urgent_ones = sorted(m for m, urgent in due if urgent)
    others = sorted(m for m, urgent in due if not urgent)

    assert bool(due) == agenda.due(now)
    assert urgent_ones + others[:at_most] == list(agenda.take(now, normal_at_most=at_most))
    assert bool(others[at_most:]) == agenda.due(now)


def test_a_cleared_agenda_is_empty() -> None:
    """What another worker owns now is not fired here."""
    agenda = Agenda()
    agenda.add(Moment(0, 0, b"k"), urgent=True)
    agenda.clear()

    assert not agenda.due(1)


def test_an_item_keeps_its_trace() -> None:
    """A wake belongs to the trace of who asked for it, also after a restart of the scheduler."""
    traced = pending(ITEM, None, offset=7, trace=b"00-4bf9")
    assert traced is not None
    assert b"00-4bf9" == unpack_pending(pack_pending(traced)).trace
