"""A provider of the tests' own, on loopback, and the sink that speaks to it.

A call is one line of JSON, an answer one line of words: `sent`, `delivered`, `later 3`,
`refused`, `gone`; `hang` holds the line, `drop` closes it without a word.
`python -m tests.provider CHANNEL` runs the real runner with this sink in a process of its own;
TOCSIN_TEST_PROVIDER says where the provider listens.
"""

import asyncio
import json
import os
import signal
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from connectors import logs
from connectors.settings import Settings
from connectors.sinks.runner import Runner
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Answer, Later, Limits, Refused, Sent, Unknown
from schemas.deliveries import Delivery
from schemas.reasons import AddressKind, Reason

Script = Callable[["Call"], str]
HANG_S = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """Hold what a provider saw of one call; `number` counts the calls for that delivery."""

    id: str
    recipient: str
    attempt: int
    maybe_repeat: bool
    seq: int
    text: str
    channel: str
    number: int


class Provider:
    """Answer calls as a script says, and remember every one of them."""

    def __init__(self, script: Script | None = None) -> None:
        self.script: Script = script or (lambda _: "sent")
        self.calls: list[Call] = []
        self.under_way: Counter[str] = Counter()
        self.most_abreast: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        provider = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline()
                if line:
                    word = provider._serve(json.loads(line))
                    if word != "drop":
                        self.wfile.write(word.encode() + b"\n")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 1024
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def of(self, delivery_id: str) -> list[Call]:
        """Give the calls for one delivery, in their order."""
        return [call for call in list(self.calls) if call.id == delivery_id]

    def _serve(self, said: dict[str, Any]) -> str:
        with self._lock:
            self._times[said["id"]] += 1
            call = Call(**said, number=self._times[said["id"]])
            self.calls.append(call)
            self.under_way[call.recipient] += 1
            self.most_abreast[call.recipient] = max(
                self.most_abreast[call.recipient], self.under_way[call.recipient]
            )
        word = self.script(call)
        if word == "hang":
            self._closing.wait(HANG_S)
            word = "drop"
        with self._lock:
            self.under_way[call.recipient] -= 1
        return word


class LineSink:
    """Speak to such a provider; each address is an endpoint."""

    provider = "line"

    def __init__(self, channel: str, address: str, limits: Limits | None = None) -> None:
        self.channel = channel
        self.limits = limits or Limits(in_flight=16)
        self._host, _, port = address.partition(":")
        self._port = int(port)

    def endpoint(self, delivery: Delivery) -> str:
        """Name the address."""
        return delivery.address

    def abreast(self, delivery: Delivery) -> int:
        """Keep order but where the payload says how many go abreast."""
        return int(delivery.payload.get("abreast", 1))

    async def deliver(self, delivery: Delivery) -> Answer:
        """Say one line and read one."""
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError as refused:
            return Later(f"not reached: {type(refused).__name__}")
        try:
            said = {
                "id": delivery.id,
                "recipient": delivery.recipient,
                "attempt": delivery.attempt,
                "maybe_repeat": delivery.maybe_repeat,
                "seq": delivery.alert_seq,
                "text": delivery.text,
                "channel": delivery.channel,
            }
            writer.write(json.dumps(said).encode() + b"\n")
            return _answer((await reader.readline()).decode().split())
        except OSError as broken:
            return Unknown(type(broken).__name__)
        finally:
            writer.close()

    async def close(self) -> None:
        """Hold nothing open."""


def _answer(words: list[str]) -> Answer:
    match words:
        case ["sent"]:
            return Sent("p1")
        case ["delivered"]:
            return Sent("p1", final=True)
        case ["later", seconds]:
            return Later("busy", float(seconds))
        case ["refused"]:
            return Refused("no")
        case ["gone"]:
            return Refused("gone", Reason.ENDPOINT_OFF, AddressKind.GONE)
        case _:
            return Unknown("no answer")


async def _run(channels: Sequence[str]) -> None:
    address = os.environ["TOCSIN_TEST_PROVIDER"]
    sinks = [LineSink(channel, address) for channel in channels]
    runner = Runner(Settings.from_env(), Sinking.from_env(), sinks)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop)
    await runner.run()


if __name__ == "__main__":
    logs.set_up()
    asyncio.run(_run(sys.argv[1:]))
