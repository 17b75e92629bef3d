"""The local stack keeps its data and its addresses, whatever happens to it."""

import psycopg
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.conftest import Stack


def test_kafka_keeps_records_and_address_through_a_kill(stack: Stack, namespace: str) -> None:
    """A record that Kafka acknowledged is there after Kafka was killed and started again."""
    topic, address = f"{namespace}.kept", stack.bootstrap_servers
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce(topic, b"still here")
    assert 0 == producer.flush(20)

    stack.kafka.kill()
    stack.kafka.start()

    assert address == stack.bootstrap_servers
    consumer = Consumer({"bootstrap.servers": address, "group.id": namespace})
    consumer.assign([TopicPartition(topic, 0, 0)])
    record = consumer.poll(20)
    consumer.close()
    assert record is not None
    assert b"still here" == record.value()


def test_postgres_keeps_rows_through_a_kill(stack: Stack, namespace: str) -> None:
    """A row that was committed is there after PostgreSQL was killed and started again."""
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(f"CREATE TABLE {namespace} (word text)".encode())
        connection.execute(f"INSERT INTO {namespace} VALUES ('still here')".encode())

    stack.postgres.kill()
    stack.postgres.start()

    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(f"SELECT word FROM {namespace}".encode()).fetchone()
    assert ("still here",) == row


def test_valkey_keeps_keys_through_a_stop(stack: Stack, namespace: str) -> None:
    """A claim is there after Valkey was stopped and started again."""
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set(f"{namespace}:claim", "sent")

    stack.valkey.stop()
    stack.valkey.start()

    with redis.Redis.from_url(stack.redis_url) as client:
        assert b"sent" == client.get(f"{namespace}:claim")


def test_valkey_never_evicts(stack: Stack) -> None:
    """Valkey refuses to forget a claim to make room, for that would send a message twice."""
    with redis.Redis.from_url(stack.redis_url) as client:
        settings = client.config_get("*")
    assert "noeviction" == settings["maxmemory-policy"]
    assert "yes" == settings["appendonly"]
    assert "everysec" == settings["appendfsync"]


def test_postgres_has_room_for_every_process(stack: Stack) -> None:
    """PostgreSQL lets all parts of the product and the tests connect at once."""
    with psycopg.connect(stack.database_url) as connection:
        assert ("200",) == connection.execute("SHOW max_connections").fetchone()
