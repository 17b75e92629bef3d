"""The edges' producer on real Kafka."""

import time

import pytest

from connectors.kafka import Producer
from connectors.settings import Producing
from schemas.cluster import Cluster
from schemas.topics import DECISIONS, Names
from tests.gateway import House

pytestmark = pytest.mark.stack

LINGER_S = 2.0


async def test_a_lone_record_does_not_wait_for_company(home: House) -> None:
    """Where nothing else is under way a record leaves at once, however long others may wait."""
    patient = Producing(linger_ms=LINGER_S * 1000, give_up_s=20.0, message_timeout_ms=15_000)
    topic, took = Names(home.namespace).topic(DECISIONS), []
    async with Producer(Cluster.from_env(home.environment), patient) as producer:
        for number in range(5):  # the first has to find the broker
            began = time.monotonic()
            await producer.send(topic, key=b"default:k", value=b"%d" % number)
            took.append(time.monotonic() - began)
    assert min(took) < LINGER_S / 2, took
