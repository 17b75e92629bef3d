"""Who is at the door: find the key in a request and the credential behind it."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from connectors.problems import Problem, unauthorized
from connectors.stores.credentials import Credential, Scope, presented


class Finds(Protocol):
    """Know whom a token belongs to."""

    async def find(self, token: str) -> Credential | None:
        """Give the credential, None for a token that nobody has."""


async def admit(credentials: Finds, *, headers: Mapping[str, str], path_token: str) -> Credential:
    """Give the credential that lets this request in, else Problem 401 or 403.

    A token in the path comes first: it is the address of one source.
    """
    for token in _tokens(headers.get("authorization", ""), path_token):
        credential = await credentials.find(token)
        if credential is None:
            continue
        if not credential.allows(Scope.INGEST):
            raise Problem(403, "this key may not send alerts: it lacks the scope ingest")
        return credential
    raise unauthorized()


def _tokens(authorization: str, path_token: str) -> Iterator[str]:
    if path_token:
        yield path_token
    else:
        yield from presented(authorization)
