"""A request's body: read within its limits, unpacked, and taken apart as JSON."""

import zlib
from collections.abc import AsyncIterator
from typing import Any

import orjson

from connectors.problems import Problem
from connectors.settings import Taking
from schemas.limits import JSON_DEPTH, KIB

FREE_BYTES = 64 * KIB  # up to here any ratio of compression is harmless
# zlib's window bits: gzip, and deflate with zlib's head, which is what HTTP means by it.
WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


async def read(
    chunks: AsyncIterator[bytes], *, encoding: str, declared: str, taking: Taking
) -> bytes:
    """Give the whole body, unpacked; Problem 413 as soon as it is too much, 415 for a strange
    packing. `declared` is the Content-Length.
    """
    most = taking.request_bytes
    if declared.isdecimal() and len(declared) < 20 and int(declared) > most:
        raise _too_large(most)
    packing = encoding.strip().lower()
    if packing in {"", "identity"}:
        return await _plain(chunks, most)
    if packing not in WINDOWS:
        raise Problem(
            415, "send the body plain, or packed with gzip or deflate", where=packing[:40]
        )
    return await _unpacked(chunks, WINDOWS[packing], taking)


async def _plain(chunks: AsyncIterator[bytes], most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _unpacked(chunks: AsyncIterator[bytes], window: int, taking: Taking) -> bytes:
    unpacker = zlib.decompressobj(window)
    most = taking.request_bytes
    out = bytearray()
    packed = 0
    try:
        async for chunk in chunks:
            packed += len(chunk)
            out += unpacker.decompress(chunk, most + 1 - len(out))
            if len(out) > most or packed > most:
                raise _too_large(most)
            if len(out) > max(FREE_BYTES, packed * taking.inflation):
                raise Problem(413, f"the body grows more than {taking.inflation} times")
    except zlib.error as wrong:
        raise Problem(400, "the body is not packed as Content-Encoding says") from wrong
    if packed and not unpacker.eof:
        raise Problem(400, "the packed body ends too early")
    return bytes(out)


def _too_large(most: int) -> Problem:
    return Problem(413, f"a request holds at most {most} bytes after unpacking")


def from_json(raw: bytes) -> Any:
    """Give what the JSON says; Problem 400 where it is none, or is nested too deep."""
    text = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as wrong:
        raise Problem(
            400,
            f"the body is not JSON: {wrong.msg}",
            where=f"line {wrong.lineno}, column {wrong.colno}",
        ) from wrong
    # Counting brackets settles it for nearly all; only the rest is walked through.
    if text.count(b"{") + text.count(b"[") > JSON_DEPTH and _deeper(data, JSON_DEPTH):
        raise Problem(400, f"the JSON is nested deeper than {JSON_DEPTH}")
    return data


def _deeper(data: Any, most: int) -> bool:
    level = [data]
    for _ in range(most + 1):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
