"""What callbacks count, under the names in `schemas.metrics`."""

from collections.abc import Mapping

from prometheus_client import Counter

from connectors.callbacks.told import Outcome
from schemas import metrics

CALLBACKS = Counter(metrics.CALLBACKS.name, metrics.CALLBACKS.help, metrics.CALLBACKS.labels)


def count(provider: str, outcomes: Mapping[Outcome, int]) -> None:
    """Count what became of what one request told."""
    for outcome, times in outcomes.items():
        CALLBACKS.labels(provider, str(outcome)).inc(times)
