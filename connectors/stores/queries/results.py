"""SQL that counts what a template's variants came to; every statement names the tenant."""

from typing import Any

from connectors.stores.postgres import Connection

Row = dict[str, Any]

# A receipt counts where the mail left us: shares of what was sent cannot exceed it then.
_COUNTS = {
    "delivered": "status = 'delivered'",
    "opened": "opened_at IS NOT NULL",
    "clicked": "clicked_at IS NOT NULL",
}
_SENT = "sent_at IS NOT NULL"
_SELECT = ", ".join(
    (
        "channel, template_version, variant, count(*) AS planned",
        f"count(*) FILTER (WHERE {_SENT}) AS sent",
        f"count(DISTINCT user_id) FILTER (WHERE {_SENT}) AS people",
        *(f"count(*) FILTER (WHERE {_SENT} AND {met}) AS {name}" for name, met in _COUNTS.items()),
        *(
            f"count(DISTINCT user_id) FILTER (WHERE {_SENT} AND {met}) AS {name}_people"
            for name, met in _COUNTS.items()
        ),
        "(extract(epoch FROM min(created_at)) * 1000)::bigint AS first_at",
        "(extract(epoch FROM max(created_at)) * 1000)::bigint AS last_at",
    )
)
_RESULTS = (
    f"SELECT {_SELECT} FROM notification_log WHERE tenant = %s AND template_name = %s"  # noqa: S608 - columns named above
    " AND created_at >= timestamptz 'epoch' + %s * interval '1 millisecond'"
    " AND channel <> 'none' GROUP BY channel, template_version, variant"
    " ORDER BY max(created_at) DESC, channel, template_version, variant LIMIT %s"
).encode()


async def of_template(
    connection: Connection, *, tenant: str, name: str, since: int, most: int
) -> list[Row]:
    """Count a template's deliveries by channel, version and variant, the latest used first."""
    found = await connection.execute(_RESULTS, (tenant, name, since, most))
    return await found.fetchall()


async def template(connection: Connection, *, tenant: str, name: str) -> Row | None:
    """Give what is drawn for whom: version, experiment and weights of a template as it is now."""
    found = await connection.execute(
        "SELECT version, experiment, variants FROM notification_templates"
        " WHERE tenant = %s AND name = %s",
        (tenant, name),
    )
    return await found.fetchone()
