"""Words: what one intent says on each channel, rendered once and only where it is asked for."""

from schemas.records import Intent
from streams.core.planning.ack_links import AckLinks
from streams.core.planning.person import Person
from streams.core.rendering.render import (
    Reader,
    Rendered,
    Templates,
    Written,
    given,
    render,
    variant,
)
from streams.core.rendering.template import TemplateFailed


class Words:
    """Render an intent for one person, channel by channel."""

    __slots__ = (
        "_ack_links",
        "_ack_url",
        "_intent",
        "_made",
        "_reader",
        "_template",
        "_written",
        "known",
        "locale",
        "variant",
        "version",
    )

    def __init__(
        self, intent: Intent, *, templates: Templates, person: Person, ack_links: AckLinks
    ) -> None:
        self._intent = intent
        self._ack_links = ack_links
        self._ack_url: str | None = None
        self._template = (
            templates.find(tenant=intent.tenant, name=intent.template) if intent.template else None
        )
        # An intent that brings its own words needs no template.
        self.known = self._template is not None or bool(intent.subject or intent.body)
        self.locale = intent.locale or person.locale
        self.version = self._template.version if self._template is not None else ""
        self.variant = variant(self._template, intent.recipient) if self._template else ""
        name = person.recipient.name if person.recipient is not None else ""
        self._reader = Reader(id=intent.recipient, name=name, zone=person.zone)
        self._made: dict[str, Rendered] = {}
        self._written: Written = {}

    def on(self, channel: str) -> Rendered:
        """Give the words for a channel; TemplateFailed where there are none."""
        made = self._made.get(channel)
        if made is None:
            made = self._made[channel] = self._render(channel)
        return made

    def line(self, channel: str) -> str:
        """Give one line that stands for the message in a digest."""
        rendered = self.on(channel)
        return rendered.subject or rendered.text.partition("\n")[0] or self._intent.template

    def fault(self, channel: str) -> str:
        """Say what is wrong with the words for a channel; empty where nothing is."""
        if not self.known:
            return f"there is no template {self._intent.template[:80]!r}"
        try:
            self.on(channel)
        except TemplateFailed as failed:
            return str(failed)
        return ""

    def _render(self, channel: str) -> Rendered:
        if self._template is None:
            return given(self._intent, channel=channel, locale=self.locale)
        return render(
            self._template,
            intent=self._intent,
            channel=channel,
            locale=self.locale,
            variant=self.variant,
            reader=self._reader,
            written=self._written,
            ack_url=self._address,
        )

    def _address(self) -> str:
        if self._ack_url is None:
            self._ack_url = self._ack_links.url(self._intent)
        return self._ack_url
