"""Filters: what a template may do with a value; each pays for what it looks at and makes."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from streams.core.rendering import budget, phrases
from streams.core.rendering.budget import Spent
from streams.core.rendering.text_form import cut, for_slack, one_line

# Names that only the sandbox writes, in place of calls, loops, ~ and comparisons.
RANGE, STEPS, TOGETHER, WEIGHED = "0range", "0steps", "0together", "0weighed"
READER = "to"  # the name under which a template finds who reads it

_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_RANGE = 10_000  # numbers that range() gives at most


class Written(str):
    """Be a text that is in the form of its part already, and is not escaped again."""

    __slots__ = ()


def json_of(value: Any) -> str:
    """Write a value as JSON; Spent where it is none."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise Spent("cannot be written as JSON") from None


def _text(value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # says which name is undefined
    if isinstance(value, str):
        return f"{value}"
    return "" if value is None else json_of(value)


def _several(value: Any) -> list[Any]:
    if isinstance(value, Undefined):
        list(value)  # says which name is undefined
    if not isinstance(value, str | list | tuple | dict | range):
        raise Spent(f"a {type(value).__name__} is no list")
    return list(value)


def _mapping(value: Any) -> dict[Any, Any]:
    if isinstance(value, Undefined):
        list(value)
    if not isinstance(value, dict):
        raise Spent(f"a {type(value).__name__} has no names and values")
    return value


def _alike(values: Iterable[Any]) -> list[Any]:
    found = list(values)
    if not (
        all(isinstance(each, str) for each in found)
        or all(isinstance(each, int | float) for each in found)
    ):
        raise Spent("only texts, or only numbers, have an order")
    return found


def _default(value: Any, instead: Any = "", empty_too: Any = False) -> Any:  # noqa: FBT002
    missing = isinstance(value, Undefined) or (empty_too and not value)
    return instead if missing else value


def _first(value: Any) -> Any:
    found = _several(value)
    return found[0] if found else None


def _last(value: Any) -> Any:
    found = _several(value)
    return found[-1] if found else None


def _int(value: Any, instead: int = 0) -> int:
    try:
        return int(budget.number(float(value) if isinstance(value, str) else value))
    except (ValueError, Spent):
        return instead


def _float(value: Any, instead: float = 0.0) -> float:
    try:
        return float(budget.number(float(value) if isinstance(value, str) else value))
    except (ValueError, Spent):
        return instead


def _round(value: Any, digits: int = 0) -> float:
    rounded = round(budget.number(value), max(0, min(digits, 12)))
    return int(rounded) if digits == 0 else rounded


def _join(value: Any, between: Any = "") -> str:
    parts, gap = [_text(each) for each in _several(value)], _text(between)
    length = sum(map(len, parts)) + len(gap) * len(parts)
    if length > budget.VALUE_CHARS:
        raise Spent(f"makes a text of more than {budget.VALUE_CHARS} characters")
    return gap.join(parts)


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old, new = _text(value), _text(old), _text(new)
    if not old:
        raise Spent("replaces nothing by something")
    if len(text) + text.count(old) * (len(new) - len(old)) > budget.VALUE_CHARS:
        raise Spent(f"makes a text of more than {budget.VALUE_CHARS} characters")
    return text.replace(old, new)


def _truncate(value: Any, length: int = 255) -> str:
    return cut(_text(value), limit=max(1, int(length)))


def _indent(value: Any, width: int = 4) -> str:
    gap = "\n" + " " * max(0, min(int(width), 40))
    return budget.checked(_text(value).replace("\n", gap))


def _range(first: Any, *more: Any) -> range:
    out = range(*(int(budget.number(each)) for each in (first, *more)))
    if len(out) > _RANGE:
        raise Spent(f"range() gives {_RANGE} numbers at most")
    return out


def _together(*values: Any) -> Any:
    # As Jinja2's own ~ does it: once one of them is markup, the others are escaped.
    if any(isinstance(each, Markup) for each in values):
        return Markup("").join(each if isinstance(each, Markup) else _text(each) for each in values)
    return budget.checked("".join(map(_text, values)))


def _moment(context: Context, value: Any, zone: str = "", form: str = "") -> str:
    if isinstance(value, Undefined):
        str(value)  # says which name is undefined
    return phrases.moment(value, zone=zone or _reader(context, "zone"), form=form)


def _priority(context: Context, value: Any) -> str:
    return phrases.priority(_int(value, -1), locale=_reader(context, "locale"))


def _reader(context: Context, name: str) -> str:
    return str(context.parent.get(READER, {}).get(name, ""))


def _web_link(value: Any) -> str:
    # What an attribute such as href may hold: a scheme like javascript: would run.
    target = "".join(_text(value).split())
    return target if _LINK.match(target) else "#"


def _slack_link(url: Any, shown: Any = "") -> str:
    target = re.sub(r"[<>|\s]", "", _text(url))
    if not _LINK.match(target):
        return _text(shown) or _text(url)
    label = for_slack(one_line(_text(shown), limit=200)).replace("|", " ")
    return Written(f"<{target.replace('&', '&amp;')}{'|' + label if label else ''}>")


def _sorted_items(value: Any) -> list[tuple[str, Any]]:
    return sorted(_mapping(value).items(), key=lambda pair: str(pair[0]))


def _get(value: Any, name: Any, instead: Any = None) -> Any:
    return _mapping(value).get(name, instead) if isinstance(name, str) else instead


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | range) else len(_several(value))


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def run(context: Context, value: Any, *args: Any, **named: Any) -> Any:
        spend = budget.of(context).spend
        spend(budget.weight(value) + sum(map(budget.weight, args)))
        out = function(value, *args, **named)
        if isinstance(out, str):
            spend(len(out) // 64)
        return out

    return run


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    budget.of(context).spend(budget.weight(value))
    return value


@pass_context
def _steps(context: Context, value: Any, cost: int) -> Any:
    if isinstance(value, Undefined):
        iter(value)  # says which name is undefined
    if not isinstance(value, str | list | tuple | dict | range):
        raise Spent(f"a {type(value).__name__} is no list")
    return budget.steps(budget.of(context), value, cost)


_PLAIN: Mapping[str, Callable[..., Any]] = {
    "abs": lambda value: abs(budget.number(value)),
    "capitalize": lambda value: _text(value).capitalize(),
    "count": _length,
    "d": _default,
    "default": _default,
    "dictsort": _sorted_items,
    "e": escape,
    "escape": escape,
    "first": _first,
    "float": _float,
    "get": _get,
    "indent": _indent,
    "int": _int,
    "items": lambda value: list(_mapping(value).items()),
    "join": _join,
    "keys": lambda value: list(_mapping(value)),
    "last": _last,
    "length": _length,
    "line": lambda value, length=200: one_line(_text(value), limit=max(1, int(length))),
    "list": _several,
    "lower": lambda value: _text(value).lower(),
    "max": lambda value: max(_alike(_several(value)), default=None),
    "min": lambda value: min(_alike(_several(value)), default=None),
    "replace": _replace,
    "reverse": lambda value: _several(value)[::-1],
    "round": _round,
    "slack_link": _slack_link,
    "sort": lambda value: sorted(_alike(_several(value))),
    "span": lambda value: phrases.span(int(budget.number(value))),
    "string": _text,
    "strip": lambda value: _text(value).strip(),
    "sum": lambda value: budget.number(sum(map(budget.number, _several(value)))),
    "title": lambda value: _text(value).title(),
    "tojson": lambda value: Written(json_of(value)),
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "unique": lambda value: list(dict.fromkeys(_alike(_several(value)))),
    "upper": lambda value: _text(value).upper(),
    "urlencode": lambda value: quote(_text(value), safe=""),
    "web_link": _web_link,
    "values": lambda value: list(_mapping(value).values()),
    RANGE: _range,
    TOGETHER: _together,
}
FILTERS: Mapping[str, Callable[..., Any]] = {
    **{name: _metered(function) for name, function in _PLAIN.items()},
    "datetime": pass_context(_moment),
    "priority": pass_context(_priority),
    STEPS: _steps,
    WEIGHED: _weighed,
}
