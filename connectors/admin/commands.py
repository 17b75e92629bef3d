"""The operator's command line: every command, its options and its words of help."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from connectors.admin import acts, endpoint_commands, pruning
from connectors.settings import names
from schemas.errors import ConfigurationError, TocsinError
from schemas.records import DEFAULT_TENANT

Command = Callable[[argparse.Namespace, Console], int]
WAIT_S = 60.0
PIPED_WIDTH = 200


def main(arguments: Sequence[str]) -> int:
    """Run one command and give its exit status: 0 done, 1 not as it should be, 2 wrongly asked."""
    options = parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    try:
        if options.needs_database:
            options.database_url = _database_url()
            options.schema = names().database_schema()
        run: Command = options.run
        return run(options, console)
    except ConfigurationError as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 2
    except TocsinError as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 1


def _database_url() -> str:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise ConfigurationError("DATABASE_URL is not set; `make up` writes it to .local/env")
    return url


def parser() -> argparse.ArgumentParser:
    """Describe every command."""
    root = argparse.ArgumentParser(
        prog="python -m connectors.admin",
        description="Tend Tocsin: topics, database, keys, rules, dead letters. Every command can "
        "be run again without harm. Where things are is read from KAFKA_BOOTSTRAP_SERVERS, "
        "DATABASE_URL, REDIS_URL and TOCSIN_NAMESPACE.",
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _topics(commands)
    _migrate(commands)
    _keys(commands)
    _token(commands)
    _apply(commands)
    _dead_letters(commands)
    _prune(commands)
    endpoint_commands.describe(commands)
    _add(
        commands,
        "doctor",
        acts.doctor,
        "Look whether Kafka, PostgreSQL and Redis answer, topics and tables are as agreed, and "
        "who lags behind. Exits with 1 where something is wrong.",
        needs_database=False,
    )
    return root


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Command,
    words: str,
    *,
    needs_database: bool,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words)
    command.set_defaults(run=run, needs_database=needs_database)
    return command


def _waits(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--wait",
        type=float,
        default=WAIT_S,
        metavar="SECONDS",
        help="how long to wait for the service to come up (default %(default)g)",
    )


def _topics(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "topics",
        acts.topics,
        "Create missing topics and changelogs, and check the others for drift. "
        "Exits with 1 where one drifted.",
        needs_database=False,
    )
    command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    command.add_argument(
        "--fix-config", action="store_true", help="set drifted settings to what is agreed"
    )
    command.add_argument(
        "--partitions",
        type=_positive,
        metavar="N",
        help="partitions of every shared topic (default: TOCSIN_PARTITIONS, else 12)",
    )
    command.add_argument(
        "--replication",
        type=_positive,
        metavar="N",
        help="copies of each partition (default: TOCSIN_REPLICATION, else 1)",
    )
    _waits(command)


def _positive(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1: {given!r}")
    return int(given)


def _migrate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "migrate",
        acts.migrate,
        "Apply the database migrations that are missing.",
        needs_database=True,
    )
    _waits(command)


def _keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    make = _add(
        commands,
        "key",
        acts.key,
        "Make an API key, or the token of a source, and show it once.",
        needs_database=True,
    )
    make.add_argument("--name", required=True, help="what the key is called in lists")
    make.add_argument(
        "--scope",
        required=True,
        metavar="LIST",
        help="what it may do: ingest, intents, read, write, admin (comma between), or all",
    )
    make.add_argument("--source", default="", help="the source whose own address this token is")
    make.add_argument(
        "--secret-env",
        default="",
        metavar="NAME",
        help="environment variable with the source's signing secret, checked in addition",
    )
    make.add_argument(
        "--token-file",
        metavar="FILE",
        help="write the token to a private file instead of showing it; a token that lies there "
        "already is taken as it is, so a start can run this every time",
    )
    make.add_argument(
        "--show-once",
        action="store_true",
        help="show the token, which cannot be shown again (what happens without --token-file)",
    )
    make.add_argument("--rotate", action="store_true", help="replace a live key of this name")
    _add(commands, "keys", acts.keys, "List keys, without their tokens.", needs_database=True)
    revoke = _add(commands, "revoke", acts.revoke, "Refuse a key from now on.", needs_database=True)
    revoke.add_argument("name", help="name or id of the key")
    for command in (make, revoke):
        command.add_argument(
            "--tenant", default=DEFAULT_TENANT, help="whose key it is (default %(default)s)"
        )


def _token(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "token",
        acts.token,
        "Issue the token by which a person is signed in, from TOCSIN_JWT_SECRET.",
        needs_database=False,
    )
    command.add_argument("--user", required=True, help="the recipient that the person is")
    command.add_argument(
        "--ttl", default="12h", help="for how long, as 90s, 12h or 7d (default %(default)s)"
    )
    command.add_argument(
        "--tenant", default=DEFAULT_TENANT, help="whose recipient (default %(default)s)"
    )
    command.add_argument(
        "--token-file", metavar="FILE", help="write it to a private file instead of showing it"
    )


def _apply(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "apply",
        acts.apply,
        "Load silences, routes, rules, recipients, preferences, types and templates from YAML "
        "files. Nothing is written if one entry is wrong.",
        needs_database=False,
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="as those in deploy/config/")
    command.add_argument("--dry-run", action="store_true", help="only say what would be written")
    command.add_argument(
        "--prune",
        action="store_true",
        help="remove what is in none of the files, of the kinds and tenants that they speak of",
    )
    _waits(command)


def _prune(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "prune",
        pruning.prune,
        "Delete rows of the views that are older than TOCSIN_KEEP_DAYS and "
        "TOCSIN_KEEP_STEPS_DAYS, as the views' process does every ten minutes.",
        needs_database=True,
    )
    command.add_argument("--dry-run", action="store_true", help="only count what would go")


def _dead_letters(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    words = "Look at records that could not be taken."
    actions = commands.add_parser("dead-letters", help=words, description=words).add_subparsers(
        title="actions", metavar="ACTION", required=True
    )
    several = _add(
        actions, "list", acts.list_dead_letters, "List them, newest first.", needs_database=True
    )
    several.add_argument("--limit", type=_positive, default=50, metavar="N")
    several.add_argument("--topic", default="", help="only those of this topic")
    several.add_argument("--reason", default="", help="only those with this reason")
    one = _add(
        actions,
        "show",
        acts.show_dead_letter,
        "Show one whole, its bytes as text where they are text.",
        needs_database=True,
    )
    one.add_argument("id", help="as `list` gives it")
