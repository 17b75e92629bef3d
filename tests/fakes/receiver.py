"""An HTTP server that answers as it is told to, and remembers every request."""

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

REASONS = {200: "OK", 202: "Accepted"}


@dataclass(frozen=True, slots=True)
class Act:
    """Say how a request is treated.

    `how`: `answer`; `hang` (say nothing), `reset` (break off with a reset), `drop` (read all,
    then close), `garbage` (no HTTP), `slow` (a head, then a body that never ends), `huge` (a
    body of megabytes), `long_head` (a head without end), `interim` (100, then the answer).
    """

    status: int = 200
    how: str = "answer"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


@dataclass(frozen=True, slots=True)
class Request:
    """Hold what came; names of headers are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: int


Always = Act | Callable[[Request], Act]


@dataclass(slots=True)
class Receiver:
    """Answer by the script while it lasts, then as always, which may depend on the request."""

    port: int = 0
    scheme: str = "http"
    always: Always = field(default_factory=Act)
    script: deque[Act] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)  # how each of them was treated
    connections: int = 0

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1") -> str:
        """Give an address of this server."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def calls(self, header: str = "webhook-id") -> Counter[str]:
        """Count requests by the id that a header carries: more than one is a second call."""
        return Counter(request.headers.get(header, "") for request in self.requests)

    def answer(self, request: Request) -> Act:
        """Say how a request is treated that the script does not speak of."""
        return self.always if isinstance(self.always, Act) else self.always(request)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the requests of one connection."""
        self.connections += 1
        try:
            while request := await _read(reader, self.connections):
                self.requests.append(request)
                act = self.script.popleft() if self.script else self.answer(request)
                self.acts.append(act)
                if not await _act(act, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader, peer: int) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, peer)


async def _act(act: Act, writer: asyncio.StreamWriter) -> bool:
    """Do as told; False where the connection is over."""
    match act.how:
        case "answer":
            writer.write(_head(act, len(act.body)) + act.body)
        case "interim":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" + _head(act, len(act.body)) + act.body)
        case "hang":
            await asyncio.Event().wait()
        case "reset":
            writer.transport.abort()
            return False
        case "drop":
            return False
        case "garbage":
            writer.write(b"\x16\x03\x01 what is this\r\n\r\n")
        case "slow":
            writer.write(_head(act, 1000) + b"x")
            await writer.drain()
            await asyncio.Event().wait()
        case "huge":
            writer.write(_head(act, 16 << 20))
            for _ in range(256):
                writer.write(b"x" * (1 << 16))
                await writer.drain()
        case "long_head":
            writer.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(64):
                writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
                await writer.drain()
    await writer.drain()
    return True


def _head(act: Act, length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {act.status} {REASONS.get(act.status, 'Said')}",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in act.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@asynccontextmanager
async def receiving(
    *, always: Always | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Run a server on a free port of the loopback."""
    receiver = Receiver(scheme="https" if tls else "http", always=always or Act())
    async with listening(receiver, tls=tls):
        yield receiver


@asynccontextmanager
async def listening(
    receiver: Receiver, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Let a receiver listen on a free port of the loopback."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await receiver.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def sendgrid_yes(message_id: str = "sg-1") -> Act:
    """Give SendGrid's answer to a mail that it took."""
    return Act(202, headers={"X-Message-Id": message_id}, body=b"")


def sendgrid_no(status: int, field_name: str = "") -> Act:
    """Give SendGrid's answer to what it does not take."""
    errors = [{"message": "someone@example.org is wrong", "field": field_name, "help": None}]
    return Act(status, body=orjson.dumps({"errors": errors}))


def sendgrid_ids(receiver: Receiver) -> Counter[str]:
    """Count mails by the delivery that they carry: more than one is a second call."""
    return Counter(
        orjson.loads(request.body)["personalizations"][0]["custom_args"]["tocsin_delivery"]
        for request in receiver.requests
    )
