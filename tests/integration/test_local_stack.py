"""The local stack keeps its data and its addresses, whatever happens to it."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psycopg
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.cimpl import NewTopic

from deploy.local.home import Home
from deploy.local.services import services
from tests import topics
from tests.conftest import Stack
from tests.local_stack import command, env_of, running
from tests.waiting import eventually


def test_kafka_keeps_records_and_address_through_a_kill(stack: Stack, namespace: str) -> None:
    """A record that Kafka acknowledged is there after Kafka was killed and started again."""
    topic, address = f"{namespace}.kept", stack.bootstrap_servers
    admin = topics.admin(address)
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


def test_given_services_are_used_and_left_alone(stack: Stack, tmp_path: Path) -> None:
    """With all three addresses in the environment nothing is started and nothing stopped."""
    home = Home(tmp_path)
    found = services(home, stack.variables)
    assert found.start()
    found.stop()
    assert stack.variables == found.variables
    assert [] == list(home.folder("run").iterdir())
    stack.kafka.kind.probe()


def test_services_come_back_after_a_kill_of_everything(tmp_path: Path) -> None:
    """After a kill -9 of the whole stack the next start has the same addresses and the data."""
    tmp_path.chmod(0o711)
    with running(tmp_path) as first:
        leads = env_of(tmp_path, first)
        with redis.Redis.from_url(leads["REDIS_URL"]) as client:
            client.set("claim", "sent")
        eventually(
            lambda: b"claim" in b"".join(path.read_bytes() for path in tmp_path.rglob("*.aof")),
            within_s=10,
            why="the claim is on the disk",
        )
        refused = command(tmp_path, stderr=subprocess.PIPE)
        assert f"already running: process {first.pid}" in str(refused.communicate()[1])
        assert 1 == refused.returncode
        for record in (tmp_path / "run").glob("*.json"):
            os.kill(json.loads(record.read_text())["pid"], signal.SIGSTOP)
        first.kill()
        first.wait()

    (tmp_path / "env").unlink()  # the killed run could not
    with running(tmp_path) as second:
        assert leads == env_of(tmp_path, second)
        with redis.Redis.from_url(leads["REDIS_URL"]) as client:
            assert b"sent" == client.get("claim")
        second.send_signal(signal.SIGINT)
        assert 0 == second.wait(40)
    assert not (tmp_path / "env").exists()
    assert [] == list((tmp_path / "run").iterdir())
