"""A worker that starts while Kafka settles waits for its control topics."""

import time
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from schemas.cluster import Cluster
from schemas.errors import KafkaUnavailable
from streams.kafka.broadcast import Broadcast

NOWHERE = Cluster("127.0.0.1:1")
PLACE = TopicPartition("control.rules", 0)


class Unsettled:
    """Be a client whose partition has no leader at first."""

    def __init__(self, *, refusals: int) -> None:
        self.refusals = refusals

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        """Say where a partition begins and ends."""
        assert place is PLACE
        assert timeout > 0
        if self.refusals:
            self.refusals -= 1
            raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
        return (3, 9)


def _broadcast(client: Unsettled) -> Any:
    made: Any = Broadcast(NOWHERE, [PLACE.topic], on_change=lambda _: None)
    made._consumer.close()
    made._consumer = client
    return made


def test_a_topic_without_a_leader_is_asked_again() -> None:
    """A topic that was just created is read as soon as its broker takes it on."""
    made = _broadcast(Unsettled(refusals=1))
    assert (3, 9) == made._watermarks(PLACE, time.monotonic() + 30)


def test_a_topic_that_stays_without_a_leader_is_named() -> None:
    """Who starts a worker is told which topic keeps it waiting."""
    made = _broadcast(Unsettled(refusals=1_000))
    with pytest.raises(KafkaUnavailable, match=r"control\.rules"):
        made._watermarks(PLACE, time.monotonic() - 1)
