"""Templates from files are made flat and versioned by what they say, or refused."""

from pathlib import Path

import pytest

from connectors.admin.control_files import load
from schemas.errors import ConfigurationError
from schemas.notification import Template
from tests.builders import NOON


def _load(tmp_path: Path, text: str) -> Template:
    file = tmp_path / "templates.yaml"
    file.write_text(text)
    (template,) = load([file], now=NOON).records
    assert isinstance(template, Template)
    return template


def _refusal(tmp_path: Path, entry: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        _load(tmp_path, f"templates:\n  - id: a\n    {entry}\n")
    return str(refused.value)


def test_parts_are_made_flat(tmp_path: Path) -> None:
    """A channel may speak languages or none; variants keep their names."""
    text = """
templates:
  - id: a
    variants: {warm: 1, plain: 2}
    parts:
      "*":
        en: {subject: s, "subject#warm": w, text: t}
        de-AT: {text: u}
      sms: {text: v}
      webhook:
        payload: {title: "{{ title }}", count: 1}
"""
    assert {
        "*.subject@en": "s",
        "*.subject@en#warm": "w",
        "*.text@en": "t",
        "*.text@de-AT": "u",
        "sms.text": "v",
        "webhook.payload": '{\n "title": "{{ title }}",\n "count": 1\n}',
    } == _load(tmp_path, text).parts


def test_the_version_follows_what_is_said(tmp_path: Path) -> None:
    """The same words have the same version, and other words another."""
    first = _load(tmp_path, "templates:\n  - {id: a, parts: {sms: {text: x}}}\n")
    again = _load(tmp_path, "templates:\n  - parts: {sms: {text: x}}\n    id: a\n")
    other = _load(tmp_path, "templates:\n  - {id: a, parts: {sms: {text: y}}}\n")
    assert 12 == len(first.version)
    assert first.version == again.version
    assert first.version != other.version


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("parts: {}", "a template without parts says nothing"),
        ("parts: [x]", "templates.yaml:3: templates[a].parts: expected names and values"),
        ("parts: {fax: {text: x}}", "parts.fax: 'fax' is none of *, email"),
        ("parts: {sms: {text: 7}}", "parts.sms.text: expected a text"),
        ("parts: {sms: {en: {body: x}}}", "'body' is none of subject, text, html, payload"),
        ("parts: {sms: {english words: {text: x}}}", "is no locale"),
        ("parts:\n      sms:\n        text: '{% if %}'", "templates.yaml:5: templates[a].parts"),
        ("parts: {sms: {text: '{{ x | shout }}'}}", "there is no filter 'shout'"),
        ("parts: {sms: {text: '{% include \"x\" %}'}}", "include is not among"),
        ('parts: {sms: {text: "{{ x.__class__() }}"}}', "can be called"),
        ("parts:\n      sms:\n        text: |\n          a\n          {{ b", "text: line 2: "),
        ("parts: {sms: {'text#warm': x}}", "'warm' is not among the variants"),
        ("parts: {sms: {text: x}}\n    variants: {a: 0}", "needs a weight above 0"),
        ("parts: {sms: {text: x}}\n    variants: {a: -1, b: 1}", "a weight is not negative"),
        ("parts: {sms: {text: x}}\n    default_locale: '?'", "is no locale"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, entry: str, said: str) -> None:
    """A template that planning would refuse is refused before it is loaded."""
    assert said in _refusal(tmp_path, entry)
