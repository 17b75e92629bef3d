"""Sandbox: the part of Jinja2 that templates may use, and nothing of Python behind it.

What a template may write is a closed list of nodes, filters and tests, checked when it is
compiled. It reads plain JSON by key and calls nothing; loops, concatenations and comparisons pay
from a budget. What is left cannot reach an attribute of an object, and cannot run away.
"""

import operator
from collections.abc import Callable
from typing import Any, ClassVar

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer

from schemas import template_language as language
from streams.core.rendering import budget
from streams.core.rendering.filters import FILTERS, RANGE, STEPS, TOGETHER, WEIGHED

_LOOP = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}
)
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


class Sandbox(ImmutableSandboxedEnvironment):
    """Compile and run templates that can do no harm; `finalize` writes one value out."""

    intercepted_binops: ClassVar[frozenset[str]] = frozenset(_BINARY)  # type: ignore[misc]

    def __init__(self, *, autoescape: bool, finalize: Callable[[Any], Any]) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            optimized=False,  # nothing is computed before there is a budget to pay from
            finalize=finalize,
            autoescape=autoescape,
            cache_size=0,
        )
        self.filters = dict(FILTERS)
        self.tests = {name: TESTS[name] for name in language.TESTS}
        self.globals = {}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        language.check(tree)
        out: nodes.Template = _Rewriting().visit(tree)
        return out.set_environment(self)  # type: ignore[return-value]

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read a key of a mapping, or what a loop says of itself; no attribute of an object."""
        if type(obj) is dict and attribute in obj:  # nearly always
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Read an entry of a mapping, a list or a text."""
        if isinstance(obj, Undefined):
            return obj[argument]  # says which name is undefined
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Count with numbers, and put texts behind one another; nothing else."""
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            str(left), str(right)  # says which name is undefined
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            budget.of(context).spend(budget.weight(left) + budget.weight(right))
            return budget.checked(f"{left}{right}")
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise budget.Spent(f"{operator!r} is for numbers (and + for two texts)")
        try:
            return budget.number(_BINARY[operator](budget.number(left), budget.number(right)))
        except ZeroDivisionError:
            raise budget.Spent("divides by zero") from None


class _Rewriting(NodeTransformer):
    """Turn calls into filters, and let everything that can grow or last pay for it."""

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja2's
        self.generic_visit(node)
        if isinstance(node.node, nodes.Getattr):
            return _filter(node.node.node, node.node.attr, node.args)
        return _filter(node.args[0], RANGE, node.args[1:])

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(node.nodes[0], TOGETHER, node.nodes[1:])

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _weighed(node.expr)
        for operand in node.ops:
            operand.expr = _weighed(operand.expr)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        cost = sum(1 for _ in node.find_all(nodes.Node))
        self.generic_visit(node)
        node.iter = _filter(node.iter, STEPS, [nodes.Const(cost, lineno=node.lineno)])
        return node


def _weighed(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _filter(node, WEIGHED, [])


def _filter(node: nodes.Node, name: str, args: list[nodes.Expr]) -> nodes.Filter:
    return nodes.Filter(node, name, args, [], None, None, lineno=node.lineno)
