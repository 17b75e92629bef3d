"""Ask and change the topics of a Kafka cluster, with errors that say what to do."""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are its public names
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from connectors.admin.declared import Declared, Drift, Found
from schemas.cluster import Cluster
from schemas.errors import KafkaUnavailable, SchemaDrift

ANSWER_S = 15.0
PAUSE_S = 0.3

quiet = logging.getLogger("tocsin.admin.kafka")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def wait_for_kafka(cluster: Cluster, *, within_s: float) -> AdminClient:
    """Return a client when a broker answers; KafkaUnavailable where none does in time."""
    client = AdminClient(cluster.librdkafka() | {"reconnect.backoff.max.ms": 1000}, logger=quiet)
    deadline = time.monotonic() + within_s
    while True:
        try:
            client.list_topics(timeout=min(2.0, within_s))
        except KafkaException as wrong:
            if time.monotonic() > deadline:
                raise KafkaUnavailable(
                    f"Kafka did not answer at {cluster.bootstrap_servers} within {within_s:g} s "
                    f"({wrong.args[0].name()}); is it running, and is "
                    "KAFKA_BOOTSTRAP_SERVERS right?"
                ) from wrong
            time.sleep(PAUSE_S)
        else:
            return client


def existing(client: AdminClient, names: Iterable[str]) -> dict[str, Found]:
    """Give partitions and settings of those of the named topics that exist."""
    metadata = client.list_topics(timeout=ANSWER_S).topics
    present = [name for name in names if name in metadata and metadata[name].error is None]
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in present]
    answers = client.describe_configs(resources, request_timeout=ANSWER_S) if resources else {}
    found: dict[str, Found] = {}
    for resource, future in answers.items():
        entries = _answer(future, f"describe {resource.name}")
        found[resource.name] = Found(
            partitions=len(metadata[resource.name].partitions),
            config={entry.name: entry.value for entry in entries.values()},
        )
    return found


def create(client: AdminClient, topics: list[Declared]) -> list[str]:
    """Create topics and return when they can be written to; one that exists is left alone."""
    if not topics:
        return []
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication,
            config=dict(topic.config),
        )
        for topic in topics
    ]
    for name, future in client.create_topics(wanted, request_timeout=ANSWER_S).items():
        _answer(future, f"create {name}", fine=KafkaError.TOPIC_ALREADY_EXISTS)
    names = [topic.name for topic in topics]
    _until(lambda: _have_leaders(client, names), "the new topics have no leader yet")
    return names


def set_configs(client: AdminClient, found: list[Drift]) -> None:
    """Set the settings that drifted and return when brokers say them; never partition counts."""
    by_topic: dict[str, list[Any]] = {}
    for drift in found:
        entry = ConfigEntry(
            drift.setting, drift.expected, incremental_operation=AlterConfigOpType.SET
        )
        by_topic.setdefault(drift.topic, []).append(entry)
    resources = [
        ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        for topic, entries in by_topic.items()
    ]
    if resources:
        answers = client.incremental_alter_configs(resources, request_timeout=ANSWER_S)
        for resource, future in answers.items():
            _answer(future, f"alter {resource.name}")
        # The controller has answered; the brokers hear of it a moment later.
        _until(lambda: _have_settings(client, found), "the new settings are not told yet")


def _have_settings(client: AdminClient, wanted: list[Drift]) -> bool:
    told = existing(client, {drift.topic for drift in wanted})
    return all(
        drift.topic in told and told[drift.topic].config.get(drift.setting) == drift.expected
        for drift in wanted
    )


def _have_leaders(client: AdminClient, names: list[str]) -> bool:
    topics = client.list_topics(timeout=ANSWER_S).topics
    return all(
        name in topics
        and topics[name].partitions
        and all(partition.leader >= 0 for partition in topics[name].partitions.values())
        for name in names
    )


def _until(check: Callable[[], bool], why_not: str) -> None:
    deadline = time.monotonic() + ANSWER_S
    while not check():
        if time.monotonic() > deadline:
            raise KafkaUnavailable(f"{why_not}, after {ANSWER_S:g} s")
        time.sleep(0.05)


def _answer(future: "Future[Any]", what: str, *, fine: int | None = None) -> Any:
    try:
        return future.result(timeout=ANSWER_S)
    except KafkaException as wrong:
        error = wrong.args[0]
        if error.code() == fine:
            return None
        if error.retriable():
            raise KafkaUnavailable(f"cannot {what}: {error.str()}") from wrong
        raise SchemaDrift(f"cannot {what}: {error.str()}") from wrong
