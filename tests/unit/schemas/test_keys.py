"""Keys find the same partition in every producer."""

from random import Random

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas import keys

# From the tests of Kafka's own Java client.
JAVA = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]


@pytest.mark.parametrize(("data", "signed"), JAVA)
def test_murmur2_agrees_with_the_java_client(data: bytes, signed: int) -> None:
    """A key hashes as Kafka's own client hashes it."""
    assert signed & 0xFFFFFFFF == keys.murmur2(data)


@given(st.binary(max_size=200))
def test_murmur2_agrees_with_faust(data: bytes) -> None:
    """A key hashes as the client beneath Faust hashes it."""
    assert aiokafka_murmur2(data) & 0xFFFFFFFF == keys.murmur2(data)


@given(st.binary(min_size=1, max_size=60), st.integers(min_value=1, max_value=64))
def test_partitions_agree_with_faust(key: bytes, partitions: int) -> None:
    """A record of ours and one of Faust's with the same key meet in one partition."""
    every = list(range(partitions))

    assert DefaultPartitioner()(key, every, every) == keys.partition_of(key, partitions)


def test_partitions_spread() -> None:
    """Fingerprints use every partition about alike."""
    random = Random(1)
    counts = [0] * 12
    for _ in range(12_000):
        counts[keys.partition_of(b"default:%016x" % random.getrandbits(64), 12)] += 1

    assert min(counts) > 850
    assert max(counts) < 1150


@given(st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True), st.text(st.characters(codec="utf-8")))
def test_a_key_is_taken_apart_as_it_was_made(tenant: str, subject: str) -> None:
    """Tenant and subject survive, whatever the subject holds."""
    assert (tenant, subject) == keys.split(keys.key(tenant, subject))


@pytest.mark.parametrize(
    "raw", [b"", b"plain", b":x", b"Big:x", b"a b:x", b"\xff:x", b"default", b"a" * 41 + b":x"]
)
def test_a_foreign_key_is_refused(raw: bytes) -> None:
    """A key that is none of ours is a ValueError and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - UnicodeDecodeError is one too
        keys.split(raw)
