"""Bring a database schema to what this version expects, step by step and never twice."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from connectors.stores.postgres import (
    SyncConnection,
    connect,
    create_schema,
    fetch_all,
    run_script,
)
from schemas.errors import ConfigurationError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_246_011_909  # any number, the same for every process of ours

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """Hold one step; `name` is the file's name and tells the order."""

    name: str
    script: str

    @property
    def checksum(self) -> str:
        """Tell an edited step from the one that was applied."""
        return sha256(self.script.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Give every step in order."""
    return [Migration(path.name, path.read_text()) for path in sorted(folder.glob("*.sql"))]


def missing(steps: list[Migration], applied: dict[str, str]) -> list[Migration]:
    """Say which steps are still to do; ConfigurationError where an applied one was edited."""
    for step in steps:
        if step.name in applied and applied[step.name] != step.checksum:
            raise ConfigurationError(
                f"migration {step.name} was edited after it was applied; write a new one instead"
            )
    unknown = sorted(applied.keys() - {step.name for step in steps})
    if unknown:
        raise ConfigurationError(
            f"the database is ahead of this version: it has {', '.join(unknown)}"
        )
    return [step for step in steps if step.name not in applied]


def migrate(*, url: str, schema: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing, all or nothing, and give the names; safe to run side by side."""
    with connect(url=url, schema=schema) as connection:
        fetch_all(connection, "SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        create_schema(connection, schema)
        run_script(connection, _TABLE)
        steps = missing(migrations(folder), _applied(connection))
        for step in steps:
            run_script(connection, step.script)
            fetch_all(
                connection,
                "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s) RETURNING name",
                (step.name, step.checksum),
            )
    return [step.name for step in steps]


def pending(*, url: str, schema: str) -> list[str]:
    """Say which steps a database lacks, without changing it."""
    with connect(url=url, schema=schema) as connection:
        held = fetch_all(connection, "SELECT to_regclass('schema_migrations') IS NOT NULL AS held")
        applied = _applied(connection) if held[0]["held"] else {}
        return [step.name for step in missing(migrations(), applied)]


def _applied(connection: SyncConnection) -> dict[str, str]:
    rows = fetch_all(connection, "SELECT name, checksum FROM schema_migrations")
    return {row["name"]: row["checksum"] for row in rows}
