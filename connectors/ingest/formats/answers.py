"""What goes into a translator, and the three things that can come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.reasons import Reason
from schemas.records import RawAlert

Form = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Payload:
    """Hold one request's content: parsed JSON in `data`, or a form's fields in `form`.

    `received_at` is epoch milliseconds; header names are lower case.
    """

    received_at: int
    data: Any = None
    form: Form | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def field(self, name: str) -> str:
        """Give the first value of a form field, empty where there is none."""
        values = (self.form or {}).get(name)
        return values[0] if values else ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that something cannot be an alert: why, and where in the payload."""

    why: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """Carry the alerts of a payload, in its order, and what of it had to be refused."""

    alerts: tuple[RawAlert, ...]
    refused: tuple[Refused, ...] = ()
    many: bool = False
    """Whether the sender speaks of lists, and is answered with one."""

    say: Callable[[str], Mapping[str, Any]] | None = None
    """What to tell a person beside the answer, made from one sentence about it."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Say that a payload is well understood and no alert; `answer` is what the sender expects."""

    reason: Reason
    answer: Mapping[str, Any] = field(default_factory=dict)


Answer = Taken | Nothing | Refused
Translate = Callable[[Payload], Answer]
