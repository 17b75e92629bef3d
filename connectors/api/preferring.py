"""The routes by which a person reads and writes what they wish, and an operator for them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from connectors.api.door import Door
from connectors.api.models import PROBLEM
from connectors.api.preference_models import OWN, BeingWritten, Own, Preferences
from connectors.api.preference_shapes import etag
from connectors.api.signed_in import SignedIn
from connectors.api.wishing import Wishing, Written
from connectors.bodies import from_json, read
from connectors.parts import Parts
from connectors.problems import Problem
from connectors.settings import Taking
from connectors.stores.credentials import Credential, Scope
from connectors.tokens import LONGEST_SUBJECT, Tokens, User
from schemas.limits import FIELD_BYTES

_READ: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}}}}
}
_WRITE: dict[int | str, dict[str, Any]] = {
    202: {"model": BeingWritten, "description": "Kafka has them; they are shown in a moment."},
    409: {"description": "Another change is on its way; come again.", **PROBLEM},
    412: {"description": "They were changed since; read them again.", **PROBLEM},
    413: {"description": "The body is too large.", **PROBLEM},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Own.model_json_schema(), "example": OWN}},
    }
}
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag that was read: no other change is lost."),
]
Recipient = Annotated[
    str,
    Path(
        min_length=1,
        max_length=LONGEST_SUBJECT,
        pattern=r"^[^\x00]+$",
        description="The id under which the recipient is known.",
    ),
]
_DONE = "This is how they are shown now."


def add_preferences(router: APIRouter, parts: Parts) -> None:
    """Add the routes of signed-in users, and those that need the scope `admin`.

    They come before the inbox: its routes would take `preferences` for the id of an alert.
    """
    wishing = Wishing(database=parts.database, producer=parts.producer, names=parts.settings.names)
    Somebody = Annotated[  # noqa: N806 - a type
        User, Depends(SignedIn(Tokens(parts.settings.signing)))
    ]
    Admin = Annotated[Credential, Depends(Door(parts.credentials, Scope.ADMIN))]  # noqa: N806 - a type

    @router.get(
        "/notifications/preferences",
        tags=["preferences"],
        summary="What I wish",
        responses=_READ,
    )
    async def my_preferences(me: Somebody, response: Response) -> Preferences:
        """Say by type and channel what is in force for who is signed in, and why."""
        return _tagged(await wishing.shown(me), response)

    @router.put(
        "/notifications/preferences",
        tags=["preferences"],
        summary="Change what I wish",
        response_model=Preferences,
        responses=_READ | _WRITE,
        response_description=_DONE,
        openapi_extra=_BODY,
    )
    async def put_my_preferences(
        me: Somebody, request: Request, if_match: IfMatch = None
    ) -> Response:
        """Replace everything that who is signed in chose."""
        return _told(me, await wishing.write(me, await _own(request), based_on=_version(if_match)))

    @router.get(
        "/recipients/{recipient:path}/preferences",
        tags=["preferences"],
        summary="What somebody wishes",
        responses=_READ,
    )
    async def preferences(who: Admin, recipient: Recipient, response: Response) -> Preferences:
        """Say by type and channel what is in force for a recipient, and why."""
        return _tagged(await wishing.shown(User(who.tenant, recipient)), response)

    @router.put(
        "/recipients/{recipient:path}/preferences",
        tags=["preferences"],
        summary="Change what somebody wishes",
        response_model=Preferences,
        responses=_READ | _WRITE,
        response_description=_DONE,
        openapi_extra=_BODY,
    )
    async def put_preferences(
        who: Admin, recipient: Recipient, request: Request, if_match: IfMatch = None
    ) -> Response:
        """Replace everything that a recipient chose."""
        whose, own = User(who.tenant, recipient), await _own(request)
        return _told(whose, await wishing.write(whose, own, based_on=_version(if_match)))


async def _own(request: Request) -> Own:
    raw = await read(
        request.stream(),
        encoding=request.headers.get("content-encoding", ""),
        declared=request.headers.get("content-length", ""),
        taking=Taking(request_bytes=FIELD_BYTES),
    )
    try:
        return Own.model_validate(from_json(raw))
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Problem(
            422, str(found["msg"]), where=".".join(map(str, found["loc"]))[:200] or "body"
        ) from wrong


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    given = if_match.strip().removeprefix("W/").strip('"')
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Problem(412, "no ETag of ours", where="header.If-Match")
    return int(given)


def _tagged(found: Preferences, response: Response) -> Preferences:
    response.headers["ETag"] = etag(found.version)
    return found


def _told(user: User, written: Written) -> Response:
    if written.shown is not None:
        said = written.shown.model_dump(by_alias=True)
        return JSONResponse(said, headers={"ETag": etag(written.shown.version)})
    way = BeingWritten(recipient=user.recipient, version=written.version)
    return JSONResponse(way.model_dump(), status_code=202)
