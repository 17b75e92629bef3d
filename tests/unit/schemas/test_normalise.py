"""The same trouble told again has the same words, another trouble has others."""

import json
import random
import string
import sys
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import normalise, word_forms
from schemas.limits import FIELD_BYTES
from schemas.normalise import normalised
from tests.unit.schemas.golden import GOLDEN, on_record

TELLING = (
    "[{time}] request {id} to payments failed on {host} after {ms}ms "
    "({done} of {all}, {share}%), code={count}, since {date}T{time}Z; epoch {epoch}"
)
hosts = st.from_regex(r"(server|db|web)[-_]?[0-9]{1,3}", fullmatch=True)
counts = st.integers(min_value=0, max_value=10**7)
tellings = st.fixed_dictionaries(
    {
        "time": st.times().map(lambda time: time.replace(microsecond=0).isoformat()),
        "date": st.dates().map(str),
        "id": st.uuids().map(str),
        "ms": counts,
        "done": counts,
        "all": counts,
        "share": st.decimals(0, 100, places=1, allow_nan=False),
        "count": counts,
        "epoch": st.integers(10**9, 2 * 10**9),
    }
)
# Texts made of the pieces that the normaliser looks for, in any order.
pieces = st.lists(
    st.one_of(
        st.sampled_from([*":-._,;/#%()[]{}<>@*+= ", "  ", "\n", "\t", "\0"]),
        st.sampled_from(["0", "7", "42", "123", "2024", "345678", "1e5", "x", "a", "T", "Z", "ms"]),
        st.sampled_from(["2024-01-02", "12:34:56", "+01:00", "0x1f", "10.0.0.1", "v1.2.3", "::1"]),
        st.sampled_from(["http ", "error ", "code: ", "status", "HTTP/1.1 "]),
        st.sampled_from(["jan", "May", "Mon,", "pm", "UTC", "may.", "server-", "abc123def", "µs"]),
        st.uuids().map(str),
    ),
    max_size=12,
).map("".join)


def test_normal_forms_are_on_record() -> None:
    """What each of these texts becomes is a promise, until the version rises."""
    texts = [text for text, _ in json.loads((GOLDEN / "normal_forms.json").read_text())]
    lines = ",\n".join(json.dumps([t, normalised(t)], ensure_ascii=False) for t in texts)
    now = f"[\n{lines}\n]\n"

    assert texts
    assert on_record("normal_forms.json", now) == now


@given(st.one_of(pieces, st.text()))
def test_doing_it_again_changes_nothing(text: str) -> None:
    """A normal form is its own normal form."""
    form = normalised(text)

    assert form == normalised(form)


@given(pieces, st.one_of(pieces, st.text(st.characters(exclude_characters="\0"))))
def test_two_texts_are_normalised_as_one_by_one(one: str, other: str) -> None:
    """The short way for a pair gives the pair's normal forms."""
    one = one.replace("\0", "")
    other = other.replace("\0", "")

    pair = f"{normalised(one)} {normalise.BETWEEN} {normalised(other)}".strip()
    assert pair == normalise.normalised_pair(one, other)


hexes = ["4f9a1c00e8d7", "deadbeef", "id=ab12cd34ef56,", "sha:0a1b2c3d4e5f.", "(0abcdef1)", "0 500"]
templates = st.lists(
    st.one_of(pieces, st.sampled_from(hexes), st.sampled_from(["é", "up", "http 404:"])), max_size=8
).map(" ".join)


@given(templates, st.randoms(use_true_random=False))
def test_a_plan_gives_what_the_words_give(text: str, chance: random.Random) -> None:
    """A text whose like came before is normalised as if it were the first."""
    for _ in range(6):
        folded = text.casefold()
        assert normalise.by_words(folded) == normalised(text)
        kinds = "0123456789abcdef" if chance.random() < 0.5 else "0123456789"
        text = "".join(chance.choice(kinds) if c in kinds else c for c in text)


@given(hosts, tellings, tellings)
def test_times_ids_and_counters_make_no_difference(
    host: str, one: dict[str, object], other: dict[str, object]
) -> None:
    """The same trouble at another time is the same trouble."""
    assert normalised(TELLING.format(host=host, **one)) == normalised(
        TELLING.format(host=host, **other)
    )


@given(hosts, hosts, tellings)
def test_hosts_make_a_difference(one: str, other: str, telling: dict[str, object]) -> None:
    """The same trouble on another host is another trouble."""
    same = normalised(TELLING.format(host=one, **telling)) == normalised(
        TELLING.format(host=other, **telling)
    )

    assert same == (one == other)


@given(st.ip_addresses(), st.ip_addresses())
@example("::1", "100::")
def test_addresses_make_a_difference(one: object, other: object) -> None:
    """An address names a host."""
    same = normalised(f"{one} is down") == normalised(f"{other} is down")

    assert same == (str(one) == str(other))


@given(st.uuids(), st.sampled_from(["{}", "id={}", "({})", '"{}"', "job-{}", "{},"]))
def test_no_uuid_stays(uuid: UUID, around: str) -> None:
    """An id that is new each time is nowhere in a normal form."""
    form = normalised("job " + around.format(uuid) + " failed")

    assert str(uuid) not in form
    assert form == normalised("job " + around.format(UUID(int=0)) + " failed")


@given(st.text(alphabet=string.ascii_lowercase + " ", max_size=80))
def test_words_without_digits_stay(text: str) -> None:
    """Plain words are only trimmed."""
    assert " ".join(text.split()) == normalised(text)


def test_case_is_folded_for_every_character() -> None:
    """Folding case once folds it for good, in every script."""
    everything = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]
    folded = "".join(everything).casefold()

    assert folded == folded.casefold()


def test_only_the_first_part_of_a_long_text_counts() -> None:
    """A text of any length has an identity, from as much as a field may hold."""
    text = "word " * FIELD_BYTES

    assert normalised(text[:FIELD_BYTES]) == normalised(text)


@pytest.mark.parametrize(
    "piece",
    [
        *("1", "a", "0a", "1:", "1.", "1-", "1s", "1.2", ",111", "a-1,", ":", "-", "1.0.0.1:"),
        *("jan ", "jan 1 ", "1 jan ", "1 mon", "mon1 ", "2024-", "0x", "\0", "é1", "a" * 35 + "-"),
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """A text that is made to be slow is normalised like any other."""
    form = normalised((piece * FIELD_BYTES)[:FIELD_BYTES])

    assert form == normalised(form)


def test_what_is_remembered_is_bounded() -> None:
    """Words that never come again do not fill the memory."""
    for number in range(2 * word_forms.MEMO):
        normalised(f"w{number}{'x' * (number % 40)}{number:b}")

    for memory in (word_forms.SHAPES, word_forms.FORMS, word_forms._IDS):
        assert len(memory) <= word_forms.MEMO
    assert len(normalise._plans) <= normalise.PLANS
