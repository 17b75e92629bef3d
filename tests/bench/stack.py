"""The services and topics a bench runs on: the caller's where named, else started here."""

import contextlib
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from connectors.admin.declared import CHANGELOGS
from deploy.local.home import Home
from deploy.local.services import services
from schemas.topics import TOPICS, Names
from tests import topics
from tests.processes import Process

PARTITIONS = 4


@contextlib.contextmanager
def running() -> Iterator[tuple[dict[str, str], Path]]:
    """Give the environment that leads to the services, and a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    folder.chmod(0o711)
    try:
        parts = services(Home(folder), os.environ)
        parts.start()
        yield dict(parts.variables), folder
        parts.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def namespace(servers: str) -> Names:
    """Create every topic under a fresh namespace."""
    names = Names(f"b{secrets.token_hex(4)}")
    topics.create(
        servers,
        plain=[names.topic(t) for t in TOPICS if t.retention_days is not None],
        compacted=[
            *(names.topic(t) for t in TOPICS if t.retention_days is None),
            *(names.changelog(process, table) for process, table in CHANGELOGS),
        ],
        partitions=PARTITIONS,
    )
    return names


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def triage(env: dict[str, str], names: Names, folder: Path, *, port: int) -> Process:
    """Prepare a triage worker; start it with `start`."""
    return worker("triage", env, names, folder, port=port)


def worker(process: str, env: dict[str, str], names: Names, folder: Path, *, port: int) -> Process:
    """Prepare a worker of a streams process; start it with `start`."""
    return Process(
        ["streams", process],
        env=env
        | {
            "TOCSIN_NAMESPACE": names.namespace,
            "TOCSIN_DATA_DIR": str(folder / "data"),
            "TOCSIN_METRICS_PORT": str(port),
            "TOCSIN_INSTANCE_ID": "bench",
            "TOCSIN_LOG_LEVEL": "info",
        },
        log=folder / f"{process}.log",
    )
