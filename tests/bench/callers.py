"""Callers of ingest: 50 kept connections that each post, wait and post again.

`python -m tests.bench.callers PORT TOKEN REQUESTS CONNECTIONS` prints JSON: wall seconds, and
the seconds that each answer took in percentiles. The requests are bytes made beforehand, so
that the caller costs little beside the server.
"""

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

from tests.bench.loads import alerts

NEW_ONE_IN = 8


def requests(token: str, count: int) -> list[bytes]:
    """Make every request as it goes over the wire."""
    made = []
    for raw in alerts(count, troubles=count // NEW_ONE_IN):
        body = json.dumps({"title": raw.title, "body": raw.body, "severity": raw.severity}).encode()
        head = (
            "POST /ingest/webhook HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class Caller(asyncio.Protocol):
    """Post what is left, one after the other, and note how long each answer took."""

    def __init__(self, left: list[bytes], took: list[float], done: "asyncio.Future[None]") -> None:
        self._left = left
        self._took = took
        self._done = done
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._post()

    def data_received(self, data: bytes) -> None:
        """Take an answer, whole or in parts; anything but 200 ends the bench."""
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._fail(self._read.decode())
            return
        self._read = b""
        self._took.append(time.perf_counter() - self._began)
        self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail where the server ended the connection."""
        self._fail(f"the connection was lost: {exc}")

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(AssertionError(why))

    def _post(self) -> None:
        if not self._left:
            self._transport.close()
            self._done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(self._left.pop())


async def call(port: int, left: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Post everything and give wall seconds and what each answer took."""
    took: list[float] = []
    count = len(left)
    loop = asyncio.get_running_loop()
    done = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for each in done:
        await loop.create_connection(
            lambda each=each: Caller(left, took, each),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    async with asyncio.timeout(120):
        await asyncio.gather(*done)
    assert count == len(took)
    return time.perf_counter() - began, took


def main(port: int, token: str, count: int, connections: int) -> None:
    """Warm up, then call and print what it took."""
    warm, real = requests(token, 1000), requests(token, count)
    uvloop.run(call(port, warm, connections))
    wall, took = uvloop.run(call(port, real, connections))
    took.sort()
    print(
        json.dumps(
            {
                "wall_s": wall,
                "p50_ms": took[len(took) // 2] * 1000,
                "p99_ms": took[len(took) * 99 // 100] * 1000,
                "worst_ms": took[-1] * 1000,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
