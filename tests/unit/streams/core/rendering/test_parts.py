"""Everybody reads the language that is nearest to their own, and the words for their channel."""

import pytest

from schemas.notification import Template
from streams.core.rendering.parts import chosen, locales
from streams.core.rendering.template import TemplateFailed


def _chosen(
    parts: dict[str, str], *, wanted: str, channel: str = "email", variant: str = ""
) -> tuple[str | None, str]:
    template = Template(id="t", parts=parts)
    found = chosen(template, channel=channel, wanted=wanted, variant=variant)
    return found.sources.get("text"), found.language


@pytest.mark.parametrize(
    ("wanted", "default", "expected"),
    [
        ("de-AT", "en", ("de-at", "de", "en", "")),
        ("zh_Hant_TW", "en-GB", ("zh-hant-tw", "zh-hant", "zh", "en-gb", "en", "")),
        ("en", "en", ("en", "")),
        ("", "", ("",)),
    ],
)
def test_languages_fall_back(wanted: str, default: str, expected: tuple[str, ...]) -> None:
    """From the region to the language, then to the default, then to what has no language."""
    assert expected == locales(wanted, default)


@pytest.mark.parametrize(
    ("parts", "wanted", "expected"),
    [
        ({"*.text@de": "d", "*.text@en": "e"}, "de-AT", ("d", "de")),
        ({"*.text@de-at": "a", "*.text@de": "d"}, "de_AT", ("a", "de-at")),
        ({"*.text@DE_AT": "a", "*.text@de": "d"}, "de-AT", ("a", "de-at")),
        ({"*.text@de": "d", "*.text@en": "e"}, "fr", ("e", "en")),
        ({"*.text": "x", "*.text@de": "d"}, "fr", ("x", "en")),
        ({"*.text@de": "any", "email.text@en": "mail"}, "de", ("any", "de")),
        ({"*.text@de": "any", "email.text@de": "mail"}, "de", ("mail", "de")),
    ],
)
def test_the_nearest_language_wins(
    parts: dict[str, str], wanted: str, expected: tuple[str, str]
) -> None:
    """A text that can be read goes before one that was written for the channel."""
    assert expected == _chosen(parts, wanted=wanted)


def test_parts_stay_in_one_language() -> None:
    """A German text has no English subject where there is a German one, though for any channel."""
    template = Template(
        id="t",
        parts={"email.subject@en": "e", "*.subject@de": "d", "email.text@de": "t", "*.html": "h"},
    )
    found = chosen(template, channel="email", wanted="de", variant="")
    assert ({"subject": "d", "text": "t", "html": "h"}, "de") == (found.sources, found.language)


def test_a_variant_goes_first_where_it_has_words() -> None:
    """What a variant does not say is said as everybody reads it."""
    parts = {"*.text": "plain", "*.text#b": "other", "sms.text": "short"}
    assert ("other", "en") == _chosen(parts, wanted="", variant="b")
    assert ("plain", "en") == _chosen(parts, wanted="", variant="c")
    assert ("short", "en") == _chosen(parts, wanted="", channel="sms", variant="b")


def test_html_alone_is_enough_for_mail_and_for_nothing_else() -> None:
    """Only a mail makes its text of HTML."""
    assert (None, "en") == _chosen({"email.html@en": "x"}, wanted="en")
    with pytest.raises(TemplateFailed, match="no text for push"):
        _chosen({"*.html@en": "x"}, wanted="en", channel="push")
