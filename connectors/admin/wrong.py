"""Wrong: what stands against an entry of a file, and which field of it is meant."""

import difflib
from collections.abc import Iterable

from schemas.errors import ConfigurationError


class Wrong(ConfigurationError):
    """Say that a field of an entry cannot be used; `field` is its path, as `addresses.email`."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, and which one may have been meant."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"
    return f"{name!r} is not known{hint}"


def among(field: str, given: str, known: Iterable[str]) -> None:
    """Return if a word is one of a closed list; Wrong lists them."""
    known = [str(word) for word in known]
    if given not in known:
        raise Wrong(field, f"{given!r} is none of {', '.join(known)}")
