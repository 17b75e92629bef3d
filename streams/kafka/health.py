"""Answer whether this worker lives and works, and give its metrics, on a port of its own."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

log = structlog.get_logger(__name__)


class Health:
    """Serve `/health/live`, `/health/ready` and `/metrics`; `missing` says what is not ready."""

    def __init__(
        self, *, host: str, port: int, registry: CollectorRegistry, missing: Callable[[], str]
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 5  # seconds in which a request must have come

            def do_GET(self) -> None:
                """Answer one question."""
                status, kind, body = _answer(self.path, registry, missing)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: probes come every few seconds."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _answer(
    path: str, registry: CollectorRegistry, missing: Callable[[], str]
) -> tuple[int, str, bytes]:
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
    if path == "/health/live":
        return 200, "text/plain", b"alive\n"
    if path == "/health/ready":
        why = _why(missing)
        return (503, "text/plain", f"{why}\n".encode()) if why else (200, "text/plain", b"ready\n")
    return 404, "text/plain", b"not found\n"


def _why(missing: Callable[[], str]) -> str:
    try:
        return missing()
    except Exception:
        # The consumer is looked at from beside its own thread, and may just be made or closed.
        log.exception("readiness could not be told")
        return "the group is being joined or left"
