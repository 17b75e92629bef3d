"""The routes that read: the inbox, one notification, why, and the statistics."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from connectors.api import delivery_shapes, shapes
from connectors.api.door import Door
from connectors.api.models import (
    PROBLEM,
    Explanation,
    NotificationWithHistory,
    Page,
    Statistics,
)
from connectors.api.orders import Orders
from connectors.problems import Problem
from connectors.stores.credentials import Credential, Credentials, Scope
from connectors.stores.postgres import Database
from connectors.stores.queries import deliveries, inbox

MOST = 200
DEFAULT = 50
FURTHEST = 10_000  # beyond it, skipping reads more rows than it shows: use the cursor
HISTORY = 500

NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "The tenant has no such notification.", **PROBLEM}
}
Id = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="The notification's id, or a fingerprint for the last one under it.",
        examples=["9f2c4b7d1e3a5f60"],
    ),
]


class Status(StrEnum):
    """Choose by state."""

    OPEN = "open"
    RESOLVED = "resolved"


def add_reads(
    router: APIRouter, *, database: Database, credentials: Credentials, orders: Orders
) -> None:
    """Add the routes that need the scope `read`."""
    Reader = Annotated[Credential, Depends(Door(credentials, Scope.READ))]  # noqa: N806 - a type

    @router.get("/notifications", tags=["inbox"], summary="List notifications, newest first")
    async def notifications(
        who: Reader,
        source: Annotated[str | None, Query(max_length=200, examples=["slack"])] = None,
        status: Status | None = None,
        priority: Annotated[
            str | None,
            Query(
                max_length=100,
                description="0 to 3 or low, normal, high, critical; several with commas.",
                examples=["high,critical"],
            ),
        ] = None,
        acknowledged: bool | None = None,  # noqa: FBT001 - a query parameter
        limit: Annotated[int, Query(ge=1, le=MOST)] = DEFAULT,
        offset: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
        cursor: Annotated[
            str | None,
            Query(max_length=500, description="`next_cursor` of the page before; not with offset."),
        ] = None,
    ) -> Page:
        """Give what the filters choose, by the moment it was last seen.

        Walk with `next_cursor`: each notification comes once, also while new ones arrive.
        One that is seen again during the walk moves to the front.
        """
        after = _after(cursor, offset)
        wanted = inbox.Filter(
            tenant=who.tenant,
            source=_without_nul(source),
            status=status,
            priorities=_priorities(priority),
            acknowledged=acknowledged,
        )
        async with database.transaction() as connection:
            rows = await inbox.listed(connection, wanted, most=limit + 1, skip=offset, after=after)
            total = await inbox.total(connection, wanted)
        more = len(rows) > limit
        rows = rows[:limit]
        return Page.model_construct(
            items=[shapes.notification(row) for row in rows],
            total=total,
            limit=limit,
            offset=offset,
            next_cursor=shapes.cursor_after(rows[-1]) if more else None,
        )

    @router.get(
        "/notifications/{notification_id}",
        tags=["inbox"],
        summary="One notification",
        responses=NOT_FOUND,
    )
    async def notification(who: Reader, notification_id: Id) -> NotificationWithHistory:
        """Give one notification with its last changes and who was told, newest first."""
        row = await orders.find(who.tenant, notification_id)
        async with database.transaction() as connection:
            changes = await inbox.history(
                connection, tenant=who.tenant, alert_id=row["alert_id"], most=HISTORY
            )
            about = deliveries.Filter(who.tenant, alert=row["alert_id"])
            told = await deliveries.listed(connection, about, most=MOST)
        return shapes.with_history(row, changes, told=list(map(delivery_shapes.delivery, told)))

    @router.get(
        "/notifications/{notification_id}/explain",
        tags=["inbox"],
        summary="Why did I (not) get this?",
        responses=NOT_FOUND,
    )
    async def explain(who: Reader, notification_id: Id) -> Explanation:
        """Give every decision that a stage recorded about it."""
        row = await orders.find(who.tenant, notification_id)
        async with database.transaction() as connection:
            found = await inbox.decisions(
                connection,
                tenant=who.tenant,
                alert_id=row["alert_id"],
                fingerprint=row["fingerprint"],
                most=MOST,
            )
        return shapes.explanation(row, found)

    @router.get("/stats", tags=["inbox"], summary="Statistics")
    async def stats(who: Reader) -> Statistics:
        """Count notifications and deliveries by what, and the duplicates saved."""
        async with database.transaction() as connection:
            alerts = await inbox.statistics(connection, tenant=who.tenant)
            told = await deliveries.statistics(connection, tenant=who.tenant)
        return shapes.statistics(alerts, deliveries=told)


def _after(cursor: str | None, offset: int) -> tuple[int, str] | None:
    if cursor is None:
        return None
    if offset:
        raise Problem(422, "give a cursor or an offset, not both", where="query.cursor")
    try:
        return shapes.parse_cursor(cursor)
    except ValueError as wrong:
        raise Problem(422, str(wrong), where="query.cursor") from wrong


def _priorities(given: str | None) -> list[int]:
    try:
        return shapes.parse_priorities(given) if given is not None else []
    except ValueError as wrong:
        raise Problem(422, str(wrong), where="query.priority") from wrong


def _without_nul(given: str | None) -> str | None:
    if given is not None and "\0" in given:
        raise Problem(422, "a NUL character stands in no source", where="query.source")
    return given
