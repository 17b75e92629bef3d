"""Sensors: what is counted is shown under the names of the agreement."""

from prometheus_client import generate_latest

from schemas.codec import decode
from schemas.records import RawAlert
from streams.kafka.sensors import Sensors


def test_counts_are_shown_by_their_labels() -> None:
    """What is added up in between is seen at the next look."""
    sensors = Sensors("triage")
    sensors.records_in("alerts.raw", 3)
    sensors.records_in("alerts.raw", 4)

    shown = generate_latest(sensors.registry).decode()

    assert 'tocsin_records_in_total{app="triage",topic="alerts.raw"} 7.0' in shown


def test_fields_that_no_schema_names_are_shown() -> None:
    """A producer that misspells a field is found by its count."""
    decode(RawAlert, b'{"source": "cron", "title": "late", "bodi": "misspelt"}')

    shown = generate_latest(Sensors("triage").registry).decode()

    assert 'tocsin_json_unknown_fields_total{record="RawAlert"}' in shown
