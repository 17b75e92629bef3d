"""Create the topics that are missing and say where the others drifted."""

import argparse

from rich.console import Console
from rich.table import Table

from connectors.admin.cluster import create, existing, set_configs, wait_for_kafka
from connectors.admin.declared import (
    DEFAULT_PARTITIONS,
    DEFAULT_REPLICATION,
    Drift,
    count_from_env,
    declared,
    drifts,
)
from connectors.settings import names
from schemas.cluster import Cluster


def topics(options: argparse.Namespace, console: Console) -> int:
    """Bring the cluster to the agreement; 1 where something drifted and was not mended."""
    wanted = declared(
        names(),
        partitions=options.partitions or count_from_env("TOCSIN_PARTITIONS", DEFAULT_PARTITIONS),
        replication=options.replication
        or count_from_env("TOCSIN_REPLICATION", DEFAULT_REPLICATION),
    )
    client = wait_for_kafka(Cluster.from_env(), within_s=options.wait)
    found = existing(client, [topic.name for topic in wanted])
    missing = [topic for topic in wanted if topic.name not in found]
    drift = drifts(wanted, found)
    if options.dry_run:
        for topic in missing:
            console.print(f"would create {topic.name} with {topic.partitions} partitions")
    else:
        create(client, missing)
        if options.fix_config:
            mendable = [each for each in drift if each.setting != "partitions"]
            set_configs(client, mendable)
            for each in mendable:
                console.print(f"{each.topic}: {each.setting} is {each.expected} now")
            drift = [each for each in drift if each.setting == "partitions"]
    if drift:
        console.print(_table(drift))
        console.print(_advice(drift, fixed=options.fix_config))
        return 1
    made = f"{len(missing)} created" if not options.dry_run else f"{len(missing)} missing"
    console.print(f"topics: {len(wanted)} declared, {made}, no drift")
    return 0


def _table(drift: list[Drift]) -> Table:
    table = Table("topic", "setting", "agreed", "on the cluster", title="Drift")
    for each in drift:
        table.add_row(each.topic, each.setting, each.expected, each.found)
    return table


def _advice(drift: list[Drift], *, fixed: bool) -> str:
    lines = []
    if any(each.setting == "partitions" for each in drift):
        lines.append(
            "Partition counts are never changed: keys would move and state would not follow. "
            "Set TOCSIN_PARTITIONS to what the cluster has, or begin with a new namespace."
        )
    if not fixed and any(each.setting != "partitions" for each in drift):
        lines.append("Settings can be mended with --fix-config.")
    return "\n".join(lines)
