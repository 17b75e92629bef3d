"""What a key's state is, follows from its last change, wherever that one lies."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.states import States

KEYS = (b"a", b"b")


class Store:
    """Keep packed states as the real one does, and let a test look into it."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}

    def get_packed(self, partition: int, key: bytes) -> bytes | None:
        """Give what lies at rest."""
        assert partition == 0
        return self.held.get(key)

    def put_many(self, partition: int, changed: Any) -> None:
        """Keep what was written."""
        assert partition == 0
        for key, packed in changed:
            self.held.pop(key, None)
            if packed is not None:
                self.held[key] = packed


class Outputs:
    """Take what is sent to the changelog."""

    def send_to(self, *_: object) -> None:
        """Take a record."""


def _states(store: Any) -> States[int]:
    return States(
        store,
        changelog="c",
        pack=lambda state: b"%d" % state,
        unpack=lambda packed: int(bytes(packed)),
    )


moves = st.lists(
    st.tuples(
        st.sampled_from(("put", "drop", "rest", "settle", "abandon", "restored")),
        st.sampled_from(KEYS),
        st.integers(0, 9),
    ),
    max_size=30,
)


@given(moves)
def test_the_last_word_counts(told: list[tuple[str, bytes, int]]) -> None:
    """However changes, checkpoints and rebalances follow one another, a key says the last word."""
    store, outputs = Store(), Outputs()
    states = _states(store)
    settled: dict[bytes, int] = {}
    expected: dict[bytes, int] = {}
    for move, key, number in told:
        if move == "put":
            states.put(0, key, number)
            expected[key] = number
        elif move == "drop":
            states.put(0, key, None)
            expected.pop(key, None)
        elif move == "rest":
            unsettled = expected.get(key) != settled.get(key)
            states.rest(0, key, number)
            expected[key] = number
            if not unsettled:
                settled[key] = number
        elif move == "settle":
            written: Any = outputs
            states.write(written)
            states.settle()
            settled = dict(expected)
        else:
            states.abandon()
            if move == "restored":  # another worker had the partition meanwhile
                store.held[key] = b"%d" % number
                settled[key] = number
            settled = {each: int(packed) for each, packed in store.held.items()}
            expected = dict(settled)
        assert [expected.get(each) for each in KEYS] == [states.get(0, each) for each in KEYS]
