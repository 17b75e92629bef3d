"""Numbers are said in the reader's own time and words."""

import pytest

from streams.core.rendering.budget import Spent
from streams.core.rendering.phrases import moment, priority, span
from tests.builders import NOON


def test_a_moment_is_local() -> None:
    """The same moment reads differently in Vienna, Kolkata and nowhere."""
    assert "2023-11-14 23:13 CET" == moment(NOON, zone="Europe/Vienna")
    assert "2023-11-15 03:43 IST" == moment(NOON, zone="Asia/Kolkata")
    assert "2023-11-14 22:13 UTC" == moment(NOON, zone="")
    assert "14.11.2023 100%" == moment(NOON, zone="", form="%d.%m.%Y 100%%")
    assert "" == moment(0, zone="")


@pytest.mark.parametrize("form", ["%A", "%9d", "%", "%-d", "%x", "%Y%"])
def test_only_plain_numbers_are_written(form: str) -> None:
    """No format depends on the machine's language, or fills a page."""
    with pytest.raises(Spent):
        moment(NOON, zone="", form=form)


@pytest.mark.parametrize("at", [1e30, -1e30, "x", None, True])
def test_what_is_no_moment_is_refused(at: object) -> None:
    """A wrong time fails the message instead of showing a strange one."""
    with pytest.raises(Spent):
        moment(at, zone="")


def test_spans_and_priorities_are_words() -> None:
    """Two units are enough, and an unknown language is English."""
    assert ["0 s", "59 s", "1 min", "2 h 5 min", "1 d"] == [
        span(length) for length in (0, 59_999, 60_000, 7_500_000, 86_400_000)
    ]
    assert ["critical", "kritisch", "low", ""] == [
        priority(3, locale="fr"),
        priority(3, locale="de-AT"),
        priority(0, locale=""),
        priority(9, locale="en"),
    ]
