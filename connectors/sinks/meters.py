"""Count what the sinks do, under the names that `schemas.metrics` declares."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from connectors.sinks.sink import Answer, Sink
from schemas import metrics
from schemas.deliveries import DeliveryEvent
from schemas.metrics import Metric

APP = "sinks"
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Meters:
    """Hold this process's metrics in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Finding a child by its labels takes a lock; there are few, so each is found once.
        self._in = cache(self._counter(metrics.RECORDS_IN).labels)
        self._dead = cache(self._counter(metrics.DEAD_LETTERS).labels)
        self._calls = cache(self._counter(metrics.SINK_CALLS).labels)
        self._steps = cache(self._counter(metrics.SINK_STEPS).labels)
        self._parked = cache(self._counter(metrics.SINK_PARKED).labels)
        self._repeats = cache(self._counter(metrics.SINK_REPEATS).labels)
        self._in_flight = cache(self._gauge(metrics.SINK_IN_FLIGHT).labels)
        self._waiting = cache(self._gauge(metrics.SINK_WAITING).labels)
        self._lag = self._gauge(metrics.LAG)
        self._broken = self._gauge(metrics.SINK_BREAKERS)
        seconds = metrics.SINK_SECONDS
        measured = Histogram(
            seconds.name, seconds.help, seconds.labels, buckets=BUCKETS, registry=self.registry
        )
        self._seconds = cache(measured.labels)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def read(self, topic: str, count: int) -> None:
        """Count records that came."""
        self._in(APP, topic).inc(count)

    def dead(self, reason: str) -> None:
        """Count a dead letter."""
        self._dead(APP, reason).inc()

    def called(self, sink: Sink, answer: Answer, *, seconds: float) -> None:
        """Count a call and what it was answered."""
        outcome = type(answer).__name__.lower()
        provider = answer.provider or sink.provider
        self._calls(sink.channel, provider, outcome).inc()
        self._seconds(sink.channel, provider).observe(seconds)

    def step(self, event: DeliveryEvent) -> None:
        """Count a step of a delivery."""
        self._steps(event.channel, event.status).inc()

    def parked(self, channel: str, reason: str) -> None:
        """Count a delivery that waits without an attempt."""
        self._parked(channel, reason).inc()

    def repeat(self, channel: str) -> None:
        """Count a call that may be a second one."""
        self._repeats(channel).inc()

    def watch_broken(self, channel: str, count: Callable[[], int]) -> None:
        """Ask for the number of broken endpoints whenever metrics are read."""
        self._broken.labels(channel).set_function(count)

    @contextmanager
    def in_flight(self, channel: str, lane: str) -> Iterator[None]:
        """Count a call while it is under way."""
        gauge = self._in_flight(channel, lane)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    @contextmanager
    def waiting(self, channel: str) -> Iterator[None]:
        """Count a delivery while another process sends it."""
        with self._waiting(channel).track_inprogress():
            yield

    def lag(self, topic: str, lags: Mapping[int, int], gone: frozenset[int]) -> None:
        """Say how many records wait in each partition; `gone` are no longer ours."""
        for partition, records in lags.items():
            self._lag.labels(APP, topic, str(partition)).set(records)
        for partition in gone:
            self._lag.remove(APP, topic, str(partition))
