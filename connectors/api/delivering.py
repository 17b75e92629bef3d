"""The routes that tell what became of intents and deliveries, and what lies in the outbox."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query

from connectors.api import delivery_shapes, shapes
from connectors.api.delivery_models import (
    DeliveryPage,
    DeliveryWithEvents,
    IntentExplanation,
    IntentState,
)
from connectors.api.door import Door
from connectors.api.models import PROBLEM
from connectors.api.outbox_models import OutboxPage
from connectors.problems import Problem
from connectors.stores.credentials import Credential, Credentials, Scope
from connectors.stores.postgres import Connection, Database
from connectors.stores.queries import deliveries, intents, outbox
from schemas import ids
from schemas.reasons import Channel, DeliveryStatus

Row = dict[str, Any]
MOST = 200
DEFAULT = 50
EVENTS = 1_000  # steps of one intent that are shown
_PENDING = "pending"
_OPEN = frozenset({DeliveryStatus.QUEUED, DeliveryStatus.HELD, DeliveryStatus.RETRYING})
_NO_INTENT = "no intent has this id"
_NO_DELIVERY = "no delivery has this id"

NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "The tenant has nothing under this id.", **PROBLEM}
}
Id = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
ChannelChoice = Channel | Literal["none"]
StatusChoice = DeliveryStatus | Literal["pending"]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before.")
]


def add_deliveries(router: APIRouter, *, database: Database, credentials: Credentials) -> None:
    """Add the routes about deliveries that need the scope `read`."""
    Reader = Annotated[Credential, Depends(Door(credentials, Scope.READ))]  # noqa: N806 - a type

    @router.get("/deliveries", tags=["deliveries"], summary="List deliveries, newest first")
    async def list_deliveries(
        who: Reader,
        recipient: Word = None,
        channel: ChannelChoice | None = None,
        status: StatusChoice | None = None,
        intent: Word = None,
        alert: Word = None,
        limit: Limit = DEFAULT,
        cursor: Cursor = None,
    ) -> DeliveryPage:
        """Give what the filters choose; `pending` is queued, held and retrying together."""
        wanted = deliveries.Filter(
            tenant=who.tenant,
            recipient=recipient,
            channel=channel,
            status=_PENDING if status in _OPEN else status,
            step=status if status in _OPEN else None,
            intents=None if intent is None else _with_fallbacks(who.tenant, intent),
            alert=alert,
        )
        after = _after(cursor)
        async with database.transaction() as connection:
            rows = await deliveries.listed(connection, wanted, most=limit + 1, after=after)
        more, rows = len(rows) > limit, rows[:limit]
        return DeliveryPage.model_construct(
            items=[delivery_shapes.delivery(row) for row in rows],
            limit=limit,
            next_cursor=shapes.cursor_at(rows[-1]["created_at"], rows[-1]["id"]) if more else None,
        )

    @router.get(
        "/deliveries/{delivery_id}",
        tags=["deliveries"],
        summary="One delivery",
        responses=NOT_FOUND,
    )
    async def delivery(who: Reader, delivery_id: Id) -> DeliveryWithEvents:
        """Give one delivery with everything that happened to it, in order of time."""
        async with database.transaction() as connection:
            row, events = await _delivery(connection, who.tenant, delivery_id)
        return delivery_shapes.with_events(row, events)

    @router.get(
        "/deliveries/{delivery_id}/explain",
        tags=["deliveries"],
        summary="Why did it end like this?",
        responses=NOT_FOUND,
    )
    async def explain_delivery(who: Reader, delivery_id: Id) -> IntentExplanation:
        """Say in words what happened to a delivery, and what was decided about its intent."""
        async with database.transaction() as connection:
            row, events = await _delivery(connection, who.tenant, delivery_id)
            decided = await deliveries.decisions(
                connection, tenant=who.tenant, subjects=[delivery_id, row["intent_id"]], most=MOST
            )
        return delivery_shapes.explanation(
            delivery_id, row["step"], events=events, decisions=decided
        )

    @router.get("/outbox", tags=["deliveries"], summary="What would have been sent, newest first")
    async def list_outbox(
        who: Reader,
        channel: Channel | None = None,
        recipient: Word = None,
        limit: Limit = DEFAULT,
        cursor: Cursor = None,
    ) -> OutboxPage:
        """Give what the sandbox recorded on channels that have no credentials."""
        before = _before(cursor)
        async with database.transaction() as connection:
            rows = await outbox.newest(
                connection,
                tenant=who.tenant,
                most=limit + 1,
                channel=channel or "",
                recipient=recipient or "",
                before=before,
            )
        more, rows = len(rows) > limit, rows[:limit]
        return OutboxPage.model_construct(
            items=[delivery_shapes.outbox_message(row) for row in rows],
            limit=limit,
            next_cursor=str(rows[-1]["id"]) if more else None,
        )


def add_intents(router: APIRouter, *, database: Database, credentials: Credentials) -> None:
    """Add the routes about intents that need the scope `read`."""
    Reader = Annotated[Credential, Depends(Door(credentials, Scope.READ))]  # noqa: N806 - a type

    @router.get(
        "/intents/{intent_id}",
        tags=["intents"],
        summary="What became of an intent",
        responses=NOT_FOUND,
    )
    async def intent(who: Reader, intent_id: Id) -> IntentState:
        """Say per channel how it stands: queued, held until, suppressed and why, sent ..."""
        async with database.transaction() as connection:
            accepted, rows, events = await _intent(connection, who.tenant, intent_id)
        if accepted is None and not rows and not events:
            raise Problem(404, _NO_INTENT)
        return delivery_shapes.intent(intent_id, accepted, rows, events, now=_now())

    @router.get(
        "/intents/{intent_id}/explain",
        tags=["intents"],
        summary="Why did somebody (not) get this?",
        responses=NOT_FOUND,
    )
    async def explain_intent(who: Reader, intent_id: Id) -> IntentExplanation:
        """Say in words what was decided about an intent and what its deliveries went through."""
        async with database.transaction() as connection:
            accepted, rows, events = await _intent(connection, who.tenant, intent_id)
            subjects = {*_with_fallbacks(who.tenant, intent_id), *(row["id"] for row in rows)}
            decided = await deliveries.decisions(
                connection, tenant=who.tenant, subjects=sorted(subjects), most=EVENTS
            )
        if accepted is None and not rows and not events and not decided:
            raise Problem(404, _NO_INTENT)
        state = delivery_shapes.intent(intent_id, accepted, rows, events, now=_now())
        return delivery_shapes.explanation(
            intent_id, state.status, events=events, decisions=decided
        )


def _with_fallbacks(tenant: str, intent_id: str) -> tuple[str, ...]:
    """Name an intent and all that may have told it on another channel, as their ids follow."""
    return intent_id, *(ids.fallback_id(tenant, intent_id, channel) for channel in Channel)


async def _intent(
    connection: Connection, tenant: str, intent_id: str
) -> tuple[Row | None, list[Row], list[Row]]:
    accepted = await intents.get(connection, tenant=tenant, intent_id=intent_id)
    about = _with_fallbacks(tenant, intent_id)
    rows = await deliveries.listed(connection, deliveries.Filter(tenant, intents=about), most=MOST)
    events = await deliveries.events(connection, tenant=tenant, intents=about, most=EVENTS)
    return accepted, rows, events


async def _delivery(connection: Connection, tenant: str, delivery_id: str) -> tuple[Row, list[Row]]:
    row = await deliveries.find(connection, tenant=tenant, delivery_id=delivery_id)
    if row is None:
        raise Problem(404, _NO_DELIVERY)
    events = await deliveries.events(
        connection,
        tenant=tenant,
        intents=[row["intent_id"]],
        delivery_id=delivery_id,
        most=EVENTS,
    )
    return row, events


def _after(cursor: str | None) -> deliveries.Mark | None:
    try:
        return shapes.parse_cursor(cursor) if cursor is not None else None
    except ValueError as wrong:
        raise Problem(422, str(wrong), where="query.cursor") from wrong


def _before(cursor: str | None) -> int:
    if cursor is None:
        return 0
    # A bigint's digits; more would be none of ours.
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise Problem(422, "not a cursor of ours", where="query.cursor")
    return int(cursor)


def _now() -> int:
    return time.time_ns() // 1_000_000
