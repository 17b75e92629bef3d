"""A push message says what the delivery says, and always fits into what a provider takes."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.push.notice import LEFT_OUT, MOST_S, ROOM, Notice, cut, notice, size
from schemas.errors import Invalid
from tests.outgoing import outgoing

NOW = 1_700_000_000
FCM_BYTES = 4096


def of(**fields: object) -> Notice:
    """Make the message of a delivery to a phone."""
    return notice(outgoing(**({"channel": "push", "address": "phone-1"} | fields)), now=NOW)


def test_the_message_is_what_the_delivery_says() -> None:
    """Subject, text, ids, and the rest as words beside."""
    told = of(
        alert_id="a-1",
        lane="urgent",
        expires_at=(NOW + 60) * 1000,
        payload={"order": "4711", "count": 3, "late": True, "data": {"host": "db-1"}, "none": None},
    )
    data = {
        "tocsin_delivery": "d-1",
        "tocsin_intent": "i-1",
        "tocsin_alert": "a-1",
        "order": "4711",
        "count": "3",
        "late": "true",
        "data": '{"host":"db-1"}',
        "none": "null",
    }
    expected = Notice(
        token="phone-1",
        title="Disk full on db-1",
        body="db-1 has no room left",
        data=data,
        mark="a-1",
        urgent=True,
        until=NOW + 60,
        ttl_s=60,
    )
    assert expected == told


def test_what_is_told_of_one_alert_has_one_mark() -> None:
    """The newer takes the place of the older; other messages share nothing but their attempts."""
    assert ["a-1", "a-1", "i-1", "i-1"] == [
        of(**fields).mark
        for fields in (
            {"alert_id": "a-1", "alert_seq": 1},
            {"alert_id": "a-1", "alert_seq": 2, "intent_id": "i-2"},
            {"attempt": 1},
            {"attempt": 2},
        )
    ]


def test_a_mark_is_short_whatever_the_id() -> None:
    """Apple takes 64 bytes; longer and odd ids get a mark that is as much theirs alone."""
    marks = {of(alert_id=ident).mark for ident in ("x" * 64, "x" * 65, "x" * 66, "é" * 64, "a\nb")}
    assert 5 == len(marks)
    assert {True} == {len(mark.encode()) <= 64 and mark.isprintable() for mark in marks}


def test_a_message_lives_no_longer_than_it_is_worth() -> None:
    """It ends with the delivery, at once where that is over, and after four weeks at most."""
    year = NOW + 365 * 86_400
    ends = ((NOW + 1) * 1000, (NOW - 9) * 1000, year * 1000, 0)
    assert [1, 0, MOST_S, None] == [of(expires_at=end).ttl_s for end in ends]
    assert [NOW + 1, NOW - 9, NOW + MOST_S, None] == [of(expires_at=end).until for end in ends]


def test_nobody_gets_an_empty_message() -> None:
    """Where there is neither subject nor text, it says so; one of them is enough."""
    assert ("(no subject)", "  ") == (of(subject="", text="  ").title, "  ")
    assert ("", "x") == (of(subject="\n", text="x").title, of(text="x").body)


def test_a_title_is_one_line() -> None:
    """Control characters are no part of it, nor half a character, which cannot be written."""
    assert "a b c?" == of(subject=" a\r\n\tb\0c\ud800").title
    assert "line\nline?" == of(text="line\nli\0ne\udfff").body


def test_names_that_the_provider_keeps_for_itself_are_left_out() -> None:
    """What cannot go along is named, so that an app's author sees why it is not there."""
    taken = ("from", "message_type", "google.x", "gcm", "GCM.notification.a", "aps", "tocsin_alert")
    odd = ("", "a\nb", "n" * 101, "big", "huge")
    payload: dict[str, object] = dict.fromkeys((*taken, *odd), "x")
    payload |= {"big": 2**70, "huge": "x" * 4000, "fromage": "y"}
    data = of(payload=payload).data
    assert {"tocsin_delivery", "tocsin_intent", LEFT_OUT, "fromage"} == set(data)
    assert data[LEFT_OUT].startswith("from,message_type,google.x,gcm,")


@pytest.mark.parametrize(
    "text", ["e\u0301", "👩‍👩‍👧", "👍🏽", "🇦🇹", "❤\ufe0f", "a\u0323\u0302", "ก็"]
)
def test_a_character_is_cut_off_whole_or_not_at_all(text: str) -> None:
    """An accent stays with its letter, and a family together."""
    for before in range(30):
        got = cut("x" * before + text + "y" * 40, room=34)
        assert got in {
            "x" * before + "…",
            *("x" * before + text + "y" * after + "…" for after in range(34)),
        }


def test_a_text_of_one_endless_character_is_cut_all_the_same() -> None:
    """Ten thousand accents on one letter are no reason to send nothing."""
    got = cut("e" + "\u0301" * 10_000, room=200)
    assert 150 < len(got.encode()) <= 200


texts = st.text(st.characters(), max_size=300).flatmap(
    lambda text: st.integers(0, 200).map(lambda times: text * times)
)
payloads = st.dictionaries(
    st.text(st.characters(), max_size=120),
    st.one_of(texts, st.integers(), st.none(), st.lists(st.text(max_size=50), max_size=20)),
    max_size=30,
)


@given(subject=texts, text=texts, payload=payloads, ident=st.text(max_size=300))
def test_every_message_fits(
    subject: str, text: str, payload: dict[str, object], ident: str
) -> None:
    """Nothing fails for its size, and what is sent can be written."""
    told = of(subject=subject, text=text, payload=payload, id=ident, alert_id=ident)
    parts = {"title": told.title, "body": told.body, "data": told.data}
    assert size(parts) <= ROOM + 20 < FCM_BYTES
    assert all(isinstance(value, str) for value in told.data.values())
    assert told.title or told.body
    whole = text.encode("utf-8", "replace").decode().replace("\0", "")
    assert told.body == whole or (
        told.body.endswith("…") and whole.startswith(told.body.removesuffix("…"))
    )


@given(text=st.text(st.characters(exclude_categories=["Cs"])), room=st.integers(8, 400))
def test_a_cut_text_fills_its_room(text: str, room: int) -> None:
    """What fits is left alone, and what is cut is a beginning that is marked."""
    got = cut(text, room=room)
    assert len(orjson.dumps(got)) - 2 <= room
    assert (got == text) == (len(orjson.dumps(text)) - 2 <= room)


@pytest.mark.parametrize("address", ["", "two words", "a\tb", "\0", "ü", "x" * 4097])
def test_what_is_no_token_is_none(address: str) -> None:
    """A message to nobody is not made."""
    with pytest.raises(Invalid, match="no push token") as told:
        of(address=address)
    assert not address or address not in str(told.value)
    assert replace(of(), token="x") == of(address="x")
