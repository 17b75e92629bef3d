"""What one owner's states say, they say together."""

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.journal import KEY, Entry, lay_over, pack, portions

owners = st.sampled_from((b"t:ann", b"t:bob", b"t:cyn"))
entries = st.lists(
    st.tuples(
        st.builds(lambda owner, what: owner + b"\0" + what, owners, st.binary(max_size=4)),
        st.one_of(st.none(), st.binary(max_size=40)),
    ),
    unique_by=lambda entry: entry[0],
    max_size=30,
)


def _applied(held: dict[bytes, bytes], changes: list[Entry]) -> dict[bytes, bytes]:
    out = dict(held)
    for key, value in changes:
        if value is None:
            out.pop(key, None)
        else:
            out[key] = value
    return out


@given(entries=entries, at_most=st.integers(min_value=1, max_value=400))
def test_portions_lose_nothing_and_part_no_owner(entries: list[Entry], at_most: int) -> None:
    """Every state is in one portion, and an owner's are all in the same."""
    parted = [list(portion) for portion in portions(entries, at_most=at_most)]
    assert sorted(entries, key=lambda e: e[0]) == sorted(
        (entry for portion in parted for entry in portion), key=lambda e: e[0]
    )
    seen = [{key.partition(b"\0")[0] for key, _ in portion} for portion in parted]
    assert sum(map(len, seen)) == len(set().union(*seen))


@given(before=entries, changes=entries, written=st.integers(min_value=0, max_value=30))
def test_a_restore_knows_all_or_nothing(
    before: list[Entry], changes: list[Entry], written: int
) -> None:
    """However few states followed their journal, all of them are restored."""
    held = _applied({}, before)
    after = _applied(held, changes)
    cut_short = _applied(held, changes[:written]) | {KEY: pack(changes)}
    lay_over(cut_short)
    assert after == cut_short


def test_without_a_journal_nothing_changes() -> None:
    """States that were written without a journal stay as they are."""
    held = {b"a": b"1"}
    lay_over(held)
    assert {b"a": b"1"} == held
