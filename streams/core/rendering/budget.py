"""Budget: how much a template may do and put out, counted while it does it.

Neither the clock nor the machine's speed decides, so that a template that passes once passes
always.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2.runtime import Context
from msgspec import Struct

KEY = "0budget"  # no name that a template can write
WORK = 50_000  # one a node of a loop's body and step, one for 64 characters; a digest takes 2,000
VALUE_CHARS = 256 * 1024  # a text that is made on the way, as long as a whole record may be
LARGEST = 10**15  # a number, far above epoch milliseconds


class Spent(Exception):
    """Say that a template asked for more than it may have, or for what no value can give."""


class Budget(Struct):
    """Hold what is left of the work that one rendering may do."""

    left: int = WORK

    def spend(self, cost: int) -> None:
        """Take from what is left; Spent where it is not enough."""
        self.left -= cost
        if self.left < 0:
            raise Spent("does more work than a template may")


def of(context: Context) -> Budget:
    """Give the budget of the rendering that runs."""
    budget: Budget = context.parent[KEY]
    return budget


def weight(value: Any) -> int:
    """Say what it costs to look at a value once."""
    if isinstance(value, str):
        return 1 + len(value) // 64
    return 1 + len(value) if isinstance(value, list | tuple | dict | range) else 1


def checked(text: str) -> str:
    """Give a text that was made on the way, if it is not too long."""
    if len(text) > VALUE_CHARS:
        raise Spent(f"makes a text of more than {VALUE_CHARS} characters")
    return text


def number(value: Any) -> Any:
    """Give a number, if it is one and not too large."""
    if not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        raise Spent("makes a number that is too large, or none at all")
    return value


def steps(budget: Budget, value: Iterable[Any], cost: int) -> Iterator[Any]:
    """Walk over a value, paying for each step."""
    for item in value:
        budget.spend(cost)
        yield item
