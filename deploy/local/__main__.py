"""Command the local stack: python -m deploy.local run|up|down|status|services|clean."""

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local import background
from deploy.local.errors import StackError
from deploy.local.home import Home
from deploy.local.lock import holder_of
from deploy.local.parts import CHECKOUT

# What each command needs is imported by it alone: `up` starts a second Python that runs the
# stack, and has no use for the stack's own libraries.


def main() -> None:
    """Read the command line and do what it says; end with 1 and a reason if it cannot."""
    args = _arguments()
    try:
        args.act(Home(args.dir.resolve()))
    except (StackError, OSError) as error:
        sys.exit(f"error: {error}")


def run(home: Home) -> None:
    """Run the whole product here, load samples and tell what came of them; Ctrl-C stops it."""
    from deploy.local.stack import run_stack

    run_stack(home, say=_say, then=_tell)


def run_quietly(home: Home) -> None:
    """Run the whole product here without samples; Ctrl-C stops it."""
    from deploy.local.stack import run_stack

    run_stack(home, say=_say, then=_say_where)


def services(home: Home) -> None:
    """Run Kafka, PostgreSQL and Valkey alone; Ctrl-C stops them."""
    from deploy.local.stack import run_services

    run_services(home, say=_say)


def up(home: Home) -> None:
    """Start the whole product in the background and return when it is ready."""
    background.up(home, say=_say)


def down(home: Home) -> None:
    """Stop what runs in this folder, wherever it was started."""
    background.down(home, say=_say)


def status(home: Home) -> None:
    """Show what runs, since when and where it listens."""
    background.status(home, say=_say)


def clean(home: Home) -> None:
    """Remove all data of the local stack; it must not be running."""
    holder = holder_of(home)
    if holder:
        raise StackError(f"the stack is running (process {holder}); `make down` stops it")
    shutil.rmtree(home.path, ignore_errors=True)
    _say(f"{home.path} is gone")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    acts: tuple[Callable[[Home], None], ...] = (run, up, down, status, services, clean)
    for act in acts:
        told = act.__doc__ or ""
        one = commands.add_parser(act.__name__, help=told, description=told)
        one.add_argument(
            "--dir", type=Path, default=CHECKOUT / ".local", help="where the stack's data lies"
        )
        one.set_defaults(act=act)
        if act is run:
            one.add_argument(
                "--no-samples", dest="act", action="store_const", const=run_quietly,
                help="send no samples",
            )  # fmt: skip
    return parser.parse_args()


def _tell(home: Home, leads: Mapping[str, str]) -> None:
    from deploy.local.story import tell

    tell(home, leads, say=_say)


def _say_where(home: Home, leads: Mapping[str, str]) -> None:
    _say(f"ready at {leads['TOCSIN_URL']}; `. {home.env}` leads a shell there")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
