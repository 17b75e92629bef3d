"""Why a request was refused, as the API says it: problem+json (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from schemas.errors import Permanent, Transient


class Problem(Permanent):
    """State that a request is refused; `where` is the place in it, `more` are further fields."""

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


def unauthorized() -> Problem:
    """Ask for a key."""
    return Problem(
        401,
        "send a known key: Authorization: Bearer <key>",
        headers={"WWW-Authenticate": 'Bearer, Basic realm="tocsin"'},
    )


def unavailable(why: Transient) -> Problem:
    """Ask to come again."""
    after = max(1, round(why.retry_after_s or 2))
    return Problem(503, str(why), headers={"Retry-After": str(after)})


def invalid(wrong: RequestValidationError) -> Problem:
    """Say which parts of a request cannot be understood."""
    found = [{"where": ".".join(map(str, e["loc"])), "why": str(e["msg"])} for e in wrong.errors()]
    more = {"errors": found} if len(found) > 1 else {}
    return Problem(422, found[0]["why"], where=found[0]["where"], more=more)
