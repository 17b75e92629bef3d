"""The documents say what the code says: contracts, metrics, settings, links and targets."""

import ast
import re
import tomllib
from pathlib import Path

from schemas.metrics import METRICS

ROOT = Path(__file__).parents[2]
SETTINGS = (
    "streams/settings.py",
    "connectors/linking.py",
    "connectors/settings.py",
    "connectors/sinks/settings.py",
    "connectors/sinks/mail/settings.py",
    "connectors/sinks/webhook/settings.py",
    "connectors/sinks/sms/settings.py",
    "connectors/sinks/push/settings.py",
    "connectors/sinks/slack/settings.py",
    "schemas/cluster.py",
)
VARIABLE = re.compile(r"(?:TOCSIN|KAFKA)_[A-Z_]+")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"(?:`|^)make ([a-z]+)", re.MULTILINE)


def documents() -> list[Path]:
    """List every document of the checkout."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def anchors(document: Path) -> set[str]:
    """Give the names by which a document's headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_architecture_names_every_contract_in_order() -> None:
    """The map tells what each room may touch in the words, and the order, that the check has."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    told = re.findall(
        r"^\d+\. \*\*(.+?)\*\*:", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE
    )
    assert [contract["name"] for contract in contracts["contracts"]] == told


def test_operations_name_every_metric() -> None:
    """An operator finds every metric that a process may emit, and no other."""
    told = re.findall(r"^\| `(tocsin_\w+)`", _operations(), re.MULTILINE)
    assert sorted(metric.name for metric in METRICS) == sorted(told)


def test_operations_name_every_setting() -> None:
    """An operator finds every variable that a process reads."""
    read = {
        node.value
        for path in SETTINGS
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and VARIABLE.fullmatch(node.value)
    }
    assert set() == read - set(re.findall(r"`([A-Z_]+)`", _operations()))


def test_links_lead_somewhere() -> None:
    """A link within the checkout leads to a file that is there, and to a heading that it has."""
    lost = []
    for document in documents():
        for link in LINK.findall(document.read_text()):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            found = document.parent / path if path else document
            if not found.exists() or (anchor and anchor not in anchors(found)):
                lost.append(f"{document.name}: {link}")
    assert [] == lost


def test_targets_that_are_shown_exist() -> None:
    """Whoever types a `make` command from a document finds its target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {name for document in documents() for name in TARGET.findall(document.read_text())}
    assert set() == shown - targets


def test_every_decision_is_in_the_index() -> None:
    """The index of decisions lists each page once, in order."""
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert pages == re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text())


def _operations() -> str:
    return (ROOT / "docs" / "operations.md").read_text()
