"""A message is whole, in the reader's language, in the form its channel needs, or it is not."""

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.notification import Template
from schemas.reasons import Channel, Reason
from schemas.records import Intent
from streams.core.rendering.own_words import ALERT, DIGEST
from streams.core.rendering.render import (
    Limits,
    Reader,
    Rendered,
    Templates,
    given,
    render,
    variant,
)
from streams.core.rendering.sms_segments import segments
from streams.core.rendering.template import TemplateFailed

INTENT = Intent(recipient="ann", template="a", data={"title": "Disk <full> & co"}, type="alert")


def _template(**parts: str) -> Template:
    named = {name.replace("_", ".", 1).replace("any", "*", 1): text for name, text in parts.items()}
    return Template(id="a", parts=named)


def test_a_mail_has_a_subject_a_text_and_html() -> None:
    """Each part is written in its own form, and the subject stands on one line."""
    template = _template(
        any_subject="{{ title }}\n\tnow", any_text=" {{ title }}\n", email_html="<p>{{ title }}</p>"
    )
    told = render(template, intent=INTENT, channel="email")
    assert "Disk <full> & co now" == told.subject
    assert "Disk <full> & co" == told.text
    assert "<p>Disk &lt;full&gt; &amp; co</p>" == told.html


def test_a_mail_of_html_alone_gets_a_text() -> None:
    """Whoever cannot read HTML reads the same words, and links stay."""
    template = _template(any_subject="s", email_html="<h1>{{ title }}</h1><p>Second &amp; last</p>")
    text = render(template, intent=INTENT, channel="email").text
    assert ["Disk <full> & co", "Second & last"] == [line for line in text.split("\n") if line]


def test_what_was_written_for_one_channel_serves_the_next() -> None:
    """Parts are kept from channel to channel, and a message says what it says alone."""
    plain = _template(any_subject="{{ title }}", any_text="{{ title }} by {{ channel }}")
    for template in (plain, ALERT, DIGEST):
        intent = replace(INTENT, data={"title": "a<b", "items": ["c"], "more": 0, "count": 1})
        kept: dict[tuple[str, str, str], str] = {}
        for channel in Channel:
            alone = render(template, intent=intent, channel=channel.value)
            assert alone == render(template, intent=intent, channel=channel.value, written=kept)
        assert kept


def test_a_subject_that_is_missing_is_the_first_line() -> None:
    """No mail and no push message goes out without a title."""
    template = _template(any_text="first\nsecond")
    assert "first" == render(template, intent=INTENT, channel="email").subject
    assert "first" == render(template, intent=INTENT, channel="push").subject


@pytest.mark.parametrize(
    "injected", ["a\r\nBcc: x@example.org", "a\nb", "a\0b", "a\x85b", "a\u2028b"]
)
def test_no_header_is_injected(injected: str) -> None:
    """A title with line ends cannot write a header of its own."""
    intent = Intent(recipient="ann", data={"title": injected}, subject=injected, body="b")
    template = _template(any_subject="{{ title }}", any_text="x")
    for told in (
        render(template, intent=intent, channel="email"),
        given(intent, channel="email"),
    ):
        assert 1 == len(told.subject.splitlines())
        assert told.subject.isprintable()


def test_slack_shows_strangers_words_letter_by_letter() -> None:
    """A title cannot call a channel; what the template's author wrote stays as it is."""
    intent = Intent(recipient="ann", data={"title": "<!channel> & <@U1>"}, body="<!here>")
    template = _template(slack_text="*{{ title }}* <https://example.org|more>")
    told = render(template, intent=intent, channel="slack").text
    assert "*&lt;!channel&gt; &amp; &lt;@U1&gt;* <https://example.org|more>" == told
    assert "&lt;!here&gt;" == given(intent, channel="slack").text


def test_a_short_message_is_cut_and_clean() -> None:
    """Ten segments at most, no control characters, nothing that turns the writing round."""
    intent = Intent(recipient="ann", data={"title": "a\u202eb\x07c " + "long " * 1000})
    text = render(_template(sms_text="{{ title }}"), intent=intent, channel="sms").text
    assert text.startswith("abc long")
    assert text.endswith("...")
    assert 10 == segments(text)


def test_a_webhook_says_what_there_is() -> None:
    """Without a payload of its own a webhook gets type, template, subject, text and data."""
    template = _template(any_subject="s", any_text="{{ title }}")
    told = render(template, intent=INTENT, channel="webhook")
    assert {
        "type": "alert",
        "template": "a",
        "subject": "s",
        "text": "Disk <full> & co",
        "data": {"title": "Disk <full> & co"},
    } == told.payload


@settings(max_examples=100, deadline=None)
@drawn(st.text(), st.integers(min_value=-(2**53), max_value=2**53))
def test_a_payload_stays_json(title: str, number: int) -> None:
    """Whatever a value holds, it cannot leave its quotes."""
    template = _template(webhook_payload='{"t": "{{ t }}", "n": {{ n }}, "b": {{ t | tojson }}}')
    intent = Intent(recipient="ann", data={"t": title, "n": number})
    told = render(template, intent=intent, channel="webhook").payload
    clean = "".join(c for c in title if c >= " " or c in "\t\n\r")
    if clean == title and title.isprintable():
        assert {"t": title, "n": number, "b": title} == told
    assert {"t", "n", "b"} == told.keys()


@pytest.mark.parametrize("payload", ["[1]", "{", "7", '{"a": {{ title }}}', "[" * 5000])
def test_a_payload_that_is_no_object_fails(payload: str) -> None:
    """A receiver never gets half a document."""
    with pytest.raises(TemplateFailed, match="JSON object") as failed:
        render(_template(webhook_payload=payload), intent=INTENT, channel="webhook")
    assert ("a", "payload") == (failed.value.template, failed.value.part)
    assert Reason.TEMPLATE_FAILED == failed.value.reason


def test_a_failure_names_template_part_and_line() -> None:
    """Whoever mends the template knows where to look."""
    with pytest.raises(TemplateFailed) as failed:
        render(_template(any_text="a\n{{ nope }}"), intent=INTENT, channel="sms")
    assert "a, text, line 2: 'nope' is undefined" == str(failed.value)


def test_a_channel_without_words_fails() -> None:
    """A template that has nothing for a channel says so, and so does one that renders nothing."""
    with pytest.raises(TemplateFailed, match="a: has no text for sms"):
        render(_template(email_text="x"), intent=INTENT, channel="sms")
    with pytest.raises(TemplateFailed, match="the text is empty"):
        render(_template(any_text=" \n "), intent=INTENT, channel="sms")


def test_too_much_text_fails_whole() -> None:
    """No half of a message is sent."""
    with pytest.raises(TemplateFailed, match="more than 10 bytes"):
        render(
            _template(any_text="{{ title }}"),
            intent=INTENT,
            channel="push",
            limits=Limits(output_bytes=10),
        )


def test_a_template_knows_its_reader_and_intent() -> None:
    """Data goes by name, and what the data does not say comes from the intent."""
    intent = Intent(recipient="ann", data={"channel": "tv", "type": "own"}, priority=3, ends=True)
    source = "{{ to.name }} {{ channel }} {{ data.channel }} {{ type }} {{ priority }} {{ ends }}"
    told = render(
        _template(any_text=source + " {{ 1700000000000 | datetime }}"),
        intent=intent,
        channel="sms",
        reader=Reader(id="ann", name="Ann", zone="America/New_York"),
    )
    assert "Ann sms tv own 3 true 2023-11-14 17:13 EST" == told.text


def test_an_intent_may_bring_its_words() -> None:
    """Subject and body need no template, and each channel gets them in its form."""
    intent = Intent(recipient="ann", subject="Hello", body="line <1>\r\nline 2\0")
    assert ("Hello", "line <1>\nline 2") == (
        given(intent, channel="email").subject,
        given(intent, channel="email").text,
    )
    assert "Hello\nline <1>\nline 2" == given(intent, channel="sms").text
    assert "Hello\nline &lt;1&gt;\nline 2" == given(intent, channel="slack").text
    assert "Hello" == given(Intent(recipient="ann", subject="Hello"), channel="email").text
    assert "B" == given(Intent(recipient="ann", body="B"), channel="push").subject
    assert "line <1>\nline 2" == given(intent, channel="webhook").payload["text"]


def test_a_long_body_is_cut_and_marked() -> None:
    """What an intent brings is never refused for its length."""
    told = given(Intent(recipient="ann", body="ü" * 100_000), channel="email").text
    assert told.endswith("…")
    assert len(told.encode()) <= 64 * 1024


def test_everybody_sees_one_variant_for_ever() -> None:
    """The choice follows from experiment and person, about as often as the weights say."""
    template = Template(id="t", experiment="e", variants={"a": 1, "b": 3, "off": 0})
    seen = [variant(template, f"p{number}") for number in range(2000)]
    assert seen == [variant(template, f"p{number}") for number in range(2000)]
    assert {"a", "b"} == set(seen)
    assert 400 < seen.count("a") < 600
    assert "" == variant(Template(id="t"), "p")
    # On record: another hash would show half of the people the other words.
    assert ["b", "b", "a", "a", "b", "b"] == seen[:6]


def test_the_address_to_acknowledge_is_asked_for_only_where_it_is_named() -> None:
    """It costs a signature, so a template that does not name it does not pay; data goes before."""
    asked: list[str] = []

    def ack_url() -> str:
        asked.append("asked")
        return "https://a.example/a/b"

    def told(text: str, **data: object) -> str:
        template = Template(id="t", parts={"*.text": text})
        intent = Intent(recipient="ann", data=data)
        return render(template, intent=intent, channel="sms", ack_url=ack_url).text

    assert ("x", []) == (told("x"), asked)
    assert ("own", []) == (told("{{ ack_url }}", ack_url="own"), asked)
    assert ("https://a.example/a/b", ["asked"]) == (told("{{ ack_url }}"), asked)


def test_templates_are_found_by_tenant() -> None:
    """A tenant's own words go before the house's, and nobody sees another tenant's."""
    own = Template(id="alert", tenant="acme", parts={"*.text": "x"})
    templates = Templates([own, Template(id="other", tenant="acme")])
    assert own is templates.find(tenant="acme", name="alert")
    assert ALERT is templates.find(tenant="default", name="alert")
    assert DIGEST is templates.find(tenant="acme", name="digest")
    assert templates.find(tenant="default", name="other") is None


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("data", [{"title": "T"}, {"title": "T", "body": "B", "started_at": 1}])
def test_the_built_in_alert_fits_every_channel(channel: str, data: dict[str, object]) -> None:
    """An alert is told though nobody has written a template, whatever its data has."""
    told = render(ALERT, intent=Intent(recipient="ann", data=data, ends=True), channel=channel)
    assert "[resolved] T" == told.subject
    assert told.text


@pytest.mark.parametrize("channel", list(Channel))
def test_the_built_in_digest_fits_every_channel(channel: str) -> None:
    """A digest is told though nobody has written a template."""
    data = {"items": ["a", "b"], "more": 1, "count": 3}
    told = render(DIGEST, intent=Intent(recipient="ann", data=data), channel=channel)
    assert "3 notifications" == told.subject


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(("title", "body", "labels", "links", "priority", "kind", "to", "data"))


@settings(max_examples=60, deadline=None)
@drawn(st.dictionaries(FIELDS, JSON), st.sampled_from(list(Channel)), st.text(max_size=8))
def test_any_data_gives_a_message_or_one_failure(
    data: dict[str, object], channel: str, locale: str
) -> None:
    """No data can raise anything but a template's failure, nor write what a channel forbids."""
    intent = Intent(recipient="ann", data=data, subject=str(data.get("title")), body="b")
    for told in (given(intent, channel=channel), _or_none(intent, channel, locale)):
        if told is not None:
            assert len(told.subject.splitlines()) <= 1
            assert not set("\0\r\x1b") & set(told.subject + told.text + told.html)
            told.text.encode()


def _or_none(intent: Intent, channel: str, locale: str) -> Rendered | None:
    try:
        return render(ALERT, intent=intent, channel=channel, locale=locale)
    except TemplateFailed:
        return None
