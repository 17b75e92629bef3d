"""Used signatures: each works once, for as long as it could be played again."""

from connectors.ingest.replay import Used


class Clock:
    """Be moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


def test_once() -> None:
    """A signature is taken once until its time is over."""
    clock = Clock()
    used = Used(keep_s=600, clock=clock)
    first, again = used.claim("a"), used.claim("a")
    clock.now = 601
    assert (True, False, True) == (first, again, used.claim("a"))


def test_released() -> None:
    """A request that was not taken may come again with its signature."""
    used = Used(keep_s=600, clock=Clock())
    used.claim("a")
    used.release("a")
    assert used.claim("a")


def test_bounded() -> None:
    """However many come, only so many are kept, and the newest are."""
    used = Used(keep_s=600, most=10, clock=Clock())
    for number in range(100):
        used.claim(str(number))
    assert not used.claim("99")
    assert used.claim("1")
