"""Render: the words of one message, for one channel, in one language.

The same template, intent and reader always give the same message. What fails, fails whole:
no message leaves half-rendered.
"""

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from schemas.limits import KIB
from schemas.notification import Template
from schemas.reasons import Channel
from schemas.records import Intent
from streams.core.rendering import budget, template
from streams.core.rendering.filters import READER
from streams.core.rendering.own_words import BUILT_IN
from streams.core.rendering.parts import Chosen, chosen
from streams.core.rendering.sms_segments import fitted
from streams.core.rendering.template import TemplateFailed
from streams.core.rendering.text_form import cleaned, cut_bytes, for_slack, one_line, one_way

_FORMS = {"html": "html", "payload": "json"}
_EMAIL, _WEBHOOK, _SLACK = Channel.EMAIL.value, Channel.WEBHOOK.value, Channel.SLACK.value
_SMS, _PUSH = Channel.SMS.value, Channel.PUSH.value
_OF_MAIL = ("subject", "text", "html")
_OF_OTHERS = ("subject", "text")

ACK_URL = "ack_url"  # the name under which a template finds where to acknowledge its alert

# What parts say that are the same on every channel, by form, language and source.
Written = dict[tuple[str, str, str], str]


class Limits(Struct, frozen=True):
    """Bound what a message may be; `output_bytes` and `work` hold for each part by itself."""

    output_bytes: int = 64 * KIB
    work: int = budget.WORK
    subject_chars: int = 200
    sms_segments: int = 10


class Reader(Struct, frozen=True):
    """Hold what a template may know of who reads it: its name for them is `to`."""

    id: str = ""
    name: str = ""
    zone: str = ""


class Rendered(Struct, frozen=True):
    """Hold the words of one message; what a channel does not need is empty."""

    subject: str = ""
    text: str = ""
    html: str = ""
    payload: dict[str, Any] = {}
    locale: str = ""


LIMITS = Limits()
NOBODY = Reader()


class Templates:
    """Find a tenant's templates by name; the last record of a name counts."""

    def __init__(self, records: Iterable[Template] = ()) -> None:
        self._named = {(record.tenant, record.id): record for record in records}

    def find(self, *, tenant: str, name: str) -> Template | None:
        """Give the tenant's template, else the built-in one of that name, else None."""
        return self._named.get((tenant, name)) or BUILT_IN.get(name)


def variant(template: Template, recipient: str) -> str:
    """Choose the variant that this recipient sees, always the same for one experiment."""
    if not template.variants:
        return ""
    weights = sorted((name, weight) for name, weight in template.variants.items() if weight > 0)
    total = sum(weight for _, weight in weights)
    if not total:
        return ""
    hashed = sha256(f"{template.experiment or template.id}\0{recipient}".encode()).digest()
    drawn = int.from_bytes(hashed[:8], "big") % total
    for name, weight in weights:
        drawn -= weight
        if drawn < 0:
            return name
    return ""


def render(
    template: Template,
    *,
    intent: Intent,
    channel: str,
    locale: str = "",
    variant: str = "",
    reader: Reader = NOBODY,
    limits: Limits = LIMITS,
    written: Written | None = None,
    ack_url: Callable[[], str] = str,
) -> Rendered:
    """Write the message of an intent for one channel; TemplateFailed where it cannot be.

    `locale` is the reader's; what the message is in stands in `Rendered.locale`.
    A template finds the intent's data by name, and beside it `data`, `channel`, `to` (id, name,
    zone, locale), `ends`, and `priority`, `type` and `ack_url` where the data has none.
    `written` remembers parts from one channel of the same intent and reader to the next.
    `ack_url` is asked only by a template that names it, for it is signed; it may give no address.
    """
    found = chosen(template, channel=channel, wanted=locale, variant=variant)
    spoken = found.language
    context: dict[str, Any] = {
        "priority": intent.priority,
        "type": intent.type,
        "ends": intent.ends,
        **intent.data,
        "data": intent.data,
        "channel": channel,
        READER: {"id": reader.id, "name": reader.name, "zone": reader.zone, "locale": spoken},
    }
    known = {} if written is None else written
    run = partial(
        _run, template, found, context=context, limits=limits, known=known, ack_url=ack_url
    )
    parts = {part: run(part) for part in (_OF_MAIL if channel == _EMAIL else _OF_OTHERS)}
    html = parts.get("html", "")
    made = Rendered(
        subject=one_line(parts["subject"], limit=limits.subject_chars),
        text=(parts["text"] or _text_of(html)).strip(),
        html=html,
        locale=spoken,
    )
    if channel == _WEBHOOK:
        payload = _payload(run("payload"), intent, made, template)
        return msgspec.structs.replace(made, payload=payload)
    if not made.text:
        raise TemplateFailed("the text is empty", template=template.id, part="text")
    return _shaped(made, channel=channel, limits=limits)


def given(intent: Intent, *, channel: str, locale: str = "", limits: Limits = LIMITS) -> Rendered:
    """Write the message of an intent that brings its own subject or body."""
    # A text is cut with room for the escapes that Slack's form of it may need.
    body = cut_bytes(cleaned(intent.body), limit=limits.output_bytes).strip()
    subject = one_line(intent.subject, limit=limits.subject_chars)
    text = body or subject
    if channel in {_SMS, _SLACK} and subject and not body.startswith(subject):
        text = f"{subject}\n{body}".strip()
    if channel == _SLACK:
        text = for_slack(text)
    made = Rendered(subject=subject, text=text, locale=intent.locale or locale)
    if channel == _WEBHOOK:
        return msgspec.structs.replace(made, payload=_payload("", intent, made, None))
    return _shaped(made, channel=channel, limits=limits)


def _shaped(made: Rendered, *, channel: str, limits: Limits) -> Rendered:
    if channel == _SMS:
        text = fitted(one_way(made.text), limit=limits.sms_segments)
        return msgspec.structs.replace(made, text=text)
    if not made.subject and channel in {_EMAIL, _PUSH}:
        subject = one_line(made.text.partition("\n")[0], limit=100)
        return msgspec.structs.replace(made, subject=subject)
    return made


def _run(
    record: Template,
    found: Chosen,
    part: str,
    *,
    context: dict[str, Any],
    limits: Limits,
    known: Written,
    ack_url: Callable[[], str],
) -> str:
    source = found.sources.get(part)
    if source is None:
        return ""
    slack = part == "text" and context["channel"] == _SLACK
    form = "slack" if slack else _FORMS.get(part, "plain")
    place = (form, found.language, source)
    if place in known:
        return known[place]
    if ACK_URL in source and ACK_URL not in context:
        context[ACK_URL] = ack_url()
    try:
        written = cleaned(
            template.run(
                source, form=form, context=context, limit=limits.output_bytes, work=limits.work
            )
        )
    except TemplateFailed as failed:
        raise TemplateFailed(failed.why, template=record.id, part=part, line=failed.line) from None
    if "channel" not in source:  # only what names the channel can say something else on another
        known[place] = written
    return written


def _text_of(html: str) -> str:
    if not html:
        return ""
    # Loaded where it is needed: it takes a fifth of a second, and few templates are HTML alone.
    import inscriptis

    try:
        return str(inscriptis.get_text(html))
    except Exception as wrong:  # noqa: BLE001 - a parser of foreign text
        why = f"has HTML of which no text can be made ({type(wrong).__name__})"
        raise TemplateFailed(why, part="html") from None


def _payload(
    written: str, intent: Intent, made: Rendered, record: Template | None
) -> dict[str, Any]:
    if not written:
        return {
            "type": intent.type,
            "template": intent.template,
            "subject": made.subject,
            "text": made.text,
            "data": intent.data,
        }
    try:
        return msgspec.json.decode(written, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        name = record.id if record else ""
        why = "the payload is no JSON object once it is rendered"
        raise TemplateFailed(why, template=name, part="payload") from None
