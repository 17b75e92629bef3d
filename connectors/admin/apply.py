"""Load rules, people, types and templates from files into the topics that workers obey."""

import argparse
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from connectors.admin.cluster import wait_for_kafka
from connectors.admin.control_files import Control, load
from connectors.admin.control_topics import read_whole, write_all
from connectors.settings import names
from schemas import keys, topics
from schemas.cluster import Cluster
from schemas.codec import decode, encode
from schemas.control import Route, Rule, Silence
from schemas.errors import Permanent
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.records import DEFAULT_TENANT
from schemas.topics import Topic

TOPICS: dict[type[Control], Topic] = {
    Silence: topics.CONTROL_SILENCES,
    Route: topics.CONTROL_ROUTES,
    Rule: topics.CONTROL_RULES,
    Recipient: topics.CONTROL_RECIPIENTS,
    Preference: topics.CONTROL_PREFERENCES,
    NotificationType: topics.CONTROL_TYPES,
    Template: topics.CONTROL_TEMPLATES,
}
KEPT = "kept"
WORDS: dict[type[Control], str] = {NotificationType: "type"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Say what has to be written to one topic: new, changed and, as None, removed keys."""

    values: Mapping[bytes, bytes | None]
    lines: tuple[str, ...]
    unchanged: int


def difference(
    kind: type[Control], wanted: Iterable[Control], held: Mapping[bytes, bytes], *, prune: bool
) -> Difference:
    """Compare what the files say with what the topic holds.

    Pruning touches the tenants that the files name, or the default one where they name nobody.
    What a person has chosen since stays, whatever the files say.
    """
    values: dict[bytes, bytes | None] = {}
    lines: list[str] = []
    unchanged = 0
    word = WORDS.get(kind, kind.__name__.lower())
    by_key = {keys.key(record.tenant, record.id): record for record in wanted}
    for key, record in by_key.items():
        before = _read(kind, held.get(key))
        if before == record:
            unchanged += 1
            continue
        if _chosen_since(before, record.version if isinstance(record, Preference) else 0):
            unchanged += 1
            lines.append(f"{KEPT} {word} {key.decode()}, as its owner chose")
            continue
        values[key] = encode(record)
        lines.append(f"{'changed' if key in held else 'new'} {word} {key.decode()}")
    if prune:
        tenants = {record.tenant for record in by_key.values()} or {DEFAULT_TENANT}
        for key in sorted(held.keys() - by_key.keys()):
            if key.decode(errors="replace").partition(":")[0] not in tenants:
                continue
            if _chosen_since(_read(kind, held[key]), 0):
                lines.append(f"{KEPT} {word} {key.decode(errors='replace')}, as its owner chose")
                continue
            values[key] = None
            lines.append(f"removed {word} {key.decode(errors='replace')}")
    return Difference(values, tuple(lines), unchanged)


def _read(kind: type[Control], value: bytes | None) -> Control | None:
    try:
        return decode(kind, value) if value is not None else None
    except Permanent:
        return None  # whatever it is, it is written anew


def _chosen_since(before: Control | None, version: int) -> bool:
    return isinstance(before, Preference) and before.version > version


def apply(options: argparse.Namespace, console: Console) -> int:
    """Bring the control topics to what the files say; nothing is written if a file is wrong."""
    loaded = load([Path(file) for file in options.files], now=time.time_ns() // 1_000_000)
    cluster, named = Cluster.from_env(), names()
    wait_for_kafka(cluster, within_s=options.wait)
    changed = unchanged = 0
    topics_of = {kind: named.topic(topic) for kind, topic in TOPICS.items() if kind in loaded.kinds}
    held = read_whole(cluster, topics_of.values())
    writing: dict[str, Mapping[bytes, bytes | None]] = {}
    for kind, name in topics_of.items():
        wanted = [record for record in loaded.records if type(record) is kind]
        found = difference(kind, wanted, held[name], prune=options.prune)
        for line in found.lines:
            console.print(_said(line, dry=options.dry_run), highlight=False)
        writing[name] = found.values
        changed += len(found.values)
        unchanged += found.unchanged
    if changed and not options.dry_run:
        write_all(cluster, writing)
    word = "to write" if options.dry_run else "written"
    console.print(f"control records: {changed} {word}, {unchanged} as they were")
    return 0


def _said(line: str, *, dry: bool) -> str:
    return f"would be {line}" if dry and not line.startswith(KEPT) else line
