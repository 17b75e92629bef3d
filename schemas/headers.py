"""Names of the record headers that two processes must read alike."""

import re

FINGERPRINTED = "fp"  # "<fingerprint version>/<rules version>": the key was computed by us
REKEYED_FROM = "rekeyed-from"  # "partition/offset" of the record under its first key
COMMAND = "command"  # "partition/offset" of a command that took its place among raw alerts
TRACEPARENT = "traceparent"
CONTENT_TYPE = "content-type"


# W3C trace context, version 00; all zeros name no trace.
TRACE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def origin(partition: int, offset: int) -> bytes:
    """Write where a record that was sent once more stood first."""
    return b"%d/%d" % (partition, offset)


def parse_origin(raw: bytes) -> tuple[int, int]:
    """Read partition and offset of a `rekeyed-from` or `command` header; ValueError otherwise."""
    partition, slash, offset = raw.partition(b"/")
    if not slash:
        raise ValueError(f"not a partition and an offset: {raw[:40]!r}")
    return int(partition), int(offset)
