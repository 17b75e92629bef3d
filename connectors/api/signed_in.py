"""Say which person is signed in."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from connectors.problems import unauthorized
from connectors.stores.credentials import PREFIX
from connectors.tokens import NotSignedIn, Tokens, User

_user = HTTPBearer(
    auto_error=False,
    scheme_name="user",
    bearerFormat="JWT",
    description="The token of a signed-in person: `Authorization: Bearer ey…`",
)


class SignedIn:
    """Let in who shows a token that proves who they are."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def __call__(
        self, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_user)]
    ) -> User:
        """Give the person; Problem 401."""
        if bearer is None:
            raise unauthorized("send the token of a signed-in person: Authorization: Bearer ey…")
        if bearer.credentials.startswith(PREFIX):
            raise unauthorized(
                "this is an API key; it reads and writes at /api/recipients/{id}/preferences"
            )
        try:
            return self._tokens.user(bearer.credentials)
        except NotSignedIn as unproven:
            raise unauthorized(str(unproven)) from unproven
