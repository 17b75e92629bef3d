"""What a sender's body is: JSON, or a form."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from connectors.bodies import from_json
from connectors.ingest.formats.answers import Form
from connectors.problems import Problem
from connectors.settings import Taking

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Content:
    """Hold a parsed body: a form, or else JSON."""

    data: Any = None
    form: Form | None = None


def parse(raw: bytes, *, content_type: str, taking: Taking) -> Content:
    """Parse a body by what it is; its Content-Type decides only where both are possible.

    `curl -d '{...}'` says form and sends JSON, and some senders say text/plain: both are JSON.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/xml", "+xml")) or kind.startswith("multipart/"):
        raise Problem(415, "send JSON, or a form as application/x-www-form-urlencoded", where=kind)
    start = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if kind == FORM and start not in {b"{", b"["}:
        return Content(form=_form(raw, taking.form_fields))
    return Content(data=from_json(raw))


def _form(raw: bytes, most: int) -> Form:
    try:
        return parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError as wrong:
        raise Problem(400, f"a form holds at most {most} fields") from wrong
