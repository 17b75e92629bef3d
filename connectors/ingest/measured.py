"""What ingest counts, under the names in `schemas.metrics`."""

from functools import cache

from prometheus_client import Counter, Histogram

from schemas import metrics

REQUESTS = Counter(
    metrics.INGEST_REQUESTS.name, metrics.INGEST_REQUESTS.help, metrics.INGEST_REQUESTS.labels
)
SECONDS = Histogram(
    metrics.INGEST_SECONDS.name,
    metrics.INGEST_SECONDS.help,
    metrics.INGEST_SECONDS.labels,
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
HEARD_UNKNOWN = Counter(metrics.HEARD_UNKNOWN.name, metrics.HEARD_UNKNOWN.help)

# Finding a child by its labels takes a lock; there are few, so each is found once.
_requests = cache(REQUESTS.labels)
_seconds = cache(SECONDS.labels)


def count(form: str, outcome: str, seconds: float) -> None:
    """Count one request."""
    _requests(form, outcome).inc()
    _seconds(form).observe(seconds)
