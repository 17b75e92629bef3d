"""Names of the record headers that two processes must read alike."""

FINGERPRINTED = "fp"  # "<fingerprint version>/<rules version>": the key was computed by us
REKEYED_FROM = "rekeyed-from"  # "partition/offset" of the record under its first key
TRACEPARENT = "traceparent"
CONTENT_TYPE = "content-type"


def rekeyed_from(partition: int, offset: int) -> bytes:
    """Write where a re-keyed record stood first."""
    return b"%d/%d" % (partition, offset)


def parse_rekeyed_from(raw: bytes) -> tuple[int, int]:
    """Read partition and offset from a `rekeyed-from` header; ValueError where it is neither."""
    partition, slash, offset = raw.partition(b"/")
    if not slash:
        raise ValueError(f"not a rekeyed-from header: {raw[:40]!r}")
    return int(partition), int(offset)
