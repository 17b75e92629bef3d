"""Every topic has a name of its own, in every namespace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Record
from schemas.topics import RECIPIENTS_FEEDBACK, TOPICS, Names, Spread

namespaces = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True)


def test_topic_names_are_unique() -> None:
    """No two kinds of record share a topic by accident."""
    names = [topic.name for topic in TOPICS]

    assert len(set(names)) == len(names)


def test_every_topic_carries_a_record_with_a_schema() -> None:
    """What lies in a topic can be read."""
    assert all(issubclass(topic.record, Record) and topic.record.AVRO for topic in TOPICS)


def test_control_topics_are_kept_for_ever() -> None:
    """A rule is forgotten only when someone removes it."""
    control = [topic for topic in TOPICS if topic.name.startswith("control.")]

    assert control
    assert all(topic.config()["cleanup.policy"] == "compact" for topic in control)
    by_recipient = [topic for topic in control if topic.key == "recipient"]
    assert all(topic.spread is Spread.SHARED for topic in by_recipient)
    assert all(topic.spread is Spread.SINGLE for topic in control if topic not in by_recipient)


def test_what_an_address_is_known_for_is_never_forgotten() -> None:
    """An opt-out outlives every retention."""
    assert "-1" == RECIPIENTS_FEEDBACK.config()["retention.ms"]


def test_other_topics_are_kept_for_days() -> None:
    """A topic of events is cleaned by age, never by key."""
    for topic in TOPICS:
        if topic.retention_days is not None and topic.retention_days > 0:
            config = topic.config()
            assert config["cleanup.policy"] == "delete"
            assert int(config["retention.ms"]) == topic.retention_days * 86_400_000


@given(st.one_of(st.just(""), namespaces), st.one_of(st.just(""), namespaces))
def test_namespaces_never_meet(one: str, other: str) -> None:
    """Tests, staging and shadow share a cluster without sharing a name."""

    def names(namespace: str) -> set[str]:
        made = Names(namespace)
        topics = {made.topic(topic) for topic in TOPICS}
        return topics | {
            made.group("triage"),
            made.changelog("triage", "alerts"),
            made.redis("heard", "x"),
        }

    assert one == other or not names(one) & names(other)


def test_without_a_namespace_names_are_as_written() -> None:
    """Production's names are the ones in the documentation."""
    names = Names()

    assert {topic.name for topic in TOPICS} == {names.topic(topic) for topic in TOPICS}
    assert names.group("triage") == "tocsin-triage"
    assert names.changelog("triage", "alerts") == "tocsin-triage-alerts-changelog"
    assert names.redis("heard", "a", "b") == "heard:a:b"
    assert names.database_schema() == "public"


def test_a_namespace_stands_in_front_of_everything() -> None:
    """One look at a name says whose it is."""
    names = Names("staging")

    assert all(names.topic(topic) == f"staging.{topic.name}" for topic in TOPICS)
    assert names.group("triage") == "staging.tocsin-triage"
    assert names.redis("heard", "a") == "staging.heard:a"
    assert names.database_schema() == "staging"


@pytest.mark.parametrize("namespace", ["Staging", "a.b", "a-b", "a b", "x" * 21, "ä", "a\n"])
def test_a_namespace_that_some_service_refuses_is_refused_here(namespace: str) -> None:
    """A bad namespace is found at start, not by the third service that dislikes it."""
    with pytest.raises(ValueError, match="namespace"):
        Names(namespace)
