"""Run a bench by name: `python -m tests.bench triage`."""

import argparse
import importlib
import sys

BENCHES = {
    "webhook": "the webhook sink beside a bare httpx loop, and one silent endpoint among 100",
    "triage": "a triage worker beside the bare loop: Avro, JSON, and every alert new",
    "planning": "a planning worker: wishes, limits, words, 1.5 channels an intent",
    "urgent": "a critical intent while 200,000 normal ones wait",
    "latency": "one alert, from its request to the call of the provider",
    "ingest": "POST /ingest/webhook over 50 connections",
    "restore": "a worker's states from a changelog of ten million records",
    "scheduler": "a million pending items: taken in, restored, put out",
    "growth": "an alert's cost while 10,000 and while 1,000,000 fingerprints are known",
}


def main() -> int:
    """Run the bench that is named; what it needs it starts itself."""
    parser = argparse.ArgumentParser(prog="make bench NAME=")
    parser.add_argument("name", choices=BENCHES, nargs="?", help="what to measure")
    parser.add_argument("--events", type=int, default=0, help="how many events (default: its own)")
    chosen = parser.parse_args()
    if chosen.name is None:
        for name, measures in BENCHES.items():
            print(f"  make bench NAME={name:<10} {measures}")
        return 0
    importlib.import_module(f"tests.bench.{chosen.name}").main(events=chosen.events)
    return 0


if __name__ == "__main__":
    sys.exit(main())
