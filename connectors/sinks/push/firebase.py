"""Firebase: FCM by its own library, which is kept from what a sink must not do.

The library tries again by itself, fetches access tokens where nothing else can run meanwhile,
and stumbles over answers that it did not expect. So it is given calls of ours to make, each
once, and tokens that a thread fetched before.
"""

import asyncio
import re
from functools import partial
from typing import Any

import firebase_admin
import httpx
import msgspec
from firebase_admin import credentials, messaging
from firebase_admin.exceptions import FirebaseError
from google.auth.credentials import TokenState
from google.auth.transport.requests import Request

from connectors.sinks.push.notice import Notice
from connectors.sinks.push.settings import Pushing
from schemas.errors import ConfigurationError

CONNECT_S = 5.0
TOKEN_S = 8.0  # for each of the three tries that the library may make for a token ...
FETCH_S = 30.0  # ... and for all of them, lest an answer that never ends be waited for for ever
AGAIN_S = 5.0  # a token that still holds is not renewed again sooner than this after a failure
_ANSWER_BYTES = 64 * 1024
_WORD = re.compile(r"[A-Za-z0-9_.\[\]]{1,60}")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]{2,100}")


class NoToken(Exception):
    """Say that no access token can be had, so that nothing was sent."""


class Firebase:
    """Send push messages of one project."""

    def __init__(self, pushing: Pushing, *, within_s: float, calls: int) -> None:
        account = _account(pushing)
        project = pushing.project or account.project_id or ""
        if not _PROJECT.fullmatch(project):
            raise ConfigurationError(
                "TOCSIN_FCM_PROJECT names no project, nor does TOCSIN_FCM_CREDENTIALS"
            )
        app = firebase_admin.App("tocsin", account, {"projectId": project})
        self._tokens = _Tokens(account.get_credential())
        self._calls = _Calls(self._tokens, within_s=within_s, calls=calls)
        url = f"{pushing.url}/v1/projects/{project}/messages:send"
        self._service = _Service(app, url, self._calls)

    async def ready(self) -> None:
        """Hold an access token; NoToken where none can be had."""
        await self._tokens.renew()

    async def send(self, notice: Notice) -> str:
        """Send once and give the message's name; FirebaseError says how it went wrong."""
        sent = await self._service.send_each_async([_message(notice)], dry_run=False)
        answer = sent.responses[0]
        if answer.exception is not None:
            raise answer.exception
        return answer.message_id or ""

    async def close(self) -> None:
        """Close the connections."""
        self._tokens.close()
        await self._calls.aclose()


def complaint(error: FirebaseError) -> list[str]:
    """Give FCM's code, and the fields that it complains of; its words may hold tokens."""
    if error.http_response is None:
        return []
    details = _read(error.http_response.content).error.details
    told = [detail.code for detail in details]
    told += [each.field for detail in details for each in detail.violations]
    return [word for word in told if _WORD.fullmatch(word)][:5]


class _Service(messaging._MessagingService):  # type: ignore[misc] # noqa: SLF001 - it has no seam
    """Make the library's calls by a client, and at an address, of ours."""

    def __init__(self, app: firebase_admin.App, url: str, calls: "_Calls") -> None:
        super().__init__(app)
        self._fcm_url = url
        self._async_client = calls


class _Tokens:
    """Keep an access token fresh; the library fetches it, in a thread, one fetch at a time."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential
        request = Request()
        self._session = request.session
        self._session.trust_env = False
        self._request = partial(request, timeout=TOKEN_S)
        self._fetch: asyncio.Task[str] | None = None
        self._not_before = 0.0
        self._refused = ""
        self.held = ""

    async def renew(self) -> None:
        """Return when a token is held; one that still holds is renewed beside."""
        state = self._credential.token_state
        if self.held in {"", self._refused}:
            state = TokenState.INVALID
        if state is TokenState.FRESH:
            return
        now = asyncio.get_running_loop().time()
        if state is TokenState.STALE and now < self._not_before:
            return
        if self._fetch is None or self._fetch.done():
            self._fetch = asyncio.create_task(self._fetched())
        if state is TokenState.STALE:
            return
        # Whoever gives up leaves the fetch to those who still wait.
        wrong = await asyncio.shield(self._fetch)
        if wrong:
            raise NoToken(wrong)

    def refuse(self, token: str) -> None:
        """Learn that a token was not taken, so that it is not held for good."""
        self._refused = token

    def close(self) -> None:
        """Wait for no token any more."""
        if self._fetch is not None:
            self._fetch.cancel()
        self._session.close()

    async def _fetched(self) -> str:
        try:
            async with asyncio.timeout(FETCH_S):
                await asyncio.to_thread(self._credential.refresh, self._request)
            token = self._credential.token
            if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
                raise TypeError
        except Exception as wrong:  # noqa: BLE001 - the library lets through what an answer breaks
            self._not_before = asyncio.get_running_loop().time() + AGAIN_S
            return type(wrong).__name__
        self.held, self._refused = token, ""
        return ""


class _Calls:
    """Stand where the library has its client: one call, no second, and an answer it can read."""

    def __init__(self, tokens: _Tokens, *, within_s: float, calls: int) -> None:
        self._tokens = tokens
        self._patience_s = within_s / 4
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(within_s, connect=min(CONNECT_S, within_s), pool=within_s),
            limits=httpx.Limits(max_connections=2 * calls),
            follow_redirects=False,
            trust_env=False,
        )

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], json: Any
    ) -> httpx.Response:
        """Call once; HTTPStatusError where the answer is no success."""
        token = self._tokens.held
        headers = headers | {"Authorization": f"Bearer {token}"}
        async with self._client.stream(method, url, headers=headers, json=json) as reply:
            told = _read(await self._body(reply))
            if reply.status_code == httpx.codes.UNAUTHORIZED and not told.is_of_the_phone:
                self._tokens.refuse(token)
        wait = reply.headers.get("Retry-After", "")
        return httpx.Response(
            reply.status_code,
            headers={"Retry-After": wait} if wait else None,
            content=msgspec.json.encode(told),
            request=reply.request,
        ).raise_for_status()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _body(self, reply: httpx.Response) -> bytes:
        """Read a body of some size in some time; the status has said enough where it is none."""
        read = b""
        try:
            async with asyncio.timeout(self._patience_s):
                async for part in reply.aiter_bytes():
                    read += part
                    if len(read) > _ANSWER_BYTES:
                        return b""
        except (TimeoutError, httpx.HTTPError):
            return b""
        return read


class _Violation(msgspec.Struct, frozen=True):
    field: str = ""


class _Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str = msgspec.field(name="@type", default="")
    code: str = msgspec.field(name="errorCode", default="")
    violations: list[_Violation] = msgspec.field(name="fieldViolations", default_factory=list)


class _Error(msgspec.Struct, frozen=True, omit_defaults=True):
    status: str = ""
    details: list[_Detail] = msgspec.field(default_factory=list)


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Hold what the library may see of an answer; its message is left out, it may hold a token."""

    name: str = ""
    error: _Error = msgspec.field(default_factory=_Error)

    @property
    def is_of_the_phone(self) -> bool:
        """Say whether Apple or a browser's service, and not FCM, knows us not."""
        return any("AUTH_ERROR" in detail.code for detail in self.error.details)


def _read(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        return _Answer()


def _account(pushing: Pushing) -> credentials.Certificate:
    # Nothing of the text is told where it is wrong: there is a key in it.
    try:
        return credentials.Certificate(msgspec.json.decode(pushing.credentials, type=dict))
    except Exception:  # noqa: BLE001 - what a key breaks that is none depends on the key
        raise ConfigurationError("TOCSIN_FCM_CREDENTIALS holds no service account") from None


def _message(notice: Notice) -> messaging.Message:
    """Put a notice into FCM's form, for each kind of phone and for browsers."""
    apple = {"apns-priority": "10" if notice.urgent else "5", "apns-collapse-id": notice.mark}
    browser = {"Urgency": "high" if notice.urgent else "normal"}
    if notice.ttl_s is not None:
        apple["apns-expiration"] = str(notice.until)
        browser["TTL"] = str(notice.ttl_s)
    sound = "default" if notice.urgent else None
    message = messaging.Message(
        data=dict(notice.data),
        notification=messaging.Notification(title=notice.title or None, body=notice.body or None),
        android=messaging.AndroidConfig(
            collapse_key=notice.mark,
            priority="high" if notice.urgent else "normal",
            ttl=notice.ttl_s,
            notification=messaging.AndroidNotification(tag=notice.mark, sound=sound),
        ),
        apns=messaging.APNSConfig(
            headers=apple,
            payload=messaging.APNSPayload(messaging.Aps(sound=sound)) if sound else None,
        ),
        webpush=messaging.WebpushConfig(
            headers=browser, notification=messaging.WebpushNotification(tag=notice.mark)
        ),
    )
    message.token = notice.token  # as an argument it only warns; phones have no other name yet
    return message
