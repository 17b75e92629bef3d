"""The routes of what comes back, ready to be mounted."""

import time
from collections.abc import Callable

from fastapi import APIRouter

from connectors.callbacks.acknowledging import Acknowledging
from connectors.callbacks.calls import Calls
from connectors.callbacks.mails import Mails
from connectors.callbacks.pages import Pages
from connectors.callbacks.receipts import Receipts
from connectors.callbacks.replies import Replies
from connectors.callbacks.saying import Publisher
from connectors.parts import Parts
from connectors.problems import ProblemRoute
from connectors.stores.claims import ReceivedClaims


def routes(parts: Parts, *, now: Callable[[], float] = time.time) -> APIRouter:
    """Give the routes that providers call, and the pages that links in messages lead to."""
    router = APIRouter(tags=["callbacks"], route_class=ProblemRoute)
    settings = parts.settings
    publisher = Publisher(parts.producer, settings.names)
    claims = ReceivedClaims(parts.redis, settings.names) if parts.redis else None
    receipts = Receipts(publisher, claims)
    Calls(settings, receipts=receipts, replies=Replies(parts.database, publisher), now=now).add_to(
        router
    )
    Mails(settings, credentials=parts.credentials, receipts=receipts, now=now).add_to(router)
    Pages(
        settings.linking,
        publisher=publisher,
        acknowledging=Acknowledging(parts.database, publisher, now),
        now=now,
    ).add_to(router)
    return router
