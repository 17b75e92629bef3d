"""Run a receiver beside a test that does not await: in a thread, to stop and start at will."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager

from tests.fakes.mail_server import MailServer, serving_mail
from tests.fakes.receiver import Always, Receiver


class Beside:
    """Serve on one port of the loopback, which refuses while the server is stopped."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen, on the same port as before; nothing where it does."""
        self._run(self._start())

    def stop(self) -> None:
        """Break off every connection and refuse new ones."""
        self._run(self._stop())

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, step: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(10)

    async def _start(self) -> None:
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.receiver.port)
        self.receiver.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        await self.receiver.serve(reader, writer)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


@contextmanager
def receiving_beside(always: Always) -> Iterator[Beside]:
    """Give a server that listens, and is gone afterwards."""
    with listening_beside(Receiver(always=always)) as server:
        yield server


@contextmanager
def listening_beside(receiver: Receiver) -> Iterator[Beside]:
    """Let a receiver of one's own listen while the body runs."""
    server = Beside(receiver)
    server.start()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def mailing_beside() -> Iterator[MailServer]:
    """Give a mail server in a thread of its own, gone afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = serving_mail()
    server = asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
