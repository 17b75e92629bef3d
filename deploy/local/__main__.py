"""Command the local stack: python -m deploy.local run|up|down|status|services|clean."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.home import Home, write_private
from deploy.local.services import locked, services


def run_services(home: Home) -> None:
    """Run Kafka, PostgreSQL and Valkey alone until told to stop."""
    told = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: told.set())
    with locked(home):
        parts = services(home, os.environ)
        parts.start()
        lines = "".join(f"export {name}='{url}'\n" for name, url in parts.variables.items())
        write_private(home.env, lines)
        print(f"{lines}# these lines are in {home.env}; Ctrl-C stops the services", flush=True)
        told.wait()
        parts.stop()


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    alone = commands.add_parser("services", help=run_services.__doc__)
    alone.add_argument("--dir", type=Path, default=Path(".local"), help="where it all lies")
    args = parser.parse_args()
    try:
        run_services(Home(args.dir.resolve()))
    except StackError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
