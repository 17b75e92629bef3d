"""Drift between the agreement and the cluster is seen, and nothing else is called drift."""

import pytest

from connectors.admin.declared import Declared, Drift, Found, count_from_env, declared, drifts
from schemas.errors import ConfigurationError
from schemas.topics import Names

TOPIC = Declared("t", partitions=4, replication=1, config={"retention.ms": "1000"})


def test_the_namespace_is_in_every_name() -> None:
    """Two namespaces never share a topic."""
    names = [each.name for each in declared(Names("blue"), partitions=4, replication=1)]
    assert names
    assert all(name.startswith("blue.") for name in names)


def test_control_topics_have_one_partition_and_the_rest_share_the_count() -> None:
    """What is broadcast is read whole; what is co-partitioned has one count."""
    found = declared(Names(), partitions=4, replication=1)
    single = {each.name for each in found if each.partitions == 1}
    assert {
        "control.routes",
        "control.silences",
        "control.rules",
        "control.templates",
        "control.types",
    } == single
    assert {1, 4} == {each.partitions for each in found}


def test_what_is_as_agreed_did_not_drift() -> None:
    """Settings that we say nothing about may be anything."""
    found = {"t": Found(4, {"retention.ms": "1000", "compression.type": "zstd"})}
    assert [] == drifts([TOPIC], found)


def test_a_topic_that_is_missing_did_not_drift() -> None:
    """It is created instead."""
    assert [] == drifts([TOPIC], {})


def test_every_difference_is_told() -> None:
    """Count and settings are both compared."""
    found = {"t": Found(3, {})}
    assert [
        Drift("t", "partitions", "4", "3"),
        Drift("t", "retention.ms", "1000", "(not set)"),
    ] == drifts([TOPIC], found)


def test_with_three_copies_two_must_have_a_record() -> None:
    """With replication a record that was acknowledged survives the loss of a broker."""
    assert {"2"} == {
        each.config["min.insync.replicas"]
        for each in declared(Names(), partitions=1, replication=3)
    }


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5"])
def test_a_count_that_is_none_is_refused(given: str) -> None:
    """A wrong setting stops the command with the variable's name."""
    with pytest.raises(ConfigurationError, match="TOCSIN_PARTITIONS"):
        count_from_env("TOCSIN_PARTITIONS", 12, {"TOCSIN_PARTITIONS": given})
