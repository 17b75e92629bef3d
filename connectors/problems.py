"""Why a request was refused, as whoever asked reads it: problem+json (RFC 9457), never a trace."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from schemas.errors import Permanent, Transient

log = logging.getLogger("tocsin.http")


class Problem(Permanent):
    """State that a request is refused, with the HTTP status that says so.

    `where` is the place in the request; `more` are further fields of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        where: str = "",
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.where = where
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def response(self) -> Response:
        """Make the answer."""
        said: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.where:
            said["where"] = self.where
        return Response(
            orjson.dumps(said | self.more),
            status_code=self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


def unauthorized(detail: str = "send a known key: Authorization: Bearer <key>") -> Problem:
    """Ask for a key, or for a better one."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer, Basic realm="tocsin"'})


def unavailable(why: Transient) -> Problem:
    """Ask to come again."""
    after = max(1, round(why.retry_after_s or 2))
    return Problem(503, str(why), headers={"Retry-After": str(after)})


def invalid(wrong: RequestValidationError) -> Problem:
    """Say which parts of a request cannot be understood."""
    found = [{"where": ".".join(map(str, e["loc"])), "why": str(e["msg"])} for e in wrong.errors()]
    more = {"errors": found} if len(found) > 1 else {}
    return Problem(422, found[0]["why"], where=found[0]["where"], more=more)


def unexpected(wrong: Exception) -> Problem:
    """Log where something of ours broke, and say only that it did.

    The text of a foreign error may hold what was sent, so its kind and its place are logged.
    """
    place = (Exception, Exception("text left out"), wrong.__traceback__)
    log.error("request failed: %s", type(wrong).__name__, exc_info=place)
    return Problem(500, "something went wrong here; it was logged")


class ProblemRoute(APIRoute):
    """Answer every refusal as problem+json, whatever application mounts the route."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as wrong:
                return invalid(wrong).response()
            except Problem as problem:
                return problem.response()
            except Transient as away:
                return unavailable(away).response()

        return answered
