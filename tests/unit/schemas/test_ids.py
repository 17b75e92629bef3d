"""Ids come out the same whenever the same thing is decided again."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas import ids

texts = st.text(st.characters(codec="utf-8"), max_size=60)
offsets = st.integers(min_value=0, max_value=1 << 62)


def chained(tenant: str, name: str) -> str:
    """Make the id as the standard library makes it."""
    return str(uuid5(uuid5(ids.TOCSIN, tenant), name))


@given(texts, texts, st.integers(0, 1000), offsets)
def test_an_alert_has_a_uuid_under_its_tenant(
    tenant: str, fingerprint: str, partition: int, offset: int
) -> None:
    """An alert's id is the UUIDv5 of the record that opened it."""
    assert chained(tenant, f"alert:{fingerprint}:{partition}:{offset}") == ids.alert_id(
        tenant, fingerprint, partition, offset
    )


@given(texts, texts, st.integers(1, 1 << 40), texts)
def test_changes_and_intents_have_uuids_under_their_tenant(
    tenant: str, alert: str, seq: int, recipient: str
) -> None:
    """The ids of changes and intents follow from the alert and its seq."""
    assert chained(tenant, f"change:{alert}:{seq}") == ids.change_id(tenant, alert, seq)
    assert chained(tenant, f"intent:{alert}:{seq}:{recipient}") == ids.alert_intent_id(
        tenant, alert, seq, recipient
    )


@given(texts, texts, texts, texts)
def test_decisions_have_uuids_under_their_tenant(
    tenant: str, subject: str, stage: str, mark: str
) -> None:
    """A Decision that is made again has the id that it had."""
    assert chained(tenant, f"decision:{subject}:{stage}:{mark}") == ids.decision_id(
        tenant, subject, stage, mark
    )


@given(texts, st.integers(0, 1000), offsets)
def test_dead_letters_have_uuids(topic: str, partition: int, offset: int) -> None:
    """A dead letter that is written again has the id that it had."""
    made = ids.dead_letter_id(topic, partition, offset)

    assert chained("", f"dead-letter:{topic}:{partition}:{offset}") == made
    assert UUID(made).version == 5


def test_tenants_never_share_an_id() -> None:
    """The same thing under another tenant is another thing."""
    assert ids.change_id("a", "x", 1) != ids.change_id("b", "x", 1)
