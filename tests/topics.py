"""Make, fill, read and measure topics in tests, with a client of the tests' own."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.cluster import Cluster
from schemas.topics import COMPACTED

Sent = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]


@cache
def admin(servers: str) -> AdminClient:
    """Give the one admin client of a broker, kept to the end of the run.

    Left to the collector, a client is taken down by whichever thread runs it, its own threads not
    excepted, and takes the process with it (confluent-kafka-python issues 1761 and 2129).
    """
    return AdminClient({"bootstrap.servers": servers, "log_level": 0})


@cache
def _member(servers: str, group: str) -> Consumer:
    return Consumer({"bootstrap.servers": servers, "group.id": group, "log_level": 0})


@cache
def _producer(servers: str) -> Producer:
    """Give the one producer of a broker: a new one takes half a second to be let in."""
    return Producer(Cluster(servers).producer() | {"linger.ms": 5, "log_level": 0})


def _settle(producer: Producer) -> None:
    try:
        assert 0 == producer.flush(60)
    except AssertionError:
        _producer.cache_clear()  # what it could not send is not the next test's
        raise


def create(
    servers: str, *, plain: Sequence[str], compacted: Sequence[str], partitions: int
) -> None:
    """Create topics and wait until the broker knows them."""
    wanted = [NewTopic(name, partitions, 1) for name in plain]
    wanted += [NewTopic(name, partitions, 1, config=COMPACTED) for name in compacted]
    for done in admin(servers).create_topics(wanted).values():
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
    producer = _producer(servers)
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
    _settle(producer)
    return count


def remove(servers: str, topic: str, key: bytes) -> None:
    """Send a tombstone: nothing stands under this key any more."""
    producer = _producer(servers)
    producer.produce(topic, None, key)
    _settle(producer)


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
    """Give a function that counts the records a group has not committed yet.

    It asks as a member would: an admin client that asks while the group's coordinator moves takes
    the process with it (librdkafka 2.16, `rd_kafka_handle_OffsetFetch` without a group).
    """
    consumer = _member(servers, group)

    def lag(topics: Sequence[str]) -> int:
        ends = _ends(consumer, topics)
        places = [TopicPartition(topic, partition) for topic, partition in ends]
        behind = 0
        for at in consumer.committed(places, timeout=10):
            low, high = ends[at.topic, at.partition]
            behind += high - max(low, at.offset)
        return behind

    return lag
