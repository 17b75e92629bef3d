"""Matching: whether a rule is about an alert; label matchers as Alertmanager writes them."""

from functools import lru_cache
from typing import Any

import re2
from msgspec import Struct

from schemas.control import Matcher
from schemas.errors import Invalid
from schemas.records import RawAlert

_FIELDS = frozenset(("source", "title", "body", "severity"))
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


class Test(Struct, frozen=True):
    """Compare one label with a value or a pattern; `wanted` False turns the answer round."""

    name: str
    value: str
    pattern: Any
    wanted: bool


class Matching(Struct, frozen=True):
    """Hold the conditions of one rule; an alert must meet them all.

    `equal` are the plain equalities, which are looked at first because they cost least.
    """

    equal: tuple[tuple[str, str], ...] = ()
    tests: tuple[Test, ...] = ()
    title: Any = None
    body: Any = None


@lru_cache(maxsize=4096)
def compile_regex(pattern: str) -> Any:
    """Compile a pattern for RE2, whose time grows with the text alone; Invalid if it cannot be."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except (re2.error, UnicodeError) as error:
        raise Invalid(f"not a regex that RE2 takes: {pattern[:200]!r}: {error}") from error


def compile_matching(
    matchers: list[Matcher], *, title_regex: str = "", body_regex: str = ""
) -> Matching:
    """Compile the conditions of one rule; Invalid where one of them can mean nothing."""
    equal: list[tuple[str, str]] = []
    tests: list[Test] = []
    for matcher in matchers:
        if not matcher.name:
            raise Invalid("a matcher without a name")
        if matcher.op == "=":
            equal.append((matcher.name, matcher.value))
        else:
            tests.append(_test(matcher))
    return Matching(
        tuple(equal),
        tuple(tests),
        compile_regex(title_regex) if title_regex else None,
        compile_regex(body_regex) if body_regex else None,
    )


def _test(matcher: Matcher) -> Test:
    if matcher.op == "!=":
        return Test(matcher.name, matcher.value, None, wanted=False)
    if matcher.op in {"=~", "!~"}:
        pattern = compile_regex(matcher.value)
        return Test(matcher.name, matcher.value, pattern, wanted=matcher.op == "=~")
    raise Invalid(f"a matcher's op is =, !=, =~ or !~, not {matcher.op[:20]!r}")


def _value(name: str, raw: RawAlert, priority: int) -> str:
    value = raw.labels.get(name)
    if value is not None:
        return value
    if name in _FIELDS:
        return str(getattr(raw, name))
    return str(priority) if name == "priority" else ""


def matches(matching: Matching, raw: RawAlert, *, priority: int) -> bool:
    """Say whether an alert of this priority meets every condition."""
    labels = raw.labels
    for name, value in matching.equal:
        found = labels.get(name)
        if found != value and (found is not None or _value(name, raw, priority) != value):
            return False
    for test in matching.tests:
        text = _value(test.name, raw, priority)
        same = text == test.value if test.pattern is None else bool(test.pattern.fullmatch(text))
        if same is not test.wanted:
            return False
    if matching.title is not None and not matching.title.search(raw.title):
        return False
    return matching.body is None or bool(matching.body.search(raw.body))
