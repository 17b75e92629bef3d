"""Look at everything that Tocsin stands on, and say what is wrong in one table."""

import argparse
import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.admin.cluster import existing, quiet, wait_for_kafka
from connectors.admin.declared import (
    DEFAULT_PARTITIONS,
    DEFAULT_REPLICATION,
    count_from_env,
    declared,
    drifts,
)
from connectors.settings import names
from connectors.stores.migrate import pending
from connectors.stores.postgres import connect
from connectors.stores.queries import letters
from connectors.stores.redis import Redis
from schemas.cluster import Cluster
from schemas.errors import TocsinError
from schemas.topics import TOPICS, Names

WITHIN_S = 3.0
GROUPS = ("triage", "planning", "scheduler", "follow-up", "views")


@dataclass(frozen=True, slots=True)
class Finding:
    """Say how one thing is."""

    what: str
    is_well: bool
    said: str


def doctor(_options: argparse.Namespace, console: Console) -> int:
    """Print a table of findings; 1 where one of them is bad."""
    named = names()
    findings = [*_kafka(named), *_postgres(named), *_redis()]
    table = Table("what", "", "found")
    for each in findings:
        table.add_row(
            each.what, "[green]well[/]" if each.is_well else "[red]wrong[/]", escape(each.said)
        )
    console.print(table)
    return 0 if all(each.is_well for each in findings) else 1


def _guarded(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, is_well=True, said=look())
    except (TocsinError, KafkaException) as wrong:
        return Finding(what, is_well=False, said=str(wrong))


def _kafka(named: Names) -> Iterator[Finding]:
    clients: list[AdminClient] = []

    def answers() -> str:
        cluster = Cluster.from_env()
        clients.append(wait_for_kafka(cluster, within_s=WITHIN_S))
        return f"answers at {cluster.bootstrap_servers}"

    yield _guarded("kafka", answers)
    if not clients:
        return
    wanted = declared(
        named,
        partitions=count_from_env("TOCSIN_PARTITIONS", DEFAULT_PARTITIONS),
        replication=count_from_env("TOCSIN_REPLICATION", DEFAULT_REPLICATION),
    )
    found = existing(clients[0], [topic.name for topic in wanted])
    missing = [topic.name for topic in wanted if topic.name not in found]
    drift = drifts(wanted, found)
    said = f"{len(found)} of {len(wanted)} there, {len(drift)} settings drifted"
    if missing:
        said += f"; missing: {', '.join(missing)}"
    yield Finding("topics", is_well=not (missing or drift), said=said)
    for group in GROUPS:
        yield _guarded(
            f"lag of {group}",
            lambda group=group: _lag(named, named.group(group)),  # type: ignore[misc]
        )


def _lag(named: Names, group: str) -> str:
    # Asked as a member would: an admin client that asks for a group's offsets while the group's
    # coordinator moves dies of it (librdkafka 2.16: it answers for a group that it has not).
    consumer = Consumer(
        Cluster.from_env().librdkafka() | {"group.id": group, "enable.auto.commit": False},
        logger=quiet,
    )
    try:
        ours = {named.topic(topic) for topic in TOPICS}
        places = [
            TopicPartition(name, partition)
            for name, topic in consumer.list_topics(timeout=WITHIN_S).topics.items()
            if name in ours
            for partition in topic.partitions
        ]
        by_topic: dict[str, int] = {}
        for each in consumer.committed(places, timeout=WITHIN_S):
            if each.offset >= 0:
                _, end = consumer.get_watermark_offsets(each, timeout=WITHIN_S, cached=False)
                by_topic[each.topic] = by_topic.get(each.topic, 0) + max(0, end - each.offset)
    finally:
        consumer.close()
    if not by_topic:
        return "has read nothing yet"
    return ", ".join(f"{topic}: {records}" for topic, records in sorted(by_topic.items()))


def _postgres(named: Names) -> Iterator[Finding]:
    url, schema = os.environ.get("DATABASE_URL", ""), named.database_schema()

    def current() -> str:
        steps = pending(url=url, schema=schema)
        if steps:
            raise TocsinError(f"schema {schema!r} lacks {', '.join(steps)}: run migrate")
        return f"answers; schema {schema!r} is current"

    def dead() -> str:
        with connect(url=url, schema=schema) as connection:
            rows = letters.listed(connection, topic="", reason="", most=1000)
        count = f"{len(rows)}{' or more' if len(rows) == 1000 else ''}"
        return f"{count} (see python -m connectors.admin dead-letters list)" if rows else "none"

    if not url:
        yield Finding("postgresql", is_well=False, said="DATABASE_URL is not set")
        return
    found = _guarded("postgresql", current)
    yield found
    if found.is_well:
        yield _guarded("dead letters", dead)


def _redis() -> Iterator[Finding]:
    url = os.environ.get("REDIS_URL", "")

    async def ping() -> None:
        redis = Redis(url=url)
        try:
            await redis.ping(within_s=WITHIN_S)
        finally:
            await redis.close()

    def answers() -> str:
        if not url:
            return "REDIS_URL is not set: senders are not told of duplicates"
        asyncio.run(ping())
        return "answers"

    yield _guarded("redis", answers)
