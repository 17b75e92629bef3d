"""Say who asks, and whether the key lets them."""

from base64 import b64decode
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from connectors.problems import Problem, unauthorized
from connectors.stores.credentials import Credential, Credentials, Scope

_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="An API key: `Authorization: Bearer toc_…`"
)


class Basic(HTTPBasic):
    """Declare HTTP basic, for clients that know nothing else."""

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        """Leave the judgement to `Door`."""


_basic = Basic(
    auto_error=False, scheme_name="basic", description="The API key as the password, any user."
)


class Door:
    """Let in who has a key with a scope."""

    def __init__(self, credentials: Credentials, scope: Scope) -> None:
        self._credentials = credentials
        self._scope = scope

    async def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        _: Annotated[None, Depends(_basic)],
    ) -> Credential:
        """Give the credential; Problem 401 or 403."""
        token = bearer.credentials if bearer else _password(request)
        credential = await self._credentials.find(token) if token else None
        if credential is None:
            raise unauthorized()
        if not credential.allows(self._scope):
            raise Problem(403, f"this key lacks the scope {self._scope}")
        return credential


def _password(request: Request) -> str:
    scheme, value = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return password or user
