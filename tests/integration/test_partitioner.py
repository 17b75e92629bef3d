"""Both Kafka clients put a key where Tocsin expects it."""

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.cimpl import NewTopic

from schemas import keys
from schemas.cluster import Cluster
from tests import topics
from tests.conftest import Stack

pytestmark = pytest.mark.stack
PARTITIONS = 7


def test_librdkafka_partitions_as_we_do(stack: Stack, namespace: str) -> None:
    """A record that an edge produces lies where the stream reads that key."""
    topic = f"{namespace}.partitioner"
    admin = topics.admin(stack.bootstrap_servers)
    for made in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
        made.result(30)
    landed: dict[bytes, int] = {}

    def note(error: object, message: Message) -> None:
        assert error is None
        landed[bytes(message.key() or b"")] = message.partition() or 0

    producer = Producer(Cluster(bootstrap_servers=stack.bootstrap_servers).producer())
    sent = [keys.key("team-a", f"{number:016x}ä") for number in range(500)]
    for key in sent:
        producer.produce(topic, b"x", key=key, on_delivery=note)
    unsent = producer.flush(30)

    assert unsent == 0
    assert {key: keys.partition_of(key, PARTITIONS) for key in sent} == landed
    assert len(set(landed.values())) == PARTITIONS
