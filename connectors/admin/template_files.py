"""Templates as people write them: parts by channel and language, made flat and looked through."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from connectors.admin.people_checks import check_locale
from connectors.admin.wrong import Wrong, among
from schemas.notification import Template
from schemas.template_language import fault
from schemas.wishes import ANY, CHANNELS

PARTS = ("subject", "text", "html", "payload")
_VERSION_DIGITS = 12


def flat_parts(given: Any) -> dict[str, str]:
    """Write `email: {de: {text: ...}}`, or without a language, as `email.text@de: ...`.

    A payload may be written as names and values, and becomes the text of that JSON.
    """
    out: dict[str, str] = {}
    for channel, inner in _pairs("parts", given):
        among(f"parts.{channel}", channel, (ANY, *CHANNELS))
        for name, value in _pairs(f"parts.{channel}", inner):
            if _is_part(name):
                out[_name(channel, name, "")] = _text(f"parts.{channel}.{name}", value)
                continue
            if not name:
                raise Wrong(f"parts.{channel}", "an empty name is no language")
            check_locale(f"parts.{channel}.{name}", name)
            for part, source in _pairs(f"parts.{channel}.{name}", value):
                field = f"parts.{channel}.{name}.{part}"
                if not _is_part(part):
                    raise Wrong(field, f"{part!r} is none of {', '.join(PARTS)}")
                out[_name(channel, part, name)] = _text(field, source)
    return out


def versioned(template: Template) -> Template:
    """Give the template its version: the first 12 hex digits of a SHA-256 over what it says."""
    said = msgspec.structs.asdict(msgspec.structs.replace(template, version=""))
    written = json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
    return msgspec.structs.replace(template, version=sha256(written).hexdigest()[:_VERSION_DIGITS])


def check_template(template: Template) -> None:
    """Return if every part can be taken; Wrong names the part and its line if not."""
    if not template.parts:
        raise Wrong("parts", "a template without parts says nothing")
    check_locale("default_locale", template.default_locale)
    for name, source in template.parts.items():
        field = _field(name)
        found = fault(source)
        if found:
            line = f"line {found.line}: " if found.line > 1 else ""
            raise Wrong(field, f"{line}{found.why}")
        variant = name.partition("#")[2]
        if variant and variant not in template.variants:
            raise Wrong(field, f"{variant!r} is not among the variants")
    for variant, weight in template.variants.items():
        if not variant or any(mark in variant for mark in "#@."):
            raise Wrong(f"variants.{variant}", "a variant's name has no #, @ or .")
        if weight < 0:
            raise Wrong(f"variants.{variant}", "a weight is not negative")
    if template.variants and not any(template.variants.values()):
        raise Wrong("variants", "one of them needs a weight above 0")


def _pairs(field: str, given: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        raise Wrong(field, "expected names and values")
    yield from given.items()


def _is_part(name: str) -> bool:
    return name.partition("#")[0] in PARTS


def _name(channel: str, part: str, locale: str) -> str:
    plain, mark, variant = part.partition("#")
    return f"{channel}.{plain}{'@' + locale if locale else ''}{mark}{variant}"


def _field(name: str) -> str:
    plain, mark, variant = name.partition("#")
    place, _, locale = plain.partition("@")
    channel, _, part = place.partition(".")
    return ".".join(word for word in ("parts", channel, locale, part + mark + variant) if word)


def _text(field: str, value: Any) -> str:
    if field.rpartition(".")[2].partition("#")[0] == "payload" and isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, indent=1)
    if not isinstance(value, str):
        raise Wrong(field, "expected a text")
    return value
