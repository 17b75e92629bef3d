"""The one producer through which outputs and changelog records leave."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.cluster import Cluster
from schemas.errors import HouseFault, Oversized
from schemas.limits import OUTPUT_BYTES

Headers = Sequence[tuple[str, bytes]]

# Longer than a broker takes to restart; after it the worker leaves and begins anew.
MESSAGE_TIMEOUT_S = 60.0
PUSH_S = 0.005
INVALID_RECORD = getattr(KafkaError, "INVALID_RECORD", 87)


class Outputs:
    """Send records so that a flush that returns means Kafka has every one of them.

    Reports come back only for failures, so a record costs nothing when all is well.
    """

    def __init__(self, cluster: Cluster, *, client_id: str) -> None:
        self._failed: list[str] = []
        self._producer = Producer(
            cluster.producer()
            | {
                "client.id": client_id,
                "linger.ms": 2,
                "batch.size": 262_144,
                "batch.num.messages": 10_000,
                "queue.buffering.max.messages": 400_000,
                "queue.buffering.max.kbytes": 262_144,
                "message.timeout.ms": int(MESSAGE_TIMEOUT_S * 1000),
                "delivery.report.only.error": True,
                "on_delivery": self._on_failure,
            }
        )
        self._produce = self._producer.produce

    def _on_failure(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed.append(f"{message.topic()}: {error}")

    def send(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        *,
        headers: Headers | None = None,
        timestamp: int = 0,
    ) -> None:
        """Hand over a record for the partition that its key names.

        Raises Oversized before the broker could refuse it.
        """
        if value is not None and len(value) > OUTPUT_BYTES:
            raise Oversized(f"{len(value)} bytes for {topic}, at most {OUTPUT_BYTES}")
        try:
            if headers is None and not timestamp:
                self._produce(topic, value, key)  # half the cost of a call that names either
            else:
                self._produce(topic, value, key, headers=list(headers or ()), timestamp=timestamp)
        except BufferError:
            self._make_room()
            self.send(topic, key, value, headers=headers, timestamp=timestamp)
        except KafkaException as error:
            raise HouseFault(f"cannot produce to {topic}: {error}") from error

    def send_to(
        self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes | None]]
    ) -> None:
        """Hand over keys and values for an explicit partition; None is a tombstone."""
        produce = self._produce
        try:
            for key, value in records:
                while True:
                    try:
                        produce(topic, value, key, partition)
                        break
                    except BufferError:
                        self._make_room()
        except KafkaException as error:
            raise HouseFault(f"cannot produce to {topic}: {error}") from error

    def poll(self) -> None:
        """Serve delivery reports; HouseFault where one failed."""
        self._producer.poll(0)
        self._raise_failures()

    async def flush(self) -> None:
        """Return when Kafka has everything handed over so far; HouseFault where it has not."""
        if not len(self._producer):
            self._raise_failures()
            return
        await asyncio.get_running_loop().run_in_executor(None, self.flush_now)

    async def push(self) -> None:
        """Let what was handed over leave at once, where it would wait for company."""
        if len(self._producer):
            push = partial(self._producer.flush, PUSH_S)
            await asyncio.get_running_loop().run_in_executor(None, push)
            self._raise_failures()

    def flush_now(self) -> None:
        """Do what `flush` does, in the calling thread."""
        left = self._producer.flush(MESSAGE_TIMEOUT_S + 5)
        self._raise_failures()
        if left:
            raise HouseFault(f"{left} records were not taken within {MESSAGE_TIMEOUT_S:.0f} s")

    def _make_room(self) -> None:
        # The queue is full: the broker is slower than we are, so wait here, where it is felt.
        self._producer.poll(0.05)
        self._raise_failures()

    def _raise_failures(self) -> None:
        if self._failed:
            raise HouseFault(f"{len(self._failed)} records failed, the first: {self._failed[0]}")
