"""Run a bench by name: `python -m tests.bench triage`."""

import argparse
import importlib
import sys

NAMES = ("triage", "ingest", "restore", "growth")


def main() -> int:
    """Run the bench that is named; what it needs it starts itself."""
    parser = argparse.ArgumentParser(prog="make bench NAME=")
    parser.add_argument("name", choices=NAMES, help="what to measure")
    parser.add_argument("--events", type=int, default=0, help="how many events (default: its own)")
    chosen = parser.parse_args()
    importlib.import_module(f"tests.bench.{chosen.name}").main(events=chosen.events)
    return 0


if __name__ == "__main__":
    sys.exit(main())
