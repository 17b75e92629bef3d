"""Slow senders hold nobody up."""

import socket

import httpx
import pytest

from tests.gateway import House, serving

pytestmark = pytest.mark.stack


def test_slow_sender(home: House) -> None:
    """A sender that drips its head or its body is cut off, and others are served meanwhile."""
    shown = {"Authorization": f"Bearer {home.key}"}
    with (
        serving({**home.environment, "TOCSIN_READ_TIMEOUT_S": "1"}) as url,
        httpx.Client(base_url=url, headers=shown) as client,
        _open(url) as head,
        _open(url) as body,
    ):
        head.sendall(b"POST /ingest/webhook HTTP/1.1\r\nHost: x\r\n")
        body.sendall(
            b"POST /ingest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
            + f"Authorization: {shown['Authorization']}\r\n\r\n".encode()
            + b'{"title"'
        )
        assert 200 == client.post("/ingest/webhook", json={"title": "x"}).status_code
        assert b"" == head.recv(1000)
        assert body.recv(1000).startswith(b"HTTP/1.1 408 ")


def _open(url: str) -> socket.socket:
    found = httpx.URL(url)
    return socket.create_connection((found.host, found.port or 80), timeout=5)
