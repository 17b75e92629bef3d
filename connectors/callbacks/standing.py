"""How an alert stands, as far as the inbox shows it: what a page needs to know. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.reasons import AlertStatus, Priority


class Standing(StrEnum):
    """Say whether there is still something to take in hand."""

    OPEN = "open"
    TAKEN = "taken"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Alert:
    """Hold what a page shows of an alert; `by` and `at` say who has it, and since when."""

    title: str
    source: str
    priority: str
    standing: Standing
    by: str = ""
    at: int = 0


def of_row(row: Mapping[str, Any]) -> Alert:
    """Read the inbox's row of an alert; one that is over is that, whoever had it."""
    over = row["status"] == AlertStatus.RESOLVED
    taken = Standing.TAKEN if row["acknowledged"] else Standing.OPEN
    return Alert(
        title=row["title"],
        source=row["source"],
        priority=Priority(row["priority"]).name.lower(),
        standing=Standing.OVER if over else taken,
        by=row["acknowledged_by"] or "",
        at=row["acknowledged_at"] or 0,
    )
