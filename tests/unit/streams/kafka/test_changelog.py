"""Changelogs are read a Kafka batch at a time, and say what a record at a time would have said."""

import gc
import weakref
from collections.abc import Iterable, Sequence

import pytest
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.changelog import ChangelogRecords, Fetched, Written

LZ4 = DefaultRecordBatch.CODEC_LZ4
CHANGELOG = TopicPartition("changelog", 0)
BASE_OFFSET_BYTES = 8
CRC_AT = 17

Record = tuple[bytes | None, bytes | None]


def kafka_batch(
    base: int, records: Sequence[Record | None], *, compression: int = LZ4, at: int = 1000
) -> bytes:
    """Lay records out as the broker sends them; None is one that the log cleaner took.

    The batch begins at offset `base`: a builder counts from 0 and the broker sets the base.
    """
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1 << 20)
    for delta, record in enumerate(records):
        if record is not None:
            assert builder.append(delta, at + delta, *record, []) is not None
    return base.to_bytes(BASE_OFFSET_BYTES, "big") + bytes(builder.build())[BASE_OFFSET_BYTES:]


def aiokafkas(fetched: bytes, *, first: int = 0) -> PartitionRecords:
    """Give what the fetcher makes of a partition's bytes."""
    return PartitionRecords(CHANGELOG, MemoryRecords(fetched), [], first, None, None, True, 0)


def ours(fetched: bytes, *, first: int = 0) -> ChangelogRecords:
    """Give what we make of the same bytes."""
    return ChangelogRecords(aiokafkas(fetched, first=first))


def applied(parts: Iterable[dict[bytes, bytes | None]]) -> dict[bytes, bytes]:
    """Keep the last value of each key, as a store does."""
    held: dict[bytes, bytes] = {}
    for part in parts:
        for key, value in part.items():
            held.pop(key, None)
            if value is not None:
                held[key] = value
    return held


def test_a_batch_comes_out_whole() -> None:
    """Keys, values and deletions of a batch are told with its end and its last moment."""
    fetched = kafka_batch(5, [(b"a", b"1"), (b"b", None), (b"a", b"2")])

    assert [Written({b"a": b"2", b"b": None}, 1002, 8, 5)] == list(ours(fetched, first=5))


def test_records_without_a_key_are_left_out() -> None:
    """A record that nobody could look up is no state."""
    assert [Written({b"a": b"1"}, 1001, 2, 0)] == list(
        ours(kafka_batch(0, [(None, b"x"), (b"a", b"1")]))
    )


def test_reading_on_in_the_middle_of_a_batch_takes_the_rest_only() -> None:
    """A restore that goes on at an offset is not told again what lies before it."""
    fetched = kafka_batch(10, [(b"a", b"1"), (b"b", b"1"), (b"c", b"1")])

    (written,) = ours(fetched, first=11)

    assert {b"b": b"1", b"c": b"1"} == written.values


def test_a_corrupt_batch_is_an_error_and_ends_the_reading() -> None:
    """Nothing behind a broken batch is taken for what follows the last good one."""
    broken = bytearray(kafka_batch(1, [(b"b", b"1")]))
    broken[CRC_AT] ^= 0xFF
    records = ours(kafka_batch(0, [(b"a", b"1")]) + bytes(broken) + kafka_batch(2, [(b"c", b"1")]))
    taken: list[dict[bytes, bytes | None]] = []

    with pytest.raises(CorruptRecordException):
        taken.extend(record.values for record in records)

    assert [] == list(records)
    assert 1 == records.next_fetch_offset


def test_fetched_bytes_are_let_go_with_the_last_who_reads_them() -> None:
    """A restore's memory does not grow with what it has read: no bytes wait for the collector."""
    replaced = aiokafkas(kafka_batch(0, [(b"a", b"1")]))
    still_there = weakref.ref(replaced)
    gc.disable()
    try:
        records = ChangelogRecords(replaced)
        del replaced

        assert still_there() is None
        assert 1 == len(list(records))
    finally:
        gc.enable()


def test_only_changelogs_are_read_this_way() -> None:
    """Sources keep a record each, with offset, moment and headers."""
    fetched = Fetched(lambda tp: bool(tp.topic == CHANGELOG.topic))
    source = TopicPartition("alerts.raw", 0)
    raw = kafka_batch(0, [(b"a", b"1")])
    for tp in (CHANGELOG, source):
        fetched[tp] = FetchResult(
            tp, assignment=None, partition_records=aiokafkas(raw), backoff=0.1
        )

    (written,) = fetched[CHANGELOG]._partition_records
    (record,) = fetched[source]._partition_records

    assert Written({b"a": b"1"}, 1000, 1, 0) == written
    assert (b"a", b"1", 0, 1000) == (record.key, record.value, record.offset, record.timestamp)


records_of_a_batch = st.lists(
    st.none()
    | st.tuples(
        st.none() | st.binary(max_size=2),
        st.none() | st.binary(min_size=1, max_size=40),
    ),
    min_size=1,
    max_size=12,
)


@given(
    st.lists(records_of_a_batch, min_size=1, max_size=6),
    st.integers(0, 40),
    st.sampled_from([0, LZ4]),
)
def test_a_batch_at_a_time_says_what_a_record_at_a_time_says(
    batches: list[list[Record | None]], first: int, compression: int
) -> None:
    """Whatever was written and cleaned away, both ways end with the same states and offset."""
    fetched = b""
    base = 0
    for batch in batches:
        # The builder counts its last offset from the last record, so a batch ends with one.
        kept = [*batch, (b"end", b"1")]
        fetched += kafka_batch(base, kept, compression=compression)
        base += len(kept)
    one_by_one = aiokafkas(fetched, first=min(first, base))
    by_batch = ours(fetched, first=min(first, base))

    expected = applied(
        {record.key: record.value} for record in one_by_one if record.key is not None
    )

    assert expected == applied(written.values for written in by_batch)
    assert one_by_one.next_fetch_offset == by_batch.next_fetch_offset
