"""State at rest is what the changelog says, through every order of restores and rebalances."""

from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.kafka.changelog import ChangelogBatch, Written
from streams.kafka.store import PartitionStore

CHANGELOG = "changelog"


def a_store() -> PartitionStore:
    """Make a store as the app does, without an app."""
    table: Any = SimpleNamespace(
        name="t", changelog_topic=SimpleNamespace(get_topic_name=lambda: CHANGELOG)
    )
    app: Any = None
    store = PartitionStore("memory://", app, table, table_name="t")
    store.__post_init__()
    return store


def changelog(
    *written: tuple[int, bytes, bytes | None], partition: int = 0, timestamp: int = 0
) -> Any:
    """Make the event that Faust's recovery applies: offsets, keys and values."""
    each = [Written({key: value}, timestamp, offset + 1, offset) for offset, key, value in written]
    return SimpleNamespace(message=SimpleNamespace(value=ChangelogBatch(partition, each, 1)))


def restore(store: PartitionStore, *events: Any) -> None:
    """Apply changelog events as Faust does."""
    store.apply_changelog_batch(events, lambda key: key, lambda value: value)


def tp(partition: int) -> TP:
    """Name a changelog partition."""
    return TP(CHANGELOG, partition)


def test_the_last_record_of_a_key_wins() -> None:
    """A restore ends with what was written last, and forgets what was deleted."""
    store = a_store()

    restore(store, changelog((0, b"a", b"\0one"), (1, b"b", b"\0x"), (2, b"a", b"\0two")))
    restore(store, changelog((3, b"b", None)))

    assert b"\0two" == store.get_packed(0, b"a")
    assert store.get_packed(0, b"b") is None
    assert 3 == store.persisted_offset(tp(0))


async def test_a_complete_partition_is_not_read_again() -> None:
    """A partition that was restored and handed over is read on from its changelog's end."""
    store = a_store()
    restore(store, changelog((0, b"a", b"\0one")))
    await store.on_recovery_completed({tp(0)}, set())

    store.keep_persisted({0: 41})

    assert 41 == store.persisted_offset(tp(0))


async def test_a_restore_that_was_cut_short_goes_on_where_it_came_to() -> None:
    """A rebalance in mid-restore never lets an incomplete partition pass for a complete one."""
    store = a_store()
    restore(store, changelog((0, b"a", b"\0one")))

    store.keep_persisted({0: 41})

    assert 0 == store.persisted_offset(tp(0))


async def test_completeness_ends_with_the_assignment() -> None:
    """What was complete before a rebalance must be completed again after it."""
    store = a_store()
    await store.on_recovery_completed({tp(0)}, set())
    store.keep_persisted({0: 41})

    store.keep_persisted({0: 99})

    assert 41 == store.persisted_offset(tp(0))


async def test_a_lost_partition_is_forgotten() -> None:
    """What another worker may have changed is read from the beginning when it comes back."""
    store = a_store()
    restore(store, changelog((0, b"a", b"\0one")))
    restore(store, changelog((0, b"z", b"\0one"), partition=1))

    await store.on_rebalance({tp(1)}, {tp(0)}, set())

    assert store.get_packed(0, b"a") is None
    assert -1 == store.persisted_offset(tp(0))
    assert b"\0one" == store.get_packed(1, b"z")


def test_a_partition_without_states_is_read_from_its_beginning() -> None:
    """Faust is never left to remember itself how far a partition was read: it may be wrong."""
    assert -1 == a_store().persisted_offset(tp(3))


def test_what_is_left_of_an_earlier_assignment_is_not_applied() -> None:
    """A changelog batch that was fetched before a rebalance restores nothing after it."""
    store = a_store()
    store.is_current = lambda batch: batch.epoch == 2

    restore(store, changelog((7, b"a", b"\0one")))

    assert store.get_packed(0, b"a") is None
    assert -1 == store.persisted_offset(tp(0))


def test_a_batch_that_both_writes_and_forgets_keys_leaves_what_was_written() -> None:
    """Keys forgotten in one of Kafka's batches go, and take no other key along."""
    store = a_store()
    restore(store, changelog((0, b"a", b"\0one"), (1, b"b", b"\0one")))
    both = ChangelogBatch(0, [Written({b"a": None, b"c": b"\0one", b"d": None}, 5, 5, 4)], 1)

    restore(store, SimpleNamespace(message=SimpleNamespace(value=both)))

    assert [(b"b", b"\0one"), (b"c", b"\0one")] == sorted(store.items_of(0))
    assert 4 == store.persisted_offset(tp(0))


def test_only_recent_flags_are_named() -> None:
    """A reservation of long ago is not announced again at every restart."""
    store = a_store()
    restore(store, changelog((0, b"old", b"\2"), timestamp=1_000))
    restore(store, changelog((1, b"new", b"\2"), timestamp=500_000))

    assert {b"new"} == store.flagged_within(0, 120_000)
