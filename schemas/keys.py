"""Keys: how a record finds its partition, alike in every producer."""

import re

TENANT = re.compile(r"[a-z0-9-]{1,40}")


def key(tenant: str, subject: str) -> bytes:
    """Make the key `tenant:subject` as UTF-8."""
    return f"{tenant}:{subject}".encode()


def split(raw: bytes) -> tuple[str, str]:
    """Take a key apart into tenant and subject.

    Raises ValueError where it is not UTF-8, has no colon or no proper tenant.
    """
    tenant, colon, subject = raw.decode().partition(":")
    if not colon or not TENANT.fullmatch(tenant):
        raise ValueError(f"not a key of ours: {raw[:80]!r}")
    return tenant, subject


def murmur2(data: bytes) -> int:
    """Hash as Kafka's Java client does: 32-bit murmur2, seed 0x9747b28c."""
    mask = 0xFFFFFFFF
    m = 0x5BD1E995
    length = len(data)
    h = 0x9747B28C ^ length
    whole = length - length % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    tail = data[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """Say which of `partitions` the key belongs to, as every producer of ours decides it."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
