"""A fetch that a rebalance overtook loses nothing: what it took is given back."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition

from streams.kafka.changelog import ConsumerThread, Only, Written, give_back

CHANGELOG = TopicPartition("changelog", 0)
TAKEN = Written({b"a": b"1"}, 1000, 8, 5)


@dataclass
class Owner:
    """Be what the thread asks of Faust's consumer."""

    epoch: int = 1
    flow_active: bool = True

    def _is_changelog_tp(self, tp: TopicPartition) -> bool:
        return bool(tp == CHANGELOG)


@dataclass
class Fetcher:
    """Give one record, and let something happen while it is fetched."""

    meanwhile: Callable[[], None]
    _records: dict[Any, Any] = field(default_factory=dict)
    _closed: bool = False

    @property
    def _subscriptions(self) -> "Fetcher":
        return self

    @contextlib.contextmanager
    def fetch_context(self) -> Iterator[None]:
        """Be aiokafka's context of a fetch."""
        yield

    async def fetched_records(self, partitions: Any, **_given: Any) -> dict[Any, list[Written]]:
        """Give what was fetched of the partitions that may be taken from."""
        self.meanwhile()
        # As aiokafka asks: no partitions at all stands for every one.
        return {CHANGELOG: [TAKEN]} if not partitions or CHANGELOG in partitions else {}


@dataclass
class Reader:
    """Be aiokafka's consumer: remember where it was set back to."""

    _fetcher: Fetcher
    assigned: bool = True
    _closed: bool = False
    sought: dict[Any, int] = field(default_factory=dict)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Set a partition back."""
        if not self.assigned:
            raise IllegalStateError(f"{tp} is not assigned")
        self.sought[tp] = offset


async def _fetch(owner: Owner, reader: Reader, active: set[Any]) -> Any:
    thread: Any = ConsumerThread.__new__(ConsumerThread)
    thread.consumer = owner
    return await thread._fetch_records(reader, active, timeout=1.0)


async def test_what_is_ours_is_taken() -> None:
    """Where nothing happens meanwhile, the records are handed on and nothing is sought."""
    owner = Owner()
    reader = Reader(Fetcher(lambda: None))

    assert {CHANGELOG: [TAKEN]} == await _fetch(owner, reader, {CHANGELOG})
    assert {} == reader.sought


@pytest.mark.parametrize("change", [{"epoch": 2}, {"flow_active": False}])
async def test_what_a_rebalance_overtook_is_given_back(change: dict[str, Any]) -> None:
    """Records of a changelog that nobody would restore are fetched again."""
    owner = Owner()

    def rebalance() -> None:
        for name, value in change.items():
            setattr(owner, name, value)

    reader = Reader(Fetcher(rebalance))

    assert {} == await _fetch(owner, reader, {CHANGELOG})
    assert {CHANGELOG: 5} == reader.sought


async def test_nothing_is_taken_from_a_set_that_was_emptied() -> None:
    """A rebalance that takes every partition away does not open all of them to a fetch."""
    owner = Owner()
    active = {CHANGELOG}
    reader = Reader(Fetcher(active.clear))

    assert {} == await _fetch(owner, reader, active)
    assert CHANGELOG not in Only(active)


def test_what_went_to_another_worker_is_left_alone() -> None:
    """A partition that is not ours any more is nobody's worry here."""
    reader = Reader(Fetcher(lambda: None), assigned=False)

    give_back(reader, {CHANGELOG: [TAKEN]})

    assert {} == reader.sought
