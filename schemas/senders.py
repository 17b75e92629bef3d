"""What ingest and triage must both know about a sender."""

# These say when their trouble is over, so their alerts live until then and not by the clock.
LIFE_CYCLE = frozenset(
    (
        "alertmanager",
        "azure_monitor",
        "cloudwatch",
        "datadog",
        "github",
        "grafana",
        "pagerduty",
        "sentry",
    )
)
