"""The routes of the inbox and of what was delivered, ready to be mounted."""

from typing import Any

from fastapi import APIRouter

from connectors.api.comparing import add_results
from connectors.api.delivering import add_deliveries, add_intents
from connectors.api.models import PROBLEM
from connectors.api.ordering import add_orders
from connectors.api.orders import Orders
from connectors.api.posting import add_posting
from connectors.api.preferring import add_preferences
from connectors.api.reading import add_reads
from connectors.parts import Parts
from connectors.problems import ProblemRoute

_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"description": "No known key.", **PROBLEM},
    403: {"description": "The key lacks the scope.", **PROBLEM},
    422: {"description": "The request cannot be understood; `where` says what.", **PROBLEM},
    503: {"description": "A service is away; come again.", **PROBLEM},
}


def routes(parts: Parts) -> APIRouter:
    """Give the inbox: reading needs the scope `read`, orders need `write`."""
    router = APIRouter(
        prefix="/api",
        route_class=ProblemRoute,
        responses=_RESPONSES,
        generate_unique_id_function=lambda route: route.name,
    )
    orders = Orders(database=parts.database, producer=parts.producer, names=parts.settings.names)
    add_preferences(router, parts)
    add_reads(router, database=parts.database, credentials=parts.credentials, orders=orders)
    add_orders(router, credentials=parts.credentials, orders=orders)
    add_deliveries(router, database=parts.database, credentials=parts.credentials)
    add_intents(router, database=parts.database, credentials=parts.credentials)
    add_results(router, database=parts.database, credentials=parts.credentials)
    add_posting(router, parts)
    return router
