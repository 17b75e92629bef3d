"""Endpoints for the webhook bench, in a process of their own: many ports that say yes, one that
says nothing. Prints its ports, the silent one last.
"""

import asyncio
import sys
from functools import partial
from typing import cast

import uvloop

YES = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Endpoint(asyncio.Protocol):
    """Answer every request at once, and read no more of it than its end."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count requests by their lengths."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            if not self._silent:
                self._transport.write(YES)


async def serve(count: int) -> None:
    """Listen until the process is ended."""
    loop = asyncio.get_running_loop()
    servers = []
    for number in range(count):
        made = partial(Endpoint, silent=number == count - 1)
        servers.append(await loop.create_server(made, "127.0.0.1", 0))
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
