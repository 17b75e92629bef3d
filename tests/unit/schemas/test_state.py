"""What a stage remembers comes back as it was, from store and changelog alike."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import state
from schemas.records import RawAlert
from schemas.state import AlertState, Escalation, Reservation

longs = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
by_type: dict[object, st.SearchStrategy[object]] = {
    int: longs,
    str: texts,
    bool: st.booleans(),
    dict[int, int] | None: st.none() | st.dictionaries(longs, longs, max_size=4),
    list[str] | None: st.none() | st.lists(texts, max_size=4),
    Reservation | None: st.none() | st.builds(Reservation, longs, longs, longs),
    list[Escalation] | None: st.none()
    | st.lists(st.builds(Escalation, texts, longs, longs, longs), max_size=3),
    RawAlert | None: st.none() | st.builds(RawAlert, source=texts, title=texts, body=texts),
}
states = st.builds(
    AlertState, **{f.name: by_type[f.type] for f in msgspec.structs.fields(AlertState)}
)
moments = st.integers(min_value=0, max_value=state.FOREVER)


@given(states, moments)
def test_a_state_comes_back_as_it_was(given_state: AlertState, lapses_at: int) -> None:
    """Nothing that a stage remembers is lost or changed by being stored."""
    packed = state.pack_alert(given_state, lapses_at=lapses_at)

    assert given_state == state.unpack_alert(packed)
    assert lapses_at == state.lapses_at(packed)


@given(states, moments)
def test_flags_say_what_the_state_says(given_state: AlertState, lapses_at: int) -> None:
    """A sweep over packed states sees what is untold and reserved without unpacking them."""
    flags = state.flags(state.pack_alert(given_state, lapses_at=lapses_at))

    assert (given_state.count > given_state.said_count) == bool(flags & state.UNTOLD)
    assert (given_state.reserved is not None) == bool(flags & state.RESERVED)


def test_a_state_of_an_older_version_is_read() -> None:
    """A store that an earlier release left behind goes on."""
    old = bytes(9) + msgspec.msgpack.encode([3, 42, 7])

    assert AlertState(opened_partition=3, opened_offset=42, seq=7) == state.unpack_alert(old)


def test_a_state_of_a_newer_version_is_read() -> None:
    """A release can be taken back without emptying the store."""
    packed = state.pack_alert(AlertState(seq=7), lapses_at=1)
    newer = packed[:9] + msgspec.msgpack.encode([*msgspec.msgpack.decode(packed[9:]), "more"])

    assert AlertState(seq=7) == state.unpack_alert(newer)


@given(st.binary(max_size=40))
def test_bytes_that_are_no_state_are_refused(raw: bytes) -> None:
    """Damage shows as one kind of error."""
    try:
        state.unpack_alert(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return


@pytest.mark.parametrize("moment", [0, 1, 1_700_000_000_000, state.FOREVER])
def test_moments_sort_as_their_bytes(moment: int) -> None:
    """A store that sorts bytes sorts moments."""
    packed = state.pack_alert(AlertState(), lapses_at=moment)

    assert moment.to_bytes(8, "big") == packed[1:9]
