"""Count what the sinks do, under the names that `schemas.metrics` declares."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

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
        self._in = self._counter(metrics.RECORDS_IN)
        self._dead = self._counter(metrics.DEAD_LETTERS)
        self._calls = self._counter(metrics.SINK_CALLS)
        self._steps = self._counter(metrics.SINK_STEPS)
        self._parked = self._counter(metrics.SINK_PARKED)
        self._repeats = self._counter(metrics.SINK_REPEATS)
        self._lag = self._gauge(metrics.LAG)
        self._in_flight = self._gauge(metrics.SINK_IN_FLIGHT)
        self._broken = self._gauge(metrics.SINK_BREAKERS)
        self._waiting = self._gauge(metrics.SINK_WAITING)
        seconds = metrics.SINK_SECONDS
        self._seconds = Histogram(
            seconds.name, seconds.help, seconds.labels, buckets=BUCKETS, registry=self.registry
        )

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def read(self, topic: str, count: int) -> None:
        """Count records that came."""
        self._in.labels(APP, topic).inc(count)

    def dead(self, reason: str) -> None:
        """Count a dead letter."""
        self._dead.labels(APP, reason).inc()

    def called(self, sink: Sink, answer: Answer, *, seconds: float) -> None:
        """Count a call and what it was answered."""
        outcome = type(answer).__name__.lower()
        self._calls.labels(sink.channel, sink.provider, outcome).inc()
        self._seconds.labels(sink.channel, sink.provider).observe(seconds)

    def step(self, event: DeliveryEvent) -> None:
        """Count a step of a delivery."""
        self._steps.labels(event.channel, event.status).inc()

    def parked(self, channel: str, reason: str) -> None:
        """Count a delivery that waits without an attempt."""
        self._parked.labels(channel, reason).inc()

    def repeat(self, channel: str) -> None:
        """Count a call that may be a second one."""
        self._repeats.labels(channel).inc()

    def watch_broken(self, channel: str, count: Callable[[], int]) -> None:
        """Ask for the number of broken endpoints whenever metrics are read."""
        self._broken.labels(channel).set_function(count)

    @contextmanager
    def in_flight(self, channel: str, lane: str) -> Iterator[None]:
        """Count a call while it is under way."""
        with self._in_flight.labels(channel, lane).track_inprogress():
            yield

    @contextmanager
    def waiting(self, channel: str) -> Iterator[None]:
        """Count a delivery while another process sends it."""
        with self._waiting.labels(channel).track_inprogress():
            yield

    def lag(self, topic: str, lags: Mapping[int, int], gone: frozenset[int]) -> None:
        """Say how many records wait in each partition; `gone` are no longer ours."""
        for partition, records in lags.items():
            self._lag.labels(APP, topic, str(partition)).set(records)
        for partition in gone:
            self._lag.remove(APP, topic, str(partition))
