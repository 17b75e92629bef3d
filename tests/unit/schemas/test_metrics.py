"""Metrics are declared once, under names that scrapers accept."""

import re

from schemas.metrics import METRICS


def test_every_name_is_listed_once() -> None:
    """Two metrics never add up under one name."""
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)


def test_every_name_is_ours_and_well_formed() -> None:
    """Every metric is found under `tocsin_`."""
    assert all(re.fullmatch(r"tocsin_[a-z][a-z_]*", metric.name) for metric in METRICS)


def test_kinds_are_known_and_counters_say_so() -> None:
    """A counter ends in `_total`, and nothing else does."""
    assert {metric.kind for metric in METRICS} <= {"counter", "gauge", "histogram"}
    assert all((m.kind == "counter") == m.name.endswith("_total") for m in METRICS)


def test_everything_is_explained() -> None:
    """A dashboard can show what a metric means."""
    assert all(metric.help.endswith(".") for metric in METRICS)


def test_no_label_can_grow_without_bound() -> None:
    """No metric is labelled by what the outside chooses."""
    assert {label for metric in METRICS for label in metric.labels} <= {
        "app",
        "channel",
        "door",
        "event",
        "format",
        "group",
        "kind",
        "lane",
        "outcome",
        "partition",
        "process",
        "provider",
        "reason",
        "record",
        "stage",
        "status",
        "table",
        "topic",
        "view",
        "whose",
    }
