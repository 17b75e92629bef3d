"""What a streams process tells Prometheus, under the names of `schemas.metrics`."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from schemas import metrics
from schemas.codec import unknown_fields


class Counted(Collector):
    """Count by label values in a dict, which is made into metrics only when they are asked for.

    A counter of the client's own takes a lock for every count, which is dear for every change.
    """

    def __init__(self, metric: metrics.Metric) -> None:
        self._metric = metric
        self._counts: dict[tuple[str, ...], float] = {} if metric.labels else {(): 0.0}

    def add(self, count: float, *values: str) -> None:
        """Add to the count under these label values; call it from one thread."""
        self._counts[values] = self._counts.get(values, 0.0) + count

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the counts as Prometheus reads them."""
        metric = self._metric
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for values, count in list(self._counts.items()):
            family.add_metric(values, count)
        yield family


class UnknownFields(Collector):
    """Show which records foreign producers send with fields that no schema names."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the counts that the codec keeps."""
        metric = metrics.UNKNOWN_FIELDS
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for record, count in list(unknown_fields.items()):
            family.add_metric((record,), count)
        yield family


class Sensors:
    """Count what passes, per batch and never per record."""

    def __init__(self, app: str) -> None:
        self._app = app
        self.registry = CollectorRegistry()
        self._records_in = self._counter(metrics.RECORDS_IN)
        self._dead_letters = self._counter(metrics.DEAD_LETTERS)
        self._changes = self._counter(metrics.CHANGES)
        self._planned = self._counter(metrics.PLANNED)
        self._drops = self._counter(metrics.DROPS)
        self._rekeyed = self._counter(metrics.REKEYED)
        self._fired = self._counter(metrics.FIRED)
        self._fallbacks = self._counter(metrics.FALLBACKS)
        self._states = self._counter(metrics.CHECKPOINT_STATES)
        self.registry.register(UnknownFields())
        self._held = self._gauge(metrics.STORE_KEYS)
        self._lag = self._gauge(metrics.LAG)
        seconds = metrics.CHECKPOINT_SECONDS
        self._seconds = Histogram(
            seconds.name, seconds.help, seconds.labels, registry=self.registry
        ).labels(app)

    def _counter(self, metric: metrics.Metric) -> Counted:
        counted = Counted(metric)
        self.registry.register(counted)
        return counted

    def _gauge(self, metric: metrics.Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def records_in(self, topic: str, count: int) -> None:
        """Count records read."""
        self._records_in.add(count, self._app, topic)

    def dead_letter(self, reason: str) -> None:
        """Count a record that could not be taken."""
        self._dead_letters.add(1, self._app, reason)

    def change(self, kind: str) -> None:
        """Count a change of an alert."""
        self._changes.add(1, kind)

    def planned(self, channel: str, status: str) -> None:
        """Count a step that planning gave to a delivery."""
        self._planned.add(1, channel, status)

    def drop(self, stage: str, reason: str) -> None:
        """Count what a stage dropped."""
        self._drops.add(1, stage, reason)

    def rekeyed(self, count: int) -> None:
        """Count records sent again under the right key."""
        self._rekeyed.add(count)

    def fired(self, topic: str) -> None:
        """Count an item of the scheduler that came due."""
        self._fired.add(1, topic)

    def fallback(self, reason: str) -> None:
        """Count a wish for another channel: all `failed`, or what was sent is `late`."""
        self._fallbacks.add(1, reason)

    def checkpoint(self, *, seconds: float, states: int, held: int) -> None:
        """Take note of a finished checkpoint."""
        self._seconds.observe(seconds)
        self._states.add(states, self._app)
        self._held.labels(self._app).set(held)

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Take note of how far reading is behind."""
        self._lag.labels(self._app, topic, str(partition)).set(records)
