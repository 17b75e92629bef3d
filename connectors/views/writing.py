"""Write one batch and its offsets in one transaction, so that neither is ever without the other."""

from collections.abc import Mapping, Sequence

from connectors.stores.postgres import Connection, Database
from connectors.stores.queries import delivery_views, kept, views
from connectors.views.kept import last_words
from connectors.views.rows import Taken, rows_of

Place = tuple[str, int]


async def write(
    database: Database, batch: Sequence[Taken], ends: Mapping[Place, int]
) -> list[Taken]:
    """Apply the records that are not applied yet, move the offsets to `ends`, say which.

    What another worker, or this one before a crash, applied already is left out, whoever holds
    the partition now. DatabaseUnavailable or Invalid: nothing of it was written.
    """
    async with database.transaction() as connection:
        stands = await views.lock_offsets(connection, list(ends))
        fresh = [
            each for each in batch if each.offset >= stands.get((each.topic, each.partition), 0)
        ]
        await _apply(connection, fresh)
        ahead = {place: end for place, end in ends.items() if end > stands.get(place, 0)}
        await views.set_offsets(connection, ahead)
    return fresh


async def _apply(connection: Connection, fresh: Sequence[Taken]) -> None:
    rows = rows_of(fresh)
    await views.write_alerts(connection, rows.alerts)
    await views.write_changes(connection, rows.changes)
    await views.write_decisions(connection, rows.decisions)
    await views.write_dead_letters(connection, rows.dead_letters)
    await delivery_views.write_events(connection, rows.delivery_events)
    await delivery_views.write_deliveries(connection, rows.deliveries)
    for each in last_words(rows.kept):
        await kept.write(connection, each.table, rows=each.rows, gone=each.gone)
