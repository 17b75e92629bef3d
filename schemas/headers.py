"""Names of the record headers that two processes must read alike."""

import re
from collections.abc import Sequence

FINGERPRINTED = "fp"  # "<fingerprint version>/<rules version>": the key was computed by us
REKEYED_FROM = "rekeyed-from"  # "partition/offset" of the record under its first key
COMMAND = "command"  # "partition/offset" of a command that took its place among raw alerts
TRACEPARENT = "traceparent"
CONTENT_TYPE = "content-type"


# W3C trace context, version 00; all zeros name no trace.
TRACE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


_TRACE_BYTES = re.compile(TRACE.pattern.encode())
Headers = tuple[tuple[str, bytes], ...]


def carried(given: Sequence[tuple[str, bytes]]) -> Headers:
    """Keep of a record's headers what everything that it leads to bears as well: its trace.

    One that is no trace, as foreign producers may write it, goes no further.
    """
    for name, value in given:
        if name == TRACEPARENT and value and _TRACE_BYTES.fullmatch(value):
            return ((name, value),)
    return ()


def asked(traceparent: str) -> Headers:
    """Make headers of what an HTTP request named as its trace; none where it is no trace."""
    return ((TRACEPARENT, traceparent.encode()),) if TRACE.fullmatch(traceparent) else ()


def trace(given: Sequence[tuple[str, bytes]]) -> bytes:
    """Give the trace that a record belongs to; empty where it belongs to none."""
    return next((value for _, value in carried(given)), b"")


def traced(trace: bytes) -> Headers | None:
    """Give the headers of a record of this trace; None where there is none."""
    return ((TRACEPARENT, trace),) if trace else None


def origin(partition: int, offset: int) -> bytes:
    """Write where a record that was sent once more stood first."""
    return b"%d/%d" % (partition, offset)


def parse_origin(raw: bytes) -> tuple[int, int]:
    """Read partition and offset of a `rekeyed-from` or `command` header; ValueError otherwise."""
    partition, slash, offset = raw.partition(b"/")
    if not slash:
        raise ValueError(f"not a partition and an offset: {raw[:40]!r}")
    return int(partition), int(offset)
