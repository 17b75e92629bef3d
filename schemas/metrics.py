"""Every metric, declared once: name, kind, help and labels.

A process may emit no name that is not listed here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """Declare a metric; `kind` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()


RECORDS_IN = Metric("tocsin_records_in_total", "counter", "Records read.", ("app", "topic"))
DEAD_LETTERS = Metric(
    "tocsin_dead_letters_total", "counter", "Records that could not be taken.", ("app", "reason")
)
CHANGES = Metric("tocsin_alert_changes_total", "counter", "Changes of alerts.", ("kind",))
PLANNED = Metric(
    "tocsin_planned_total",
    "counter",
    "Steps that planning gave to deliveries.",
    ("channel", "status"),
)
DROPS = Metric("tocsin_dropped_total", "counter", "Items a stage dropped.", ("stage", "reason"))
CHECKPOINT_SECONDS = Metric(
    "tocsin_checkpoint_seconds", "histogram", "Time to make a checkpoint durable.", ("app",)
)
CHECKPOINT_STATES = Metric(
    "tocsin_checkpoint_states_total", "counter", "State records written.", ("app",)
)
STORE_KEYS = Metric("tocsin_store_keys", "gauge", "State records held.", ("app",))
LAG = Metric("tocsin_lag_records", "gauge", "Records not yet read.", ("app", "topic", "partition"))
REKEYED = Metric("tocsin_rekeyed_total", "counter", "Records sent again under the right key.")
FIRED = Metric("tocsin_scheduled_fired_total", "counter", "Items that came due.", ("topic",))
FALLBACKS = Metric(
    "tocsin_fallbacks_asked_total",
    "counter",
    "Urgent intents that did not arrive (late) or whose channels failed.",
    ("reason",),
)
UNKNOWN_FIELDS = Metric(
    "tocsin_json_unknown_fields_total", "counter", "JSON fields that no schema names.", ("record",)
)
INGEST_REQUESTS = Metric(
    "tocsin_ingest_requests_total", "counter", "Requests to ingest.", ("format", "outcome")
)
INGEST_SECONDS = Metric(
    "tocsin_ingest_seconds", "histogram", "Time from request to answer.", ("format",)
)
RATE_REFUSED = Metric(
    "tocsin_rate_refused_total", "counter", "Requests over a rate.", ("door", "whose")
)
HEARD_UNKNOWN = Metric(
    "tocsin_heard_unknown_total", "counter", "Answers given without Redis knowing.", ()
)
VIEW_ROWS = Metric("tocsin_view_rows_total", "counter", "Records applied to views.", ("topic",))
VIEW_PRUNED = Metric(
    "tocsin_view_pruned_total", "counter", "Rows deleted because they were old.", ("table",)
)

SINK_CALLS = Metric(
    "tocsin_sink_calls_total",
    "counter",
    "Calls of providers by what they answered.",
    ("channel", "provider", "outcome"),
)
SINK_SECONDS = Metric(
    "tocsin_sink_seconds", "histogram", "Time of one call of a provider.", ("channel", "provider")
)
SINK_IN_FLIGHT = Metric(
    "tocsin_sink_calls_in_flight", "gauge", "Calls under way.", ("channel", "lane")
)
SINK_STEPS = Metric(
    "tocsin_sink_deliveries_total", "counter", "Steps of deliveries.", ("channel", "status")
)
SINK_PARKED = Metric(
    "tocsin_sink_parked_total",
    "counter",
    "Deliveries that waited without an attempt.",
    ("channel", "reason"),
)
SINK_BREAKERS = Metric(
    "tocsin_sink_endpoints_broken", "gauge", "Endpoints whose breaker is open.", ("channel",)
)
SINK_WAITING = Metric(
    "tocsin_sink_claims_waiting", "gauge", "Deliveries claimed by another process.", ("channel",)
)
SINK_REPEATS = Metric(
    "tocsin_sink_maybe_repeat_total", "counter", "Calls that may be second ones.", ("channel",)
)

CALLBACKS = Metric(
    "tocsin_callbacks_total",
    "counter",
    "What providers and mail servers told, by what became of it.",
    ("provider", "outcome"),
)
LINKS = Metric(
    "tocsin_links_total", "counter", "Requests by links in messages.", ("kind", "outcome")
)

METRICS: tuple[Metric, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Metric))
