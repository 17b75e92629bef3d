"""SQL about who answers a text message, and what they were told last."""

from typing import Any

from connectors.stores.postgres import Connection

Row = dict[str, Any]


async def having_number(connection: Connection, number: str) -> list[Row]:
    """Give tenant and id of every recipient who has this number."""
    found = await connection.execute(
        "SELECT tenant, id FROM recipients"
        " WHERE addresses -> 'sms' @> jsonb_build_array(%s::text) ORDER BY tenant, id",
        (number,),
    )
    return await found.fetchall()


async def told_last(connection: Connection, number: str) -> Row | None:
    """Give the open alert that this number was last told of by a text, and who was told.

    Recipient, delivery and alert are of one tenant.
    """
    found = await connection.execute(
        "SELECT told.tenant, told.user_id, told.alert_id, a.fingerprint, a.title, a.acknowledged"
        " FROM (SELECT l.tenant, l.user_id, l.alert_id, l.id,"
        " coalesce(l.sent_at, l.created_at) AS told_at"
        " FROM recipients r JOIN notification_log l ON l.tenant = r.tenant AND l.user_id = r.id"
        " WHERE r.addresses -> 'sms' @> jsonb_build_array(%s::text)"
        " AND l.channel = 'sms' AND l.address = %s AND l.alert_id <> ''"
        " AND l.status IN ('sent', 'delivered')) told"
        " JOIN alerts a ON a.tenant = told.tenant AND a.alert_id = told.alert_id"
        " WHERE a.status = 'open' ORDER BY told.told_at DESC, told.id DESC LIMIT 1",
        (number, number),
    )
    return await found.fetchone()
