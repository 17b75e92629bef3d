"""Settings that lead to FCM, read once at the start; without them the sandbox stands in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from connectors.linking import secret_of
from schemas.errors import ConfigurationError

FCM_URL = "https://fcm.googleapis.com"


@dataclass(frozen=True, slots=True)
class Pushing:
    """Say by whose account push messages are sent."""

    credentials: str = field(repr=False)
    """Text of a service account's JSON, or a file with it. `TOCSIN_FCM_CREDENTIALS` (`_FILE`)."""

    project: str = ""
    """Id of the project (the account's own). `TOCSIN_FCM_PROJECT`."""

    url: str = FCM_URL
    """Where FCM is (Google's; or a server that speaks like it). `TOCSIN_FCM_URL`."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self | None:
        """Read the environment; None where no account is named."""
        credentials = secret_of(env, "TOCSIN_FCM_CREDENTIALS")
        if not credentials:
            return None
        url = env.get("TOCSIN_FCM_URL") or FCM_URL
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ConfigurationError("TOCSIN_FCM_URL is no http or https address")
        return cls(
            credentials=credentials,
            project=env.get("TOCSIN_FCM_PROJECT", "").strip(),
            url=url.rstrip("/"),
        )
