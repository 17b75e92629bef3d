"""Wire: HTTP/1.1 requests to many hosts over kept connections, each to an address checked before.

Own code because it is the hot path, and because a caller must know whether a request that failed
had left the house (docs/decisions/0015-own-wire.md). The status is the answer: who sends a slow
or endless body after it holds nobody up.
"""

import asyncio
import ssl
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import httptools

from connectors.sinks.addresses import Guard
from schemas.errors import Transient
from schemas.web_address import Target

CONNECT_S = 5.0
IDLE_S = 4.0  # servers close after 5 s and more: so a kept connection is rarely a dead one
REST_S = 5.0  # for the rest of a body once the status is there
LIFE_S = 300.0  # so that a host that moves is found again
HEAD_BYTES = 64 * 1024
BODY_BYTES = 64 * 1024
KEPT = 1000  # connections that idle, over all hosts
ADDRESSES_TRIED = 3


class NotSent(Transient):
    """Say that the request surely did not reach the receiver."""


class NoAnswer(Transient):
    """Say that the request may have reached the receiver, which did not say so."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold what a receiver answered; of the headers, only what is asked for."""

    status: int
    retry_after: str = ""


class _Connection(asyncio.Protocol):
    """Carry one request at a time."""

    def __init__(self, home: "Wires", place: Target) -> None:
        self.place = place
        self.idle_until = 0.0
        self.born_at = asyncio.get_running_loop().time()
        self._home = home
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._read = 0
        self._is_interim = False
        self._retry_after = ""

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes) -> "asyncio.Future[Reply]":
        if self._transport is None or not self.is_open:
            raise NotSent("the connection was closed")
        self._begin()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._end_rest()
        self._fail("the connection was reset" if exc else "the connection was closed")

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        self._read += len(data)
        if self._answer is None:
            self.close()  # nobody asked: whatever this is, it answers no request of ours
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("the answer is no HTTP")
            self.close()
            return
        answer = self._answer
        if answer is None:
            return  # it was answered whole
        if self._read > (HEAD_BYTES + BODY_BYTES if answer.done() else HEAD_BYTES):
            self._fail("the answer's head is too long")
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 11 and name.lower() == b"retry-after":
            self._retry_after = value[:64].decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._is_interim = 100 <= status < 200
        if self._is_interim or self._answer is None:
            return
        if not self._answer.done():
            self._answer.set_result(Reply(status, self._retry_after))
        loop = asyncio.get_running_loop()
        self._rest = loop.call_later(REST_S, self.close)

    def on_message_complete(self) -> None:
        if self._is_interim:
            return
        self._end_rest()
        if self._answer is None:
            self.close()  # a second answer to one request
            return
        self._answer = None
        if self._parser.should_keep_alive():
            self._home.keep(self)
        else:
            self.close()

    def _end_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(NoAnswer(why))


@dataclass(slots=True)
class Wires:
    """Keep connections to every host; a request takes one, and gives it back by itself."""

    guard: Guard
    tls: ssl.SSLContext
    connect_s: float = CONNECT_S
    _idle: "dict[Target, deque[_Connection]]" = field(default_factory=dict)
    _kept: "OrderedDict[_Connection, None]" = field(default_factory=OrderedDict)

    async def post(self, target: Target, request: bytes, *, within_s: float) -> Reply:
        """Send the bytes of one request and give the answer's status.

        Raises NotSent or NoAnswer, and what the guard raises.
        """
        connection = await self._connection(_place(target))
        answer = connection.send(request)
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError:
            connection.close()
            raise NoAnswer(f"no answer within {within_s:g} s") from None
        except asyncio.CancelledError:
            connection.close()
            raise

    def keep(self, connection: _Connection) -> None:
        """Take a connection back for the next request to its host."""
        now = asyncio.get_running_loop().time()
        if not connection.is_open or now - connection.born_at > LIFE_S:
            connection.close()
            return
        connection.idle_until = now + IDLE_S
        self._idle.setdefault(connection.place, deque()).append(connection)
        self._kept[connection] = None
        self._sweep(now)

    async def close(self) -> None:
        """Close every idle connection."""
        for connection in list(self._kept):
            self._forget(connection)
            connection.close()

    async def _connection(self, place: Target) -> _Connection:
        now = asyncio.get_running_loop().time()
        while waiting := self._idle.get(place):
            connection = waiting[-1]
            self._forget(connection)
            if connection.is_open and now < connection.idle_until:
                return connection
            connection.close()
        return await self._opened(place)

    async def _opened(self, place: Target) -> _Connection:
        try:
            async with asyncio.timeout(self.connect_s):
                addresses = await self.guard.addresses(place)
                return await self._first(place, addresses[:ADDRESSES_TRIED])
        except TimeoutError:
            raise NotSent(f"not connected within {self.connect_s:g} s") from None
        except ssl.SSLCertVerificationError as wrong:
            raise NotSent(f"the certificate is not trusted: {wrong.verify_message}") from wrong
        except ssl.SSLError as wrong:
            raise NotSent(f"TLS failed: {wrong.reason or 'no reason'}") from wrong
        except OSError as wrong:
            raise NotSent(f"not connected: {wrong.strerror or type(wrong).__name__}") from wrong

    async def _first(self, place: Target, addresses: Sequence[str]) -> _Connection:
        for address in addresses[:-1]:
            try:
                return await self._open(place, address)
            except OSError:
                continue
        return await self._open(place, addresses[-1])

    async def _open(self, place: Target, address: str) -> _Connection:
        secure = place.scheme == "https"
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self, place),
            address,
            place.port,
            ssl=self.tls if secure else None,
            server_hostname=place.host if secure else None,
        )
        return connection

    def _sweep(self, now: float) -> None:
        """Close those that idle too long, and the oldest beyond what is kept."""
        while self._kept:
            oldest = next(iter(self._kept))
            if now < oldest.idle_until and len(self._kept) <= KEPT:
                return
            self._forget(oldest)
            oldest.close()

    def _forget(self, connection: _Connection) -> None:
        self._kept.pop(connection, None)
        waiting = self._idle.get(connection.place)
        if waiting is None:
            return
        if waiting and waiting[-1] is connection:
            waiting.pop()
        elif connection in waiting:
            waiting.remove(connection)
        if not waiting:
            del self._idle[connection.place]


def _place(target: Target) -> Target:
    return Target(target.scheme, target.host, target.port, "", target.is_literal)
