"""Say which topics a cluster must have, and how each must be set."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.errors import ConfigurationError
from schemas.topics import COMPACTED, TOPICS, Names, Spread

DEFAULT_PARTITIONS = 12
DEFAULT_REPLICATION = 1

# Changelogs of the Faust apps, by process and table: created here, as nothing is auto-created.
CHANGELOGS: tuple[tuple[str, str], ...] = (
    ("follow-up", "watches"),
    ("planning", "plans"),
    ("scheduler", "pending"),
    ("triage", "alerts"),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """Hold what one topic must be."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def declared(names: Names, *, partitions: int, replication: int) -> list[Declared]:
    """Give every topic of a namespace, changelogs too."""
    topics = [
        Declared(
            name=names.topic(topic),
            partitions=partitions if topic.spread is Spread.SHARED else 1,
            replication=replication,
            config=topic.config() | _safe(replication),
        )
        for topic in TOPICS
    ]
    changelogs = [
        Declared(
            name=names.changelog(process, table),
            partitions=partitions,
            replication=replication,
            config=COMPACTED | _safe(replication),
        )
        for process, table in CHANGELOGS
    ]
    return topics + changelogs


def _safe(replication: int) -> dict[str, str]:
    # With three copies or more, acks=all means two at least, and one broker may be away.
    return {"min.insync.replicas": "2"} if replication >= 3 else {}


def count_from_env(name: str, default: int, env: Mapping[str, str] = os.environ) -> int:
    """Read a positive number from the environment; ConfigurationError where it is none."""
    given = env.get(name, "")
    if not given:
        return default
    if not given.isdecimal() or int(given) < 1:
        raise ConfigurationError(f"{name} must be a whole number from 1: {given!r}")
    return int(given)


@dataclass(frozen=True, slots=True)
class Drift:
    """Say where a topic on the cluster is not what the agreement says."""

    topic: str
    setting: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Found:
    """Hold what one topic on the cluster is."""

    partitions: int
    config: Mapping[str, str]


def drifts(wanted: list[Declared], found: Mapping[str, Found]) -> list[Drift]:
    """Compare the topics that exist with what they should be."""
    out: list[Drift] = []
    for topic in wanted:
        there = found.get(topic.name)
        if there is None:
            continue
        if there.partitions != topic.partitions:
            out.append(
                Drift(topic.name, "partitions", str(topic.partitions), str(there.partitions))
            )
        out.extend(
            Drift(topic.name, setting, value, there.config.get(setting, "(not set)"))
            for setting, value in topic.config.items()
            if there.config.get(setting) != value
        )
    return out
