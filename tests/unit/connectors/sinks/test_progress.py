"""Only what is finished is committed."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.progress import Progress


@given(st.lists(st.integers(1, 3), max_size=50), st.randoms(use_true_random=False))
def test_the_lowest_unfinished_is_never_passed(gaps: list[int], choices: object) -> None:
    """Whatever the order of finishing, nothing unfinished lies before the commit."""
    progress, offset, offsets = Progress(), 0, []
    for gap in gaps:
        offset += gap
        offsets.append(offset)
        progress.begin(offset)
    order = list(offsets)
    choices.shuffle(order)  # type: ignore[attr-defined]
    left = set(offsets)
    for done in order:
        progress.finish(done)
        left.remove(done)
        expected = max((each for each in offsets if each < min(left, default=10**9)), default=None)
        assert (None if expected is None else expected + 1) == progress.commit
        assert len([each for each in offsets if left and each >= min(left)]) == progress.open


def test_nothing_finished_nothing_committed() -> None:
    """A partition in which nothing was finished keeps its offset."""
    progress = Progress()
    progress.begin(7)
    assert progress.commit is None
