"""A template can do what messages need, and nothing that harms whoever renders it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.template_language import FILTERS, TESTS, fault
from streams.core.rendering import filters
from streams.core.rendering.budget import WORK
from streams.core.rendering.template import FORMS, TemplateFailed, run

LIMIT = 64 * 1024
DATA = {
    "title": "Disk <full> & co",
    "labels": {"team": "db", "env": "prod", "items": "own"},
    "links": ["https://example.org/a", "b"],
    "count": 3,
    "ratio": 0.5,
    "none": None,
    "nested": {"a": [{"b": "c"}]},
    "large": "x" * 100_000,
    "many": list(range(5_000)),
}


def _run(source: str, *, form: str = "plain", limit: int = LIMIT) -> str:
    return run(source, form=form, context=DATA, limit=limit, work=WORK)


def _refusal(source: str, *, form: str = "plain") -> TemplateFailed:
    with pytest.raises(TemplateFailed) as refused:
        _run(source, form=form)
    return refused.value


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ title }}", "Disk <full> & co"),
        ("{{ labels.team }} {{ labels['env'] }} {{ labels.items }}", "db prod own"),
        ("{% for k, v in labels.items() %}{{ k }}={{ v }};{% endfor %}",
         "team=db;env=prod;items=own;"),
        ("{% for x in links %}{{ loop.index }}/{{ loop.length }} {{ x }} {% endfor %}",
         "1/2 https://example.org/a 2/2 b "),
        ("{% for x in nope | default([]) %}x{% else %}none{% endfor %}", "none"),
        ("{{ nested.a[0].b }}{{ title[:4] }}", "cDisk"),
        ("{{ 'many' if count > 2 else 'few' }} {{ count in [1, 3] }}", "many true"),
        ("{{ none }}{{ nope | default('?') }}{{ nope is defined }}", "?false"),
        ("{{ labels.env ~ '/' ~ count }} {{ 'a' + 'b' }} {{ count * 2 - 1 }}", "prod/3 ab 5"),
        ("{% set x = count %}{{ x }} {{ x % 2 }} {{ 7 // 2 }}", "3 1 3"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012"),
        ("{{ title.upper() }} {{ labels.get('x', 'y') }}", "DISK <FULL> & CO y"),
        ("{{ links | join(', ') }} {{ links | length }}", "https://example.org/a, b 2"),
        ("{{ links }} {{ labels.team | tojson }}", '["https://example.org/a", "b"] "db"'),
        ("{{ title | replace('Disk', 'Tape') | truncate(7) }}", "Tape <…"),
        ("{{ 'a\r\nb' | line }} {{ 3 | priority }} {{ 1700000000000 | datetime }}",
         "a b critical 2023-11-14 22:13 UTC"),
        ("{{ 1700000000000 | datetime('Europe/Vienna', '%d.%m. %H:%M') }}", "14.11. 23:13"),
        ("{{ 7500000 | span }} {{ 0 | span }} {{ ratio | round(1) }}", "2 h 5 min 0 s 0.5"),
    ],
)  # fmt: skip
def test_what_messages_need_can_be_said(source: str, told: str) -> None:
    """Loops, choices, defaults, dates and lists work as people know them from Jinja2."""
    assert told == _run(source)
    assert fault(source) is None


@pytest.mark.parametrize(
    "source",
    [
        "{{ title.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ title['__class__'] }}",
        "{{ labels | attr('keys') }}",
        "{{ self._TemplateReference__context }}",
        "{{ loop }}",
        "{% for x in links %}{{ loop._iterator }}{% endfor %}",
        "{% for x in links %}{{ loop }}{% endfor %}",
        "{{ cycler('a').next() }}",
        "{{ namespace(x=1).x }}",
        "{{ lipsum() }}",
        "{{ '{0.__class__}'.format(title) }}",
        "{{ '%s' | format(title) }}",
        "{{ title % 3 }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set x %}y{% endset %}",
        "{% for x in links recursive %}{{ loop(links) }}{% endfor %}",
        "{{ range(*links) }}",
        "{{ [title, title] }}",
        "{{ {'a': title} }}",
        "{{ 2 ** 3 }}",
        "{% autoescape false %}{{ title }}{% endautoescape %}",
        "{{ title | safe }}",
        "{{ context }}",
        "{{ '0budget' | upper",
        "{{ nope }}",
        "{{ nope.a }}",
        "{{ labels.nope }}",
        "{{ nope ~ 'a' }}",
        "{{ nope == 1 }}",
        "{% for x in nope %}{% endfor %}",
        "{% for x in count %}{% endfor %}",
        "{{ nope | upper }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{{ -title }}",
        "{{ 10 | datetime('', '%9999999d') }}",
        "{{ 99999999999999999999 | datetime }}",
        "{{ title | datetime }}",
        "{{ links | sort | sum }}",
        "{{ labels | upper | items }}",
        "{{ title | truncate(1, 2, 3, 4) }}",
    ],
)
def test_what_could_harm_is_refused(source: str) -> None:
    """No attribute of an object, no call, no undefined name, and no other file is reached."""
    assert _refusal(source).why


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 100000000 }}",
        "{{ large * 10000 }}",
        "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
        "{% for a in large %}{% for b in large %}{{ '' if a == b }}{% endfor %}{% endfor %}",
        "{{ range(1000000000) | join }}",
        "{{ 5 in range(1000000000) }}",
        "{% set a = large %}" + "{% set a = a ~ a %}" * 40,
        "{% set a = large %}" + "{% set a = a + a %}" * 40,
        "{% set a = many %}" + "{% set a = a + a %}" * 40,
        "{% set a = 9 %}" + "{% set a = a * a %}" * 40,
        "{{ large | replace('x', large) }}",
        "{{ large | replace('', large) }}",
        "{{ many | join(large) }}",
        "{% for i in range(9999) %}{{ large in large }}{% endfor %}",
        "{% for i in range(9999) %}{% set x = large | upper | lower %}{% endfor %}",
        "{% for i in range(9999) %}{% set x = many | sort | length %}{% endfor %}",
        "{% for i in range(9999) %}{% set x = nested | tojson %}{{ many | tojson }}{% endfor %}",
        "{% for i in many if large == large %}{% endfor %}",
        "{{ large | indent(1000000000) }}" * 3,
        "{{" + "(" * 20_000 + "1" + ")" * 20_000 + "}}",
        "{{ a" + ".a" * 5_000 + " }}",
        "{% if a %}" * 5_000 + "{% endif %}" * 5_000,
        "x" * 70_000,
    ],
)
def test_nothing_runs_away(source: str) -> None:
    """What would take seconds or gigabytes is stopped after milliseconds of work."""
    began = time.process_time()
    _refusal(source)
    assert time.process_time() - began < 10  # tens of milliseconds; room for a slow machine


def test_the_output_is_capped_while_it_is_made() -> None:
    """A message longer than its limit is no message, whatever its characters weigh."""
    assert "ab" == _run("ab", limit=2)
    with pytest.raises(TemplateFailed, match="more than 2 bytes"):
        _run("abc", limit=2)
    with pytest.raises(TemplateFailed, match="more than 2 bytes"):
        _run("€", limit=2)


def test_a_failure_names_its_line() -> None:
    """Whoever wrote the template finds the place, when it is compiled and when it runs."""
    assert 3 == _refusal("a\nb\n{{ nope }}").line
    assert 2 == _refusal("a\n{% if %}").line


def test_a_failure_repeats_no_value() -> None:
    """What stands in dead letters and logs does not give away what a message said."""
    context = {"secret": "hunter2"}
    for source in ("{{ secret + 1 }}", "{{ secret | abs }}", "{{ secret.a }}", "{{ -secret }}"):
        with pytest.raises(TemplateFailed) as refused:
            run(source, form="plain", context=context, limit=LIMIT, work=WORK)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("plain", '<!channel> & "it\'s"'),
        ("html", "&lt;!channel&gt; &amp; &#34;it&#39;s&#34;"),
        ("slack", '&lt;!channel&gt; &amp; "it\'s"'),
        ("json", '<!channel> & \\"it\'s\\"'),
    ],
)
def test_values_are_escaped_for_their_part(form: str, told: str) -> None:
    """What a stranger wrote into an alert is shown letter by letter, and does nothing."""
    value = '<!channel> & "it\'s"'
    written = run("{{ x }}", form=form, context={"x": value}, limit=LIMIT, work=WORK)
    assert told == written


def test_links_are_links_alone() -> None:
    """A link can be made of a web address, and of nothing that would run or call people."""
    assert "#" == _run("{{ 'java\nscript:x' | web_link }}", form="html")
    assert "<https://a.example/?b&amp;c|d &amp; e>" == _run(
        "{{ 'https://a.example/?b&c' | slack_link('d & e') }}", form="slack"
    )
    assert "&lt;!channel&gt;" == _run("{{ '<!channel>' | slack_link }}", form="slack")
    assert "<https://a!here>" == _run("{{ 'https://a|<!here>' | slack_link }}", form="slack")


def test_the_lists_agree() -> None:
    """What is accepted when a template is loaded is there when it is rendered."""
    hidden = {filters.RANGE, filters.STEPS, filters.TOGETHER, filters.WEIGHED}
    assert FILTERS == filters.FILTERS.keys() - hidden
    for name in TESTS - {"divisibleby"}:
        assert _run(f"{{{{ count is {name} }}}}") in {"true", "false"}


NAMES = st.sampled_from(("title", "labels", "links", "count", "none", "large", "many", "nope", "x"))
VALUES = st.recursive(
    NAMES | st.sampled_from(("1", "'a'", "[1, 2]", "''", "0", "-1", "1e300", "99999999999999999")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(sorted(FILTERS))).map(" | ".join),
        st.tuples(inner, st.sampled_from(sorted(FILTERS)), inner).map(
            lambda drawn: f"{drawn[0]} | {drawn[1]}({drawn[2]})"
        ),
        st.tuples(inner, st.sampled_from("+-*/%~<=."), inner).map(
            lambda drawn: f"({drawn[0]}) {drawn[1] * (2 if drawn[1] == '=' else 1)} ({drawn[2]})"
        ),
        inner.map(lambda value: f"range({value})"),
        st.tuples(inner, inner).map(lambda drawn: f"{drawn[0]}[{drawn[1]}]"),
    ),
    max_leaves=4,
)
PIECES = st.one_of(
    st.text(max_size=8),
    VALUES.map(lambda value: "{{ " + value + " }}"),
    VALUES.map(lambda value: "{% set x = " + value + " %}"),
    VALUES.map(lambda value: "{% for x in " + value + " %}{{ x }}{% endfor %}"),
    VALUES.map(lambda value: "{% if " + value + " %}y{% else %}n{% endif %}"),
    st.sampled_from(("{{", "}}", "{%", "%}", "{#", "-%}", "{% endfor %}", "{% for a in b %}")),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=5).map("".join), st.sampled_from(sorted(FORMS)))
def test_whatever_is_written_renders_or_fails_cleanly(source: str, form: str) -> None:
    """No template can raise anything but its own failure, nor put out more than the limit."""
    try:
        told = run(source, form=form, context=DATA, limit=1000, work=WORK)
    except TemplateFailed:
        return
    assert len(told.encode(errors="replace")) <= 1000
    assert fault(source) is None


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from(("{{ x }}", "{{ x ~ '' }}", "{{ [x] }}", "{{ x | upper }}")))
def test_html_is_always_escaped(value: str, source: str) -> None:
    """Nothing that comes with the data can open a tag or leave an attribute."""
    try:
        told = run(source, form="html", context={"x": value}, limit=LIMIT, work=WORK)
    except TemplateFailed:
        return
    assert not set("<>\"'") & set(told)
