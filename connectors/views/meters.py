"""Count what the views do, under the names that `schemas.metrics` declares."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas import metrics
from schemas.metrics import Metric

APP = "views"


class Meters:
    """Hold this process's metrics in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._in = self._counter(metrics.RECORDS_IN)
        self._rows = self._counter(metrics.VIEW_ROWS)
        self._dead = self._counter(metrics.DEAD_LETTERS)
        self._pruned = self._counter(metrics.VIEW_PRUNED)
        self._lag = Gauge(
            metrics.LAG.name, metrics.LAG.help, metrics.LAG.labels, registry=self.registry
        )

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def read(self, topic: str, count: int) -> None:
        """Count records that came."""
        self._in.labels(APP, topic).inc(count)

    def applied(self, topic: str, count: int) -> None:
        """Count records that were written."""
        self._rows.labels(topic).inc(count)

    def pruned(self, table: str, count: int) -> None:
        """Count rows that were old and went."""
        self._pruned.labels(table).inc(count)

    def dead(self, reason: str) -> None:
        """Count a record that could not be taken."""
        self._dead.labels(APP, reason).inc()

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Say how many records wait."""
        self._lag.labels(APP, topic, str(partition)).set(max(0, records))

    def forget_lag(self) -> None:
        """Drop what was said of partitions that may be another worker's now."""
        self._lag.clear()
