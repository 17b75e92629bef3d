"""Template: one part of a template, compiled once and run within its limits.

A part has a form, which says how a value is written into it: `plain` as it is, `html` escaped
for HTML, `slack` for Slack, and `json` as the inside of a JSON document.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import jinja2
from jinja2 import Undefined
from jinja2.runtime import Context
from markupsafe import Markup
from msgspec import Struct

from schemas.errors import Permanent
from schemas.reasons import Reason
from schemas.template_language import SOURCE_CHARS
from streams.core.rendering import budget
from streams.core.rendering.budget import Budget, Spent
from streams.core.rendering.filters import Written, json_of
from streams.core.rendering.sandbox import Sandbox
from streams.core.rendering.text_form import for_slack

_TOGETHER = 64  # pieces that are joined before it is looked how much they are
_CACHED = 4096  # compiled parts; a part of a template in use is some 20 KiB


class TemplateFailed(Permanent):
    """Say which template could not be rendered, and in which part and line (0: none) why."""

    reason = Reason.TEMPLATE_FAILED

    def __init__(self, why: str, *, template: str = "", part: str = "", line: int = 0) -> None:
        place = ", ".join(word for word in (template, part, f"line {line}" if line else "") if word)
        super().__init__(f"{place}: {why}" if place else why)
        self.template, self.part, self.line, self.why = template, part, line, why


class _Broken(Struct, frozen=True):
    why: str
    line: int


def _value(value: Any) -> Any:
    kind = type(value)
    if kind is str:  # nearly always
        return value
    if kind is int:
        return str(value)
    if isinstance(value, Undefined):
        return str(value)  # raises, and says which name is undefined
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple | dict | bool | int | float):
        return json_of(value)
    raise Spent(f"a {type(value).__name__} cannot be written")


def _for_html(value: Any) -> Any:
    written = _value(value)
    return written if isinstance(written, Markup) else str.__str__(written)


def _for_slack(value: Any) -> str:
    written: str = _value(value)
    return written if isinstance(written, Written) else for_slack(written)


def _in_json(value: Any) -> str:
    # A text stands between quotes that the template's author wrote: "{{ title }}".
    if isinstance(value, str) and not isinstance(value, Written):
        return json.dumps(str.__str__(value), ensure_ascii=False)[1:-1]
    return "null" if value is None else str(_value(value))


FORMS: Mapping[str, Callable[[Any], Any]] = {
    "plain": _value,
    "html": _for_html,
    "slack": _for_slack,
    "json": _in_json,
}
_SANDBOXES = {
    form: Sandbox(autoescape=form == "html", finalize=finalize) for form, finalize in FORMS.items()
}


@lru_cache(maxsize=_CACHED)
def _compiled(form: str, source: str) -> "jinja2.Template | _Broken":
    # What is broken is remembered too, or each message would pay for finding it out.
    if len(source) > SOURCE_CHARS:
        return _Broken(f"is longer than {SOURCE_CHARS} characters", 0)
    try:
        return _SANDBOXES[form].from_string(source)
    except jinja2.TemplateSyntaxError as wrong:
        return _Broken(str(wrong.message or "cannot be read")[:300], wrong.lineno)
    except (RecursionError, MemoryError, SyntaxError):
        return _Broken("is nested too deeply", 0)
    except Exception as wrong:  # noqa: BLE001 - whatever a compiler can say of a foreign text
        return _Broken(f"cannot be compiled ({type(wrong).__name__})", 0)


def run(source: str, *, form: str, context: dict[str, Any], limit: int, work: int) -> str:
    """Render one part to at most `limit` bytes of UTF-8; TemplateFailed says line and reason.

    `context` is the caller's to use for one part after the other; each gets a budget of its own.
    """
    compiled = _compiled(form, source)
    if isinstance(compiled, _Broken):
        raise TemplateFailed(compiled.why, line=compiled.line)
    out: list[str] = []
    length = 0
    try:
        context[budget.KEY] = Budget(work)
        running = Context(compiled.environment, context, compiled.name, {})
        pieces = compiled.root_render_func(running)
        while length <= limit and (some := list(islice(pieces, _TOGETHER))):
            text = "".join(some)
            length += len(text)
            out.append(text)
        written = "".join(out)
        if length > limit or (not written.isascii() and len(_utf8(written)) > limit):
            raise Spent(f"puts out more than {limit} bytes")
    except (jinja2.UndefinedError, Spent) as wrong:
        # Both name names and types, never a value: what is said here is kept in dead letters.
        raise TemplateFailed(str(wrong)[:300], line=_line(wrong)) from None
    except Exception as wrong:  # noqa: BLE001 - no fault of a template may stop the house
        why = f"asks for what its data cannot give ({type(wrong).__name__})"
        raise TemplateFailed(why, line=_line(wrong)) from None
    return written


def _utf8(text: str) -> bytes:
    return text.encode(errors="replace")


def _line(wrong: BaseException) -> int:
    line, at = 0, wrong.__traceback__
    while at is not None:
        made = at.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(made, jinja2.Template):
            line = made.get_corresponding_lineno(at.tb_lineno)
        at = at.tb_next
    return line
