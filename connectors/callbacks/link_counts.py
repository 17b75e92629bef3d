"""What is counted of the links that are followed, under the names in `schemas.metrics`."""

from enum import StrEnum

from prometheus_client import Counter

from schemas import metrics

LINKS = Counter(metrics.LINKS.name, metrics.LINKS.help, metrics.LINKS.labels)


class Kind(StrEnum):
    """Name what links lead to."""

    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBE = "unsubscribe"
    ACKNOWLEDGE = "acknowledge"


class Outcome(StrEnum):
    """Name what became of a request."""

    SAID = "said"
    SHOWN = "shown"  # nothing was to be said
    LOST = "lost"  # Kafka was away
    FOREIGN = "foreign"  # the address is none that we signed


def count(kind: Kind, outcome: Outcome) -> None:
    """Count one request."""
    LINKS.labels(str(kind), str(outcome)).inc()
