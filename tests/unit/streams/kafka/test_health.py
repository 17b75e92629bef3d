"""Whoever watches a worker is told whether it lives, whether it works, and its metrics."""

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from streams.kafka.health import Health

GONE = "gone"


class Worker:
    """Lack what a test says."""

    lacks = ""

    def missing(self) -> str:
        """Say what is missing, or fail as a consumer that was closed."""
        if self.lacks == GONE:
            raise RuntimeError(self.lacks)
        return self.lacks


@pytest.fixture
def worker() -> Worker:
    """Give a worker that lacks nothing."""
    return Worker()


@pytest.fixture
def url(worker: Worker) -> Iterator[str]:
    """Serve the worker's health on a free port."""
    registry = CollectorRegistry()
    Gauge("tocsin_test", "A number.", registry=registry).set(7)
    health = Health(host="127.0.0.1", port=0, registry=registry, missing=worker.missing)
    yield f"http://127.0.0.1:{health.port}"
    health.close()


def _ask(url: str) -> tuple[int, str]:
    answer = httpx.get(url)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("lacks", "expected"),
    [
        ("", (200, "ready\n")),
        ("states are being restored", (503, "states are being restored\n")),
        (GONE, (503, "the group is being joined or left\n")),
    ],
)
def test_readiness_says_what_is_missing(
    worker: Worker, url: str, lacks: str, expected: tuple[int, str]
) -> None:
    """503 bears the reason, and a worker that cannot tell is not ready; it lives all the same."""
    worker.lacks = lacks
    assert expected == _ask(f"{url}/health/ready")
    assert (200, "alive\n") == _ask(f"{url}/health/live")


def test_metrics_are_given_beside_it(url: str) -> None:
    """Prometheus asks the same port."""
    status, text = _ask(f"{url}/metrics")
    assert 200 == status
    assert "tocsin_test 7.0" in text


def test_what_is_not_there_is_not_found(url: str) -> None:
    """Every other address answers 404."""
    assert (404, "not found\n") == _ask(f"{url}/health")
