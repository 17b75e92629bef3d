"""The language of templates: what they may be written with, alike where one is taken and used.

It is a part of Jinja2's: output, `if`, `for`, `set`, and a closed list of filters and tests.
Who loads a template asks `fault`; the sandbox that renders it refuses the same things.
Only those two import this: it loads Jinja2.
"""

from typing import NamedTuple

import jinja2
from jinja2 import nodes

SOURCE_CHARS = 64 * 1024
FILTERS = frozenset(
    {
        "abs", "capitalize", "count", "d", "datetime", "default", "dictsort", "e", "escape",
        "first", "float", "get", "indent", "int", "items", "join", "keys", "last", "length",
        "line", "list", "lower", "max", "min", "priority", "replace", "reverse", "round",
        "slack_link", "sort", "span", "string", "strip", "sum", "title", "tojson", "trim",
        "truncate", "unique", "upper", "urlencode", "values", "web_link",
    }
)  # fmt: skip
TESTS = frozenset(
    {
        "boolean", "defined", "divisibleby", "even", "false", "float", "integer", "iterable",
        "mapping", "none", "number", "odd", "sequence", "string", "true", "undefined",
    }
)  # fmt: skip
# May be written as calls, as in `labels.items()`; they are the filters of the same names.
CALLS = ("items", "keys", "values", "get", "upper", "lower", "strip", "title")

_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign,
    nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Getattr,
    nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add, nodes.Sub, nodes.Mul,
    nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Keyword,
)  # fmt: skip
_CONSTANT = (nodes.Const, nodes.List, nodes.Dict, nodes.Pair, nodes.Tuple)
_NO_NAMES = frozenset({"self", "super", "caller", "varargs", "kwargs"})
_PARSER = jinja2.Environment(autoescape=True)  # parses alone; nothing is rendered with it
_STARS = "* and ** are not among what templates may use"


class Fault(NamedTuple):
    """Say why a template cannot be taken, and in which of its lines (0: none of them)."""

    why: str
    line: int


def fault(source: str) -> Fault | None:
    """Say what is wrong with a template's text, None where nothing is; it is not run."""
    if len(source) > SOURCE_CHARS:
        return Fault(f"is longer than {SOURCE_CHARS} characters", 0)
    try:
        check(_PARSER.parse(source))
    except jinja2.TemplateSyntaxError as wrong:
        return Fault(str(wrong.message or "cannot be read")[:400], wrong.lineno)
    except (RecursionError, MemoryError):
        return Fault("is nested too deeply", 0)
    return None


def check(tree: nodes.Template) -> None:
    """Return if a parsed template uses nothing but this language; TemplateSyntaxError if not."""
    for node in tree.find_all(nodes.Node):
        why = _objection(node)
        if why:
            raise jinja2.TemplateSyntaxError(why, node.lineno)


def _objection(node: nodes.Node) -> str:
    if isinstance(node, nodes.Call):
        return _objection_to_call(node)
    if not isinstance(node, _NODES):
        return f"{type(node).__name__.lower()} is not among what templates may use"
    if isinstance(node, nodes.For) and node.recursive:
        return "a loop may not call itself"
    if isinstance(node, nodes.Name) and node.name in _NO_NAMES:
        return f"the name {node.name!r} has no meaning here"
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"there is no filter {node.name!r}; there are {', '.join(sorted(FILTERS))}"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"there is no test {node.name!r}; there are {', '.join(sorted(TESTS))}"
    if isinstance(node, nodes.Filter | nodes.Test) and (node.dyn_args or node.dyn_kwargs):
        return _STARS
    # A list of lists of lists, each named once, would grow out of all bounds.
    if _is_list(node) and not all(
        isinstance(inner, _CONSTANT) for inner in node.find_all(nodes.Node)
    ):
        return "a list that is written out holds nothing but constants"
    return ""


def _is_list(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Tuple):
        return node.ctx == "load"  # the others are names that a loop gives values to
    return isinstance(node, nodes.List | nodes.Dict)


def _objection_to_call(node: nodes.Call) -> str:
    if node.dyn_args or node.dyn_kwargs or node.kwargs:
        return _STARS
    if isinstance(node.node, nodes.Name) and node.node.name == "range" and node.args:
        return ""
    if isinstance(node.node, nodes.Getattr) and node.node.attr in CALLS:
        return ""
    return f"only range() and {', '.join(f'.{name}()' for name in CALLS)} can be called"
