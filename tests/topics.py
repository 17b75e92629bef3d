"""Make, fill, read and measure topics in tests, with a client of the tests' own."""

import time
from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.cluster import Cluster
from schemas.topics import COMPACTED

Sent = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]


def create(
    servers: str, *, plain: Sequence[str], compacted: Sequence[str], partitions: int
) -> None:
    """Create topics and wait until the broker knows them."""
    admin = AdminClient({"bootstrap.servers": servers})
    wanted = [NewTopic(name, partitions, 1) for name in plain]
    wanted += [NewTopic(name, partitions, 1, config=COMPACTED) for name in compacted]
    for done in admin.create_topics(wanted).values():
        done.result(timeout=30)


def produce(
    servers: str,
    topic: str,
    records: Iterable[tuple[bytes | None, bytes | None]],
    *,
    timestamp: int = 0,
) -> int:
    """Send keyed records as our producers do, wait for all of them and say how many.

    `timestamp` is the moment at which Kafka shall have had them; 0 is now.
    """
    producer = Producer(Cluster(servers).producer() | {"linger.ms": 5})
    count = 0
    for key, value in records:
        while True:
            try:
                producer.produce(topic, value, key, timestamp=timestamp)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
        if count % 1000 == 0:
            producer.poll(0)
    left = producer.flush(60)
    assert left == 0
    return count


def remove(servers: str, topic: str, key: bytes) -> None:
    """Send a tombstone: nothing stands under this key any more."""
    producer = Producer(Cluster(servers).producer())
    producer.produce(topic, None, key)
    assert 0 == producer.flush(60)


def read_all(servers: str, topics: Sequence[str], *, within_s: float = 60.0) -> list[Message]:
    """Read everything that the topics hold at this moment."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "tests-read-all",
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        ends = _ends(consumer, topics)
        consumer.assign([TopicPartition(t, p, OFFSET_BEGINNING) for t, p in ends])
        found: list[Message] = []
        deadline = time.monotonic() + within_s
        behind = {place for place, (low, high) in ends.items() if high > low}
        while behind:
            assert time.monotonic() < deadline, f"not read within {within_s} s: {behind}"
            for message in consumer.consume(5000, timeout=0.2):
                assert message.error() is None, message.error()
                found.append(message)
            at = consumer.position([TopicPartition(t, p) for t, p in behind])
            behind -= {
                (a.topic, a.partition) for a in at if a.offset >= ends[a.topic, a.partition][1]
            }
        return found
    finally:
        consumer.close()


def _ends(consumer: Consumer, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, int]]:
    found = {}
    for topic in topics:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            place = TopicPartition(topic, partition)
            found[topic, partition] = consumer.get_watermark_offsets(place, timeout=10)
    return found


def lag_of(servers: str, group: str) -> Callable[[Sequence[str]], int]:
    """Give a function that counts the records a group has not committed yet."""
    admin = AdminClient({"bootstrap.servers": servers})
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "tests-lag"})

    def lag(topics: Sequence[str]) -> int:
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        offsets = asked[group].result(timeout=10).topic_partitions
        committed = {(o.topic, o.partition): o.offset for o in offsets}
        behind = 0
        for place, (low, high) in _ends(consumer, topics).items():
            behind += high - max(low, committed.get(place, low))
        return behind

    return lag
