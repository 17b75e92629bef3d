"""A message for Slack says what was written and calls nobody, whatever was written."""

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ingest.formats.answers import Nothing, Payload
from connectors.ingest.formats.slack import translate
from connectors.sinks.slack import message as slack_message
from connectors.sinks.slack.message import harmless, short, whole
from schemas.reasons import Reason
from tests.slack_line import word

BRACKETS = re.compile(r"<[^>]*>")
LINK = re.compile(r"<(?:https?://|mailto:)[^<>|\s]+(?:\|[^<>|\n]*)?>")
HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "<!channel>", "<!here|x>", "<@U123ABC>", "<#C123|x>", "<!subteam^S1>", "&", "<",
                ">", "|", "&lt;", "&lt;!here&gt;", "https://x.example/a?b=1&c=2", "<https://x.example",
                "<https://x.example|name>", "<mailto:a@x.example>", "\0", "\ud800", "\n", " ", "*",
                "<javascript:alert(1)|x>", "x" * 2990, "https://x.example/" + "y" * 2500,
            ]
        ),
    ),
    max_size=30,
).map("".join)  # fmt: skip


def shown(message: dict[str, Any]) -> str:
    """Give what people see of a message."""
    parts = [
        part["text"]
        for block in message["blocks"]
        for part in (block.get("text"), *block.get("elements", ()))
        if part
    ]
    return "\n".join(parts)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<!channel> help", "&lt;!channel&gt; help"),
        ("<@U123ABC> and <#C123ABC|x>", "&lt;@U123ABC&gt; and &lt;#C123ABC|x&gt;"),
        ("<!subteam^S1|ops>", "&lt;!subteam^S1|ops&gt;"),
        ("&lt;!here&gt; is shown as it is", "&lt;!here&gt; is shown as it is"),
        ("R&D < Q&amp;A > 1", "R&amp;D &lt; Q&amp;A &gt; 1"),
        ("<https://x.example/?a=1&b=2|more>", "<https://x.example/?a=1&amp;b=2|more>"),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<https://x.example|<!here>>", "&lt;<https://x.example>|&lt;!here&gt;&gt;"),
        ("see https://x.example/a_b?c=1&amp;d=2.", "see <https://x.example/a_b?c=1&amp;d=2>."),
        ("(https://x.example)", "(<https://x.example>)"),
        ("*bold* `code`\0\x1b[31m", "*bold* `code`[31m"),
    ],
)
def test_only_links_keep_their_brackets(written: str, expected: str) -> None:
    """Words of senders never call a person or a channel, and no escape is made twice."""
    assert expected == harmless(written)


def test_a_template_may_call_where_the_house_lets_it() -> None:
    """What a template writes is let through; what a value brought was escaped before."""
    written = "<!here> <@U123ABC> <!subteam^S1> &lt;!channel&gt; <!evil>"
    expected = "<!here> <@U123ABC> <!subteam^S1> &lt;!channel&gt; &lt;!evil&gt;"
    assert expected == harmless(written, calls=True)


@given(HOSTILE)
def test_nothing_hostile_comes_through(text: str) -> None:
    """Whatever is written, Slack reads links and nothing else out of it, and takes it."""
    safe = harmless(text)
    assert [] == [each for each in BRACKETS.findall(safe) if not LINK.fullmatch(each)]
    assert not re.search(r"&(?!(?:amp|lt|gt);)", safe)
    assert safe == harmless(safe)
    for message in (whole(word(text=text)), short(word(text=text))):
        orjson.dumps(message)
        for block in message.get("blocks", ()):
            said = block["text"]["text"] if "text" in block else block["elements"][0]["text"]
            assert 0 < len(said) <= 3000
            assert [] == [each for each in BRACKETS.findall(said) if not LINK.fullmatch(each)]
            assert said.count("<") == said.count(">")
            assert not re.search(r"&(?!(?:amp|lt|gt);)", said)
        assert len(message.get("blocks", ())) <= 50
        assert len(message.get("text", "")) <= 3000


def test_long_texts_are_cut_between_lines_and_marked() -> None:
    """Every section is as Slack takes it, and who reads the end sees that there was more."""
    lines = [f"line {number} &lt;" + "x" * 80 for number in range(500)]
    message = whole(word(text="\n".join(lines)))
    sections = [block["text"]["text"] for block in message["blocks"] if "text" in block]
    assert 5 == len(sections)
    assert {True} == {each.startswith("line ") for each in sections}
    assert slack_message.CUT_MARK == sections[-1][-1]
    assert slack_message.SHOWN_CHARS >= sum(map(len, sections))


@pytest.mark.parametrize("length", range(2960, 3001))
@pytest.mark.parametrize("mark", ["<https://x.example/a|the name>", "&amp;"])
def test_no_cut_goes_through_a_mark(length: int, mark: str) -> None:
    """A link or an escape that stands at the end of a section is whole in one of the two."""
    said = "x" * length + mark + "y" * 50
    blocks = whole(word(text=said, alert_id=""))["blocks"]
    parts = [block["text"]["text"] for block in blocks]
    assert said == "".join(parts)
    assert 1 == sum(mark in part for part in parts)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"priority": 3}, ":red_circle: *Critical*"),
        ({"priority": 0, "locale": "de-AT"}, ":white_circle: *Niedrig*"),
        ({"priority": 7, "locale": "fr"}, ":red_circle: *Critical*"),
        ({"priority": 3, "ends": True}, ":white_check_mark: *Resolved*"),
        ({"priority": 3, "ends": True, "locale": "de"}, ":white_check_mark: *Behoben*"),
    ],
)
def test_an_alert_begins_with_its_state(fields: dict[str, Any], expected: str) -> None:
    """How bad it is, or that it is over, is the first thing that is seen."""
    assert expected == shown(whole(word(**fields))).partition("\n")[0]


def test_other_messages_are_their_text_alone() -> None:
    """A message that is no alert has no state, and without a text its subject is said."""
    assert "Your order" == shown(whole(word(text="Your order", alert_id="")))
    assert "R&amp;D" == shown(whole(word(text="", subject="R&D", alert_id="")))


def test_the_end_is_one_line_in_the_thread() -> None:
    """The thread needs no second copy of what the first message shows."""
    said = short(word(text="Resolved: *Disk full*\n\nPriority high", ends=True))
    assert "Resolved: *Disk full*" == shown(said) == said["text"]


def test_blocks_of_a_payload_are_taken_and_defused() -> None:
    """Whoever brings blocks is shown with them, and calls nobody by them either."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Disk full"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "<!channel> & <@U123ABC>"}]},
        {"type": "divider"},
    ]
    message = whole(word(payload={"blocks": blocks}))
    assert ["header", "section", "divider"] == [block["type"] for block in message["blocks"]]
    text = {"type": "mrkdwn", "text": "&lt;!channel&gt; &amp; &lt;@U123ABC&gt;", "verbatim": True}
    assert [text] == message["blocks"][1]["fields"]
    assert "*Disk full on db-1*\nword 1" == message["text"]


@pytest.mark.parametrize(
    "blocks",
    [
        "none",
        [],
        {},
        [{"type": "divider"}] * 51,
        ["header"],
        [{"type": "rich_text", "elements": [{"type": "broadcast", "range": "channel"}]}],
        [{"type": "divider"}, {"text": "no type"}],
    ],
)
def test_blocks_that_cannot_be_vouched_for_are_left_out(blocks: object) -> None:
    """The text is said instead."""
    assert shown(whole(word())) == shown(whole(word(payload={"blocks": blocks})))


@pytest.mark.parametrize("bare", ["metadata", "blocks"])
@pytest.mark.parametrize("text", ["*Disk full*", ""])
def test_what_we_posted_never_becomes_an_alert(bare: str, text: str) -> None:
    """Our ingest knows a message by either of its marks, whichever app's hook posted it."""
    payload = {} if text else {"blocks": [{"type": "divider"}]}
    said = whole(word(text=text, subject=text, payload=payload))
    event = {
        "type": "message",
        "text": said["text"],
        "channel": "C1",
        "bot_id": "B1",
        "app_id": "A0OFTHEHOOK",
        bare: said[bare],
    }
    data = {"type": "event_callback", "event_id": "Ev1", "api_app_id": "A0HEARS", "event": event}
    assert Nothing(Reason.OWN_MESSAGE) == translate(Payload(0, data=data))
