"""The house keeps its shape: sizes, room signs, room names, and what the core may know."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("schemas", "streams", "connectors", "deploy")
FILE_LINES = 300
BODY_LINES = 40

# Each exception with its reason.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

BANNED_NAMES = {"utils", "common", "helpers", "manager", "misc", "base", "tools", "lib"}
CORE_MAY_IMPORT = {
    "__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools",
    "hashlib", "heapq", "inscriptis", "itertools", "jinja2", "json", "markupsafe", "math",
    "msgspec",
    "operator", "re", "re2", "string", "types", "typing", "urllib", "zoneinfo", "schemas",
    "streams",
}  # fmt: skip
PATHS_OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:root|home/[a-z]+|Users/[A-Za-z]+)/")


def files(*folders: str) -> list[Path]:
    """List the Python files below folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    """Name a file as the exceptions do."""
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Walk over every function of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without signature, docstring and the functions it declares."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    if not body:
        return 0
    nested = [inner for statement in body for inner in functions(statement)]
    declared = sum(
        (inner.end_lineno or 0) - min([inner.lineno, *(d.lineno for d in inner.decorator_list)]) + 1
        for inner in nested
    )
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 - declared


def test_files_stay_short() -> None:
    """No file of the product or its tests is longer than a reader can hold in mind."""
    long = {
        name(path): len(path.read_text().splitlines())
        for path in files(*PRODUCT, "tests")
        if len(path.read_text().splitlines()) > FILE_LINES and name(path) not in LONG_FILES
    }
    assert {} == long


def test_functions_stay_short() -> None:
    """No function of the product has a body of more than forty lines."""
    long = {
        f"{name(path)}:{function.name}": body_lines(function)
        for path in files(*PRODUCT)
        for function in functions(ast.parse(path.read_text()))
        if body_lines(function) > BODY_LINES
        and f"{name(path)}:{function.name}" not in LONG_FUNCTIONS
    }
    assert {} == long


def test_exceptions_are_still_needed() -> None:
    """A file or function that was cut to size is no longer listed as an exception."""
    assert [] == [path for path in LONG_FILES if not (ROOT / path).exists()]


@pytest.mark.parametrize("folder", PRODUCT)
def test_every_room_has_a_sign(folder: str) -> None:
    """Each package says in its docstring, and nothing but it, what lives there."""
    for path in (ROOT / folder).rglob("__init__.py"):
        tree = ast.parse(path.read_text())

        assert ast.get_docstring(tree), f"{name(path)} has no sign"
        assert 1 == len(tree.body), f"{name(path)} holds more than its sign"


def test_every_test_folder_is_a_package() -> None:
    """Two tests of the same name in different folders never hide one another."""
    assert [] == [
        name(path.parent)
        for path in (ROOT / "tests").rglob("test_*.py")
        if not (path.parent / "__init__.py").exists()
    ]


def test_no_room_is_called_anything() -> None:
    """No file or folder has a name that says nothing, or that hides a standard module."""
    assert [] == [
        name(path)
        for path in files(*PRODUCT)
        if path.stem in BANNED_NAMES
        or path.parent.name in BANNED_NAMES
        or (path.parent == ROOT and path.stem in sys.stdlib_module_names)
    ]


def test_core_knows_little() -> None:
    """The pure core imports from a short list of modules and calls no clock."""
    foreign = set()
    sequences = [ROOT / "streams" / each for each in ("pipeline.py", "planning.py")]
    for path in [*files("streams/core"), *sequences]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                foreign |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                foreign.add((node.module or "").split(".")[0])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"now", "utcnow", "today"}, name(path)
    assert set() == foreign - CORE_MAY_IMPORT


def test_tests_say_their_promise() -> None:
    """Every test has a one-sentence docstring."""
    assert [] == [
        f"{name(path)}:{function.name}"
        for path in files("tests")
        for function in functions(ast.parse(path.read_text()))
        if function.name.startswith("test_")
        and not (ast.get_docstring(function) or "").split("\n\n")[0].rstrip().endswith((".", "?"))
    ]


def test_tests_do_not_sleep() -> None:
    """Tests poll with a deadline, or hold the clock; only the polling itself pauses."""
    assert [] == [
        name(path)
        for path in files("tests/unit", "tests/integration", "tests/contract", "tests/faults")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep"}
    ]


def test_nothing_names_a_machine() -> None:
    """No tracked text holds a path of somebody's machine."""
    assert [] == [
        name(path)
        for path in [*files(*PRODUCT, "tests"), *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile"]
        if path != Path(__file__) and PATHS_OF_A_MACHINE.search(path.read_text())
    ]
