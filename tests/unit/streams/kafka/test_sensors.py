"""What a streams process tells Prometheus."""

from prometheus_client import generate_latest

from schemas import metrics
from schemas.reasons import ChangeKind, Reason, Stage
from streams.kafka.sensors import Sensors


def test_counts_are_told_under_their_labels() -> None:
    """Counts add up by label values, whether a word was given plain or from its closed list."""
    sensors = Sensors("triage")
    sensors.change(ChangeKind.FIRED)
    sensors.change("fired")
    sensors.drop(Stage.DEDUP, Reason.DUPLICATE)
    sensors.records_in("raw", 500)

    value = sensors.registry.get_sample_value
    assert 2 == value(metrics.CHANGES.name, {"kind": "fired"})
    assert 1 == value(metrics.DROPS.name, {"stage": "dedup", "reason": "duplicate"})
    assert 500 == value(metrics.RECORDS_IN.name, {"app": "triage", "topic": "raw"})


def test_a_count_without_labels_is_told_from_the_start() -> None:
    """What never happened is told as 0, so that a query finds it."""
    told = generate_latest(Sensors("triage").registry).decode()

    assert f"{metrics.REKEYED.name} 0.0" in told
    assert f"# TYPE {metrics.RECORDS_IN.name} counter" in told
