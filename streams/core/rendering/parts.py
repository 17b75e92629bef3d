"""Parts: which of a template's texts make the message for one channel, language and variant."""

from collections.abc import Mapping

from msgspec import Struct

from schemas.notification import Template
from schemas.reasons import Channel
from streams.core.rendering.template import TemplateFailed

ANY = "*"
PARTS = ("subject", "text", "html", "payload")
_MAIN: Mapping[str, tuple[str, ...]] = {
    Channel.EMAIL: ("text", "html"),
    Channel.WEBHOOK: ("payload", "text"),
}
_TEXT = ("text",)
_REMEMBERED = 4096


class Chosen(Struct, frozen=True):
    """Hold the sources of one message, and the language that it is in."""

    sources: Mapping[str, str]
    language: str


_chosen: dict[tuple[int, str, str, str], tuple[Template, Chosen]] = {}


def chosen(template: Template, *, channel: str, wanted: str, variant: str) -> Chosen:
    """Choose the parts of a message; TemplateFailed where there is nothing for the channel.

    The language is the first in which there is a text for the channel; a part that is missing in
    it comes from the next. Within a language the channel's own part goes before the one for any
    channel, and the variant's before the plain one.
    """
    # The same few are asked for again and again. A template is known by being the same object,
    # held here, so that no other can come to stand under its number.
    place = (id(template), channel, wanted, variant)
    known = _chosen.get(place)
    if known is not None and known[0] is template:
        return known[1]
    found = _choose(template, channel=channel, wanted=wanted, variant=variant)
    if len(_chosen) >= _REMEMBERED:
        _chosen.clear()
    _chosen[place] = (template, found)
    return found


def locales(wanted: str, default: str) -> tuple[str, ...]:
    """List the languages to try: `de-AT`, `de`, then the default likewise, then none named."""
    out: list[str] = []
    for tag in (wanted, default):
        words = tag.replace("_", "-").lower().split("-") if tag else []
        out += ["-".join(words[:length]) for length in range(len(words), 0, -1)]
    return (*dict.fromkeys(out), "")


def _choose(template: Template, *, channel: str, wanted: str, variant: str) -> Chosen:
    given = _plain_names(template)
    main = _MAIN.get(channel, _TEXT)
    chain = locales(wanted, template.default_locale)
    for place, language in enumerate(chain):
        if all(_at(given, part, language, channel, variant) is None for part in main):
            continue
        found = {part: _first(given, part, chain[place:], channel, variant) for part in PARTS}
        sources = {part: source for part, source in found.items() if source is not None}
        return Chosen(sources, language or template.default_locale)
    raise TemplateFailed(f"has no {' or '.join(main)} for {channel}", template=template.id)


def _first(
    given: Mapping[str, str], part: str, chain: tuple[str, ...], channel: str, variant: str
) -> str | None:
    for language in chain:
        source = _at(given, part, language, channel, variant)
        if source is not None:
            return source
    return None


def _at(
    given: Mapping[str, str], part: str, language: str, channel: str, variant: str
) -> str | None:
    tag = f"@{language}" if language else ""
    for way in (channel, ANY):
        for mark in (f"#{variant}", "") if variant else ("",):
            source = given.get(f"{way}.{part}{tag}{mark}")
            if source is not None:
                return source
    return None


def _plain_names(template: Template) -> Mapping[str, str]:
    # Languages are written de-AT, de-at or de_AT; the names of variants are taken as they are.
    out: dict[str, str] = {}
    for name, source in template.parts.items():
        part, mark, variant = name.partition("#")
        out[part.replace("_", "-").lower() + mark + variant] = source
    return out
