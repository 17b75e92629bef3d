"""Marks: what the headers of a record of `alerts.raw` say of it."""

from collections.abc import Sequence

from schemas import headers
from schemas.errors import Invalid
from schemas.fingerprint import is_ours
from schemas.headers import Headers

Marks = tuple[bool, tuple[int, int] | None, tuple[int, int] | None, Headers | None]
NONE: Marks = (False, None, None, None)


def read(given: Sequence[tuple[str, bytes]]) -> Marks:
    """Find whether we computed the key, where it stood first, if it is a command, and its trace."""
    marked, origin, command, trace = NONE
    try:
        for name, content in given:
            if name == headers.FINGERPRINTED:
                marked = is_ours(content)
            elif name == headers.REKEYED_FROM:
                origin = headers.parse_origin(content)
            elif name == headers.COMMAND:
                command = headers.parse_origin(content)
            elif name == headers.TRACEPARENT:
                trace = headers.carried(((name, content),)) or None
    except ValueError as error:
        raise Invalid(str(error)) from error
    return marked, origin, command, trace
