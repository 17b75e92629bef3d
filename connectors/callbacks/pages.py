"""The pages that links in messages lead to: opened, clicked, unsubscribe, acknowledge.

Whatever is not signed by us is answered, and does nothing. Looking never changes anything: mail
scanners follow every link, so only a button, or a mail program's own POST, does.
"""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, RedirectResponse, Response

from connectors.callbacks import page_words
from connectors.callbacks.acknowledging import Acknowledging, Refused
from connectors.callbacks.link_counts import Kind, Outcome, count
from connectors.callbacks.saying import Publisher, learned, step
from connectors.callbacks.standing import Standing
from connectors.linking import Linking
from schemas import links
from schemas.errors import Transient
from schemas.links import Acknowledge, Clicked, Opened, Unsubscribe
from schemas.reasons import AddressKind, Reason

L = TypeVar("L", Opened, Clicked, Unsubscribe, Acknowledge)
Fact: TypeAlias = Opened | Clicked

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_LOOK = ["GET", "HEAD"]
_RETRY_AFTER_S = "60"
# Nothing is kept by anybody on the way, indexed, or told to where a link leads.
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": page_words.POLICY,
}


class Pages:
    """Answer whoever follows a link in a message."""

    def __init__(
        self,
        linking: Linking,
        *,
        publisher: Publisher,
        acknowledging: Acknowledging,
        now: Callable[[], float],
    ) -> None:
        self._secret = linking.secret
        self._publisher = publisher
        self._acknowledging = acknowledging
        self._now = now

    def add_to(self, router: APIRouter) -> None:
        """Add the routes; they are for people and so in no description of an API."""
        add = partial(router.add_api_route, include_in_schema=False, response_model=None)
        add("/o/{token}", self.opened, methods=_LOOK)
        add("/c/{token}", self.clicked, methods=_LOOK)
        add("/u/{token}", self.unsubscribe, methods=_LOOK)
        add("/u/{token}", self.unsubscribed, methods=["POST"])
        add("/u/{token}/undo", self.undo, methods=_LOOK)
        add("/u/{token}/undo", self.subscribed, methods=["POST"])
        add("/a/{token}", self.alert, methods=_LOOK)
        add("/a/{token}", self.acknowledged, methods=["POST"])

    # -- opened and clicked: answered at once, whatever becomes of the telling

    async def opened(self, token: str, request: Request) -> Response:
        """Give the invisible picture, and note that its mail was opened."""
        link = self._read(Opened, token, Kind.OPENED)
        return Response(
            PICTURE,
            media_type="image/gif",
            headers=dict(_HEADERS),
            background=self._noting(link, Kind.OPENED, request),
        )

    async def clicked(self, token: str, request: Request) -> Response:
        """Lead on to where the author of the mail pointed, and to nowhere else."""
        link = self._read(Clicked, token, Kind.CLICKED)
        if link is None or not _is_of_the_web(link.url):
            return _answer(page_words.not_found())
        return RedirectResponse(
            link.url,
            status_code=302,
            headers=dict(_HEADERS),
            background=self._noting(link, Kind.CLICKED, request),
        )

    def _noting(self, link: Fact | None, kind: Kind, request: Request) -> BackgroundTask | None:
        if link is None:
            return None
        if request.method != "GET" or _is_ahead(request):
            count(kind, Outcome.SHOWN)
            return None
        return BackgroundTask(self._note, link, kind, int(self._now() * 1000))

    async def _note(self, link: Fact, kind: Kind, at: int) -> None:
        # Once a delivery and link: what is said again has the same id, and readers drop it.
        led_to = link.url if isinstance(link, Clicked) else ""
        said = step(link, str(kind), occurred_at=at, mark=led_to, link=led_to)
        try:
            await self._publisher.publish([said])
        except Transient:
            count(kind, Outcome.LOST)
        else:
            count(kind, Outcome.SAID)

    # -- unsubscribe

    async def unsubscribe(self, token: str) -> Response:
        """Ask whether somebody wants to hear no more."""
        wish = self._read(Unsubscribe, token, Kind.UNSUBSCRIBE)
        if wish is None:
            return _answer(page_words.not_found())
        count(Kind.UNSUBSCRIBE, Outcome.SHOWN)
        return _answer(page_words.unsubscribe(wish))

    async def unsubscribed(self, token: str) -> Response:
        """End a type of message, by our button or by a mail program's one click (RFC 8058)."""
        wish = self._read(Unsubscribe, token, Kind.UNSUBSCRIBE)
        if wish is None:
            return _answer(page_words.not_found())
        if not await self._wished(wish, AddressKind.OPTED_OUT):
            return _answer(page_words.unavailable())
        return _answer(page_words.unsubscribed(wish, token=token))

    async def subscribed(self, token: str) -> Response:
        """Begin it again."""
        wish = self._read(Unsubscribe, token, Kind.UNSUBSCRIBE)
        if wish is None:
            return _answer(page_words.not_found())
        if not await self._wished(wish, AddressKind.OPTED_IN):
            return _answer(page_words.unavailable())
        return _answer(page_words.subscribed(wish, token=token))

    async def undo(self, token: str) -> Response:
        """Show whoever comes back to the page that was shown last where it began."""
        if self._read(Unsubscribe, token, Kind.UNSUBSCRIBE) is None:
            return _answer(page_words.not_found())
        return RedirectResponse(f"../{token}", status_code=303, headers=dict(_HEADERS))

    async def _wished(self, wish: Unsubscribe, kind: AddressKind) -> bool:
        at = int(self._now() * 1000)
        said = learned(
            tenant=wish.tenant,
            recipient=wish.recipient,
            channel=wish.channel,
            kind=kind,
            type=wish.type,
            reason=Reason.OPTED_OUT if kind is AddressKind.OPTED_OUT else "",
            actor=wish.recipient,
            occurred_at=at,
            mark=f"link:{wish.channel}:{wish.type}:{at}",
        )
        try:
            await self._publisher.publish([said])
        except Transient:
            count(Kind.UNSUBSCRIBE, Outcome.LOST)
            return False
        count(Kind.UNSUBSCRIBE, Outcome.SAID)
        return True

    # -- acknowledge

    async def alert(self, token: str) -> Response:
        """Show an alert and who has it."""
        link = self._read(Acknowledge, token, Kind.ACKNOWLEDGE)
        if link is None:
            return _answer(page_words.not_found())
        count(Kind.ACKNOWLEDGE, Outcome.SHOWN)
        alert = await self._acknowledging.look(link)
        if alert is None:
            return _answer(page_words.unknown_alert(recipient=link.recipient))
        return _answer(page_words.alert(alert, recipient=link.recipient))

    async def acknowledged(self, token: str) -> Response:
        """Take an alert in hand, unless somebody has it or it is over."""
        link = self._read(Acknowledge, token, Kind.ACKNOWLEDGE)
        if link is None:
            return _answer(page_words.not_found())
        before = await self._acknowledging.look(link)
        if before is not None and before.standing is not Standing.OPEN:
            count(Kind.ACKNOWLEDGE, Outcome.SHOWN)
            return _answer(page_words.alert(before, recipient=link.recipient))
        try:
            order_id = await self._acknowledging.order(link)
        except Transient:
            count(Kind.ACKNOWLEDGE, Outcome.LOST)
            return _answer(page_words.unavailable())
        count(Kind.ACKNOWLEDGE, Outcome.SAID)
        title = before.title if before is not None else ""
        after = await self._acknowledging.outcome(link, order_id)
        if after is None:
            return _answer(page_words.ordered(title))
        if isinstance(after, Refused):
            return _answer(page_words.too_late(title))
        return _answer(page_words.alert(after, recipient=link.recipient))

    def _read(self, purpose: type[L], token: str, kind: Kind) -> L | None:
        link = links.read(purpose, token, secret=self._secret)
        if link is None:
            count(kind, Outcome.FOREIGN)
        return link


def _answer(page: page_words.Page) -> Response:
    late = {"Retry-After": _RETRY_AFTER_S} if page.status == 503 else {}
    return HTMLResponse(page.html, status_code=page.status, headers=dict(_HEADERS) | late)


def _is_of_the_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_ahead(request: Request) -> bool:
    """Say whether a browser only fetches ahead what nobody has followed yet."""
    said = f"{request.headers.get('sec-purpose', '')} {request.headers.get('purpose', '')}"
    return "prefetch" in said.lower()
