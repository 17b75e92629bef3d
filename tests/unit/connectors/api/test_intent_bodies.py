"""A request for intents is read as it was meant, or refused with what is wrong and where."""

from typing import Any

import pytest

from connectors.api.intent_bodies import MOST, asked, record
from connectors.api.intent_models import IntentRequest
from connectors.problems import Problem
from schemas import ids
from schemas.limits import FIELD_BYTES
from tests.builders import HOUR, NOON

_WELCOME = {"recipient": "ann", "template": "welcome"}


def _one(**fields: Any) -> IntentRequest:
    return asked(_WELCOME | fields).intents[0]


def _refusal(body: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        asked(body)
    assert 422 == refused.value.status
    return refused.value


@pytest.mark.parametrize(
    ("given", "priority"),
    [("low", 0), ("normal", 1), ("HIGH", 2), ("critical", 3), (0, 0), (3, 3)],
)
def test_a_priority_is_a_word_or_its_number(given: Any, priority: int) -> None:
    """Both ways to say it mean the same."""
    assert priority == _one(priority=given).priority


def test_a_moment_is_iso_or_epoch_milliseconds() -> None:
    """Both ways to say it mean the same, and nothing means none."""
    said = _one(send_at=NOON, expires_at="2026-03-01T13:00:00+00:00")
    assert NOON == said.send_at
    assert 0 == _one(send_at=None).send_at == _one().expires_at


def test_one_or_several_ways_to_write_them() -> None:
    """An object, a list, and a list under `intents` are read alike."""
    assert (1, False) == (len(asked(_WELCOME).intents), asked(_WELCOME).many)
    assert asked([_WELCOME, _WELCOME]) == asked({"intents": [_WELCOME, _WELCOME]})
    assert asked([_WELCOME]).many


def test_channels_are_asked_once() -> None:
    """A channel named twice is told once; null leaves the choice to the person."""
    assert ["sms", "email"] == _one(channels=["sms", "email", "sms"]).channels
    assert _one(channels=None).channels is None


@pytest.mark.parametrize(
    ("fields", "where", "why"),
    [
        ({"recipient": ""}, "recipient", "missing"),
        ({"recipient": " "}, "recipient", "blank"),
        ({"user_id": "bob"}, "user_id", "another"),
        ({"template": ""}, "template", "missing"),
        ({"channels": ["fax"]}, "channels", "'fax' is none of email, sms"),
        ({"channels": []}, "channels", "at least 1"),
        ({"priority": "urgent"}, "priority", "'urgent' is none of low, normal, high, critical"),
        ({"priority": 4}, "priority", "4 is none of"),
        ({"priority": True}, "priority", "True is none of"),
        ({"type": "*"}, "type", "no name of a type"),
        ({"send_at": "tomorrow"}, "send_at", "ISO 8601"),
        ({"send_at": "2026-03-01T12:00:00"}, "send_at", "time zone"),
        ({"expires_at": NOON // 1000}, "expires_at", "not seconds"),
        ({"expires_at": 10**15}, "expires_at", "9999"),
        ({"send_at": NOON, "expires_at": NOON}, "expires_at", "not after send_at"),
        ({"data": {"text": "x" * FIELD_BYTES}}, "data", "bytes are more"),
        ({"data": "text"}, "data", "dictionary"),
        ({"body": "ü" * FIELD_BYTES}, "body", "bytes are more"),
        ({"idempotency_key": "x" * 256}, "idempotency_key", "255"),
        ({"locale": "german!"}, "locale", "no locale"),
        ({"to": {"email": "ann"}}, "to", "no e-mail address"),
        ({"to": {"fax": "1"}}, "to", "none of"),
        ({"chanels": ["sms"]}, "chanels", "did you mean channels?"),
        ({"id": "mine"}, "id", "not known"),
    ],
)
def test_a_wrong_field_is_named_with_the_reason(
    fields: dict[str, Any], where: str, why: str
) -> None:
    """Whoever sent it sees which field, and what would be right."""
    refused = _refusal(_WELCOME | fields)
    assert where == refused.where
    assert why in refused.detail


def test_a_wrong_one_among_many_is_named_by_its_place() -> None:
    """Of a list, each fault says which intent it is in."""
    refused = _refusal([_WELCOME, _WELCOME | {"priority": 9}, {"template": "x", "nmae": 1}, 7])
    assert "intents[1].priority" == refused.where
    assert (1, "priority", 4) == tuple(refused.more[name] for name in ("index", "field", "faults"))
    assert ["intents[1].priority", "intents[2].nmae", "intents[2].recipient", "intents[3]"] == [
        each["where"] for each in refused.more["errors"]
    ]


@pytest.mark.parametrize("body", [[], [_WELCOME] * (MOST + 1), {"intents": []}, {"intents": 1}])
def test_a_request_holds_one_to_five_hundred(body: Any) -> None:
    """None, too many and no list are refused as a whole."""
    assert "intents" == _refusal(body).where


@pytest.mark.parametrize("body", [None, "text", 7])
def test_what_is_no_intent_is_refused(body: Any) -> None:
    """A body of another kind is told so."""
    assert "body" == _refusal(body).where


def test_nothing_stands_beside_the_list() -> None:
    """A field beside the list would say nothing of any intent, so it is refused."""
    assert "priority" == _refusal({"intents": [_WELCOME], "priority": "high"}).where


def test_the_same_seed_gives_the_same_ids() -> None:
    """A repeated request names its intents as before, each by its place; another never does."""
    request = _one()
    made = [
        record(request, tenant="default", seed=seed, position=position, now=now).id
        for seed, position, now in (("s", 0, NOON), ("s", 0, NOON + HOUR), ("s", 1, 0), ("t", 0, 0))
    ]
    assert made[0] == made[1]
    assert 3 == len(set(made))


def test_a_key_of_its_own_names_an_intent() -> None:
    """An intent with a key has the id that it would have had on the topic."""
    made = record(_one(idempotency_key="k"), tenant="shop", seed="s", position=0, now=NOON)
    assert ids.intent_id("shop", "k", "ann", "welcome") == made.id


def test_the_record_says_what_was_asked() -> None:
    """Whatever the sender chose reaches planning."""
    request = _one(user_id="ann", data={"n": 1}, to={"sms": "+436601234567"}, digest_key="d")
    made = record(request, tenant="shop", seed="s", position=0, now=NOON)
    assert ("ann", {"n": 1}, {"sms": "+436601234567"}, "d", NOON, "shop", "alert", 1) == (
        made.recipient,
        made.data,
        made.to,
        made.digest_key,
        made.created_at,
        made.tenant,
        made.type,
        made.priority,
    )
