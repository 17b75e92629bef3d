"""SQL about what control topics say of people and words, written by the views."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from connectors.stores.postgres import Connection
from connectors.stores.queries.views import as_json

Row = dict[str, Any]


class Table(StrEnum):
    """Name the tables."""

    TEMPLATES = "notification_templates"
    PREFERENCES = "notification_preferences"
    RECIPIENTS = "recipients"
    TYPES = "notification_types"


_WRITE: dict[Table, bytes] = {
    Table.TEMPLATES: (
        b"INSERT INTO notification_templates"
        b" (tenant, name, version, parts, default_locale, experiment, variants)"
        b" SELECT tenant, id, version, parts, default_locale, experiment, variants"
        b" FROM json_to_recordset(%s::json) AS r(tenant text, id text, version text, parts jsonb,"
        b" default_locale text, experiment text, variants jsonb)"
        b" ON CONFLICT (tenant, name) DO UPDATE SET"
        b" (version, parts, default_locale, experiment, variants) = (excluded.version,"
        b" excluded.parts, excluded.default_locale, excluded.experiment, excluded.variants)"
    ),
    Table.PREFERENCES: (
        b"INSERT INTO notification_preferences"
        b" (tenant, user_id, enabled, quiet_from, quiet_to, zone, locale, version, updated_at)"
        b" SELECT tenant, id, enabled, quiet_from, quiet_to, zone, locale, version, updated_at"
        b" FROM json_to_recordset(%s::json) AS r(tenant text, id text, enabled jsonb,"
        b" quiet_from text, quiet_to text, zone text, locale text, version bigint,"
        b" updated_at bigint)"
        b" ON CONFLICT (tenant, user_id) DO UPDATE SET"
        b" (enabled, quiet_from, quiet_to, zone, locale, version, updated_at) = (excluded.enabled,"
        b" excluded.quiet_from, excluded.quiet_to, excluded.zone, excluded.locale,"
        b" excluded.version, excluded.updated_at)"
    ),
    Table.RECIPIENTS: (
        b"INSERT INTO recipients (tenant, id, name, addresses, locale, zone, limits)"
        b" SELECT tenant, id, name, addresses, locale, zone, limits"
        b" FROM json_to_recordset(%s::json) AS r(tenant text, id text, name text,"
        b" addresses jsonb, locale text, zone text, limits jsonb)"
        b" ON CONFLICT (tenant, id) DO UPDATE SET (name, addresses, locale, zone, limits)"
        b" = (excluded.name, excluded.addresses, excluded.locale, excluded.zone, excluded.limits)"
    ),
    Table.TYPES: (
        b"INSERT INTO notification_types (tenant, name, channels, excess, limits, expires_s,"
        b" quiet_hours, critical_ignores_opt_out, digest_s, fallback)"
        b" SELECT tenant, id, channels, excess, limits, expires_s, quiet_hours,"
        b" critical_ignores_opt_out, digest_s, fallback"
        b" FROM json_to_recordset(%s::json) AS r(tenant text, id text, channels jsonb,"
        b" excess text, limits jsonb, expires_s bigint, quiet_hours text,"
        b" critical_ignores_opt_out boolean, digest_s bigint, fallback jsonb)"
        b" ON CONFLICT (tenant, name) DO UPDATE SET (channels, excess, limits, expires_s,"
        b" quiet_hours, critical_ignores_opt_out, digest_s, fallback)"
        b" = (excluded.channels, excluded.excess, excluded.limits, excluded.expires_s,"
        b" excluded.quiet_hours, excluded.critical_ignores_opt_out, excluded.digest_s,"
        b" excluded.fallback)"
    ),
}
_REMOVE: dict[Table, bytes] = {
    Table.TEMPLATES: (
        b"DELETE FROM notification_templates t USING json_to_recordset(%s::json)"
        b" AS r(tenant text, id text) WHERE t.tenant = r.tenant AND t.name = r.id"
    ),
    Table.PREFERENCES: (
        b"DELETE FROM notification_preferences t USING json_to_recordset(%s::json)"
        b" AS r(tenant text, id text) WHERE t.tenant = r.tenant AND t.user_id = r.id"
    ),
    Table.RECIPIENTS: (
        b"DELETE FROM recipients t USING json_to_recordset(%s::json)"
        b" AS r(tenant text, id text) WHERE t.tenant = r.tenant AND t.id = r.id"
    ),
    Table.TYPES: (
        b"DELETE FROM notification_types t USING json_to_recordset(%s::json)"
        b" AS r(tenant text, id text) WHERE t.tenant = r.tenant AND t.name = r.id"
    ),
}


async def write(
    connection: Connection, table: Table, *, rows: Sequence[Row], gone: Sequence[Row]
) -> None:
    """Bring a table to what its topic says: rows by `tenant` and `id`, and those that are gone."""
    if rows:
        await connection.execute(_WRITE[table], (as_json(rows),))
    if gone:
        await connection.execute(_REMOVE[table], (as_json(gone),))


async def preference(connection: Connection, *, tenant: str, recipient: str) -> Row | None:
    """Give what one recipient wants, as far as it was said."""
    found = await connection.execute(
        "SELECT user_id, enabled, quiet_from, quiet_to, zone, locale, version, updated_at"
        " FROM notification_preferences WHERE tenant = %s AND user_id = %s",
        (tenant, recipient),
    )
    return await found.fetchone()


async def recipient(connection: Connection, *, tenant: str, recipient: str) -> Row | None:
    """Give how one recipient can be reached, as far as it is known."""
    found = await connection.execute(
        "SELECT id, name, addresses, locale, zone FROM recipients WHERE tenant = %s AND id = %s",
        (tenant, recipient),
    )
    return await found.fetchone()


async def types(connection: Connection, *, tenant: str) -> list[Row]:
    """Give every type of notification with its channels."""
    found = await connection.execute(
        "SELECT name, channels FROM notification_types WHERE tenant = %s ORDER BY name", (tenant,)
    )
    return await found.fetchall()
