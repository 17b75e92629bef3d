"""Which alerts a rule is about."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.control import Matcher
from schemas.errors import Invalid
from schemas.matching import compile_matching, compile_regex, matches
from tests import strategies
from tests.builders import matcher, raw_alert


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("team=db", {"team": "db"}, True),
        ("team=db", {"team": "db1"}, False),
        ("team=db", {}, False),
        ("team=", {}, True),
        ("team!=db", {}, True),
        ("team!=db", {"team": "db"}, False),
        ("team=~d.", {"team": "db"}, True),
        ("team=~d", {"team": "db"}, False),
        ("team=~d|db", {"team": "db"}, True),
        ("team!~d.*", {"team": "db"}, False),
        ("team!~d.*", {}, True),
        ("team=~.*", {}, True),
        ("team=~.+", {}, False),
        ("source=webhook", {}, True),
        ("source=webhook", {"source": "other"}, False),
        ("title=~Disk.*", {}, True),
        ("severity=page", {}, True),
        ("priority=2", {}, True),
        ("priority=~[23]", {}, True),
        ("priority=2", {"priority": "P5"}, False),
    ],
)
def test_matchers_read_labels_as_alertmanager_does(
    text: str, labels: dict[str, str], expected: bool
) -> None:
    """Patterns match whole values, a missing label is empty, a label hides a field."""
    alert = raw_alert(labels=labels, severity="page")
    assert expected is matches(compile_matching([matcher(text)]), alert, priority=2)


@pytest.mark.parametrize(
    ("title_regex", "body_regex", "expected"),
    [("full", "", True), ("^full", "", False), ("", "var", True), ("Disk", "tmp", False)],
)
def test_title_and_body_are_searched(title_regex: str, body_regex: str, expected: bool) -> None:
    """A regex on a text may match anywhere in it."""
    compiled = compile_matching([], title_regex=title_regex, body_regex=body_regex)
    assert expected is matches(compiled, raw_alert(body="/var is full"), priority=1)


@pytest.mark.parametrize("pattern", ["(", "(?=look)", r"\1", "a{100000}", "[z-a]"])
def test_a_pattern_that_re2_does_not_take_is_refused(pattern: str) -> None:
    """A wrong pattern is refused when it is given, not when an alert meets it."""
    with pytest.raises(Invalid, match="RE2"):
        compile_regex(pattern)


@pytest.mark.parametrize(
    "wrong", [Matcher(name="", value="x"), Matcher(name="a", op="~", value="x")]
)
def test_a_matcher_that_means_nothing_is_refused(wrong: Matcher) -> None:
    """A matcher needs a name and one of four operators."""
    with pytest.raises(Invalid):
        compile_matching([wrong])


def test_a_pattern_made_to_explode_costs_nothing() -> None:
    """No pattern that a user writes can stop a worker."""
    alert = raw_alert(title="a" * 5000 + "!")
    assert not matches(compile_matching([], title_regex="^(a+)+$"), alert, priority=1)


def _by_hand(wanted: Matcher, labels: dict[str, str]) -> bool:
    value = labels.get(wanted.name, "")
    if wanted.op in {"=", "!="}:
        return (value == wanted.value) is (wanted.op == "=")
    return bool(re.fullmatch(wanted.value, value)) is (wanted.op == "=~")


@given(st.lists(strategies.matchers, max_size=4), strategies.labels)
def test_matchers_agree_with_pythons_reading(wanted: list[Matcher], labels: dict[str, str]) -> None:
    """On patterns that both read alike, RE2 and Python give the same answer."""
    expected = all(_by_hand(one, labels) for one in wanted)
    assert expected is matches(compile_matching(wanted), raw_alert(labels=labels), priority=1)
