"""Do not let a slow sender hold a connection: limits on time and size of head and body."""

import asyncio
from typing import ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connectors.problems import Problem


class Impatient(HttpToolsProtocol):
    """Close a connection whose request's head is slow or endless.

    The head is timed from the connection's start, then from each request's first byte; between
    requests the server's idle time counts.
    """

    head_s: ClassVar[float]
    head_bytes: ClassVar[int]
    _waiting: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrived()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to wait for a further head."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """Note that the head is there."""
        self._arrived()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and count them while the head is not complete."""
        super().data_received(data)
        if self._waiting is None:
            self._head = 0
            return
        self._head += len(data)
        if self._head > self.head_bytes:
            self.transport.close()

    def _wait(self) -> None:
        self._arrived()
        self._waiting = self.loop.call_later(self.head_s, self.transport.close)

    def _arrived(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def impatient(*, head_s: float, head_bytes: int) -> type[Impatient]:
    """Make the protocol with these limits."""
    return type("Impatient", (Impatient,), {"head_s": head_s, "head_bytes": head_bytes})


class BodyInTime:
    """Answer 408 where a request's body has not arrived in time."""

    def __init__(self, app: ASGIApp, *, body_s: float) -> None:
        self._app = app
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its clock running."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self._body_s
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Problem(
                    408,
                    f"the body did not arrive within {self._body_s:g} s",
                    headers={"Connection": "close"},
                ) from None
            complete = not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)
