"""The routes that order something done to a notification."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse, Response

from connectors.api import shapes
from connectors.api.door import Door
from connectors.api.models import PROBLEM, Notification, OnItsWay, Order, Snooze
from connectors.api.orders import Given, Orders
from connectors.api.reading import NOT_FOUND, Id
from connectors.problems import Problem
from connectors.stores.credentials import Credential, Credentials, Scope
from schemas.reasons import CommandKind

# The trace that a caller belongs to; no part of what the API promises.
Trace = Annotated[str, Header(include_in_schema=False)]
_DONE = "Done: this is how the inbox shows it now."
_RESPONSES: dict[int | str, dict[str, Any]] = NOT_FOUND | {
    409: {"description": "Its life is over; nothing can be ordered any more.", **PROBLEM},
    202: {"model": OnItsWay, "description": "Kafka has the order; the inbox will show it."},
}


def add_orders(router: APIRouter, *, credentials: Credentials, orders: Orders) -> None:
    """Add the routes that need the scope `write`."""
    Writer = Annotated[Credential, Depends(Door(credentials, Scope.WRITE))]  # noqa: N806 - a type

    @router.post(
        "/notifications/{notification_id}/ack",
        tags=["orders"],
        summary="Acknowledge",
        responses=_RESPONSES,
        response_model=Notification,
        response_description=_DONE,
    )
    async def ack(
        who: Writer, notification_id: Id, order: Order | None = None, traceparent: Trace = ""
    ) -> Response:
        """Say that somebody takes care of it."""
        return _told(
            await orders.give(
                CommandKind.ACK,
                notification_id,
                who=who,
                order=order or Order(),
                traceparent=traceparent,
            ),
        )

    @router.post(
        "/notifications/{notification_id}/unack",
        tags=["orders"],
        summary="Take an acknowledgement back",
        responses=_RESPONSES,
        response_model=Notification,
        response_description=_DONE,
    )
    async def unack(
        who: Writer, notification_id: Id, order: Order | None = None, traceparent: Trace = ""
    ) -> Response:
        """Say that nobody takes care of it."""
        return _told(
            await orders.give(
                CommandKind.UNACK,
                notification_id,
                who=who,
                order=order or Order(),
                traceparent=traceparent,
            ),
        )

    @router.post(
        "/notifications/{notification_id}/resolve",
        tags=["orders"],
        summary="Resolve",
        responses=_RESPONSES,
        response_model=Notification,
        response_description=_DONE,
    )
    async def resolve(
        who: Writer, notification_id: Id, order: Order | None = None, traceparent: Trace = ""
    ) -> Response:
        """Say that the trouble is over."""
        return _told(
            await orders.give(
                CommandKind.RESOLVE,
                notification_id,
                who=who,
                order=order or Order(),
                traceparent=traceparent,
            ),
        )

    @router.post(
        "/notifications/{notification_id}/snooze",
        tags=["orders"],
        summary="Snooze",
        responses=_RESPONSES,
        response_model=Notification,
        response_description=_DONE,
    )
    async def snooze(
        who: Writer, notification_id: Id, order: Snooze, traceparent: Trace = ""
    ) -> Response:
        """Tell nobody until a moment, then tell if it still goes on."""
        until = _until(order, now=time.time_ns() // 1_000_000)
        return _told(
            await orders.give(
                CommandKind.SNOOZE,
                notification_id,
                who=who,
                order=order,
                until=until,
                traceparent=traceparent,
            ),
        )

    @router.post(
        "/notifications/{notification_id}/unsnooze",
        tags=["orders"],
        summary="Lift a snooze",
        responses=_RESPONSES,
        response_model=Notification,
        response_description=_DONE,
    )
    async def unsnooze(
        who: Writer, notification_id: Id, order: Order | None = None, traceparent: Trace = ""
    ) -> Response:
        """Tell of it again from now on."""
        return _told(
            await orders.give(
                CommandKind.SNOOZE,
                notification_id,
                who=who,
                order=order or Order(),
                until=0,
                traceparent=traceparent,
            ),
        )


def _told(given: Given) -> Response:
    if given.row is not None:
        return JSONResponse(shapes.notification(given.row).model_dump())
    way = OnItsWay(id=given.alert_id, command_id=given.command_id)
    return JSONResponse(way.model_dump(), status_code=202)


def _until(order: Snooze, *, now: int) -> int:
    if (order.until is None) == (order.for_s is None):
        raise Problem(422, "give either until or for_s", where="body")
    if order.for_s is not None:
        return now + order.for_s * 1000
    try:
        until = shapes.parse_moment(order.until or "")
    except ValueError as wrong:
        raise Problem(422, str(wrong), where="body.until") from wrong
    if until <= now:
        raise Problem(422, "this moment is past", where="body.until")
    return until
