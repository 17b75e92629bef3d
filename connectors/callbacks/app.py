"""The routes of what comes back, ready to be mounted."""

from fastapi import APIRouter

from connectors.parts import Parts


def routes(parts: Parts) -> APIRouter:
    """Give the routes that providers call, and the pages that links in messages lead to."""
    del parts
    return APIRouter(tags=["callbacks"])
