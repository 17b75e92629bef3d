"""How the edges speak to Kafka: a producer that answers, and a follower of control topics.

Both wrap confluent-kafka, whose work goes on in threads of its own; results come back to the
event loop in batches, one wake-up for all that a broker's answer settled.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Producer as Client

from connectors.settings import Producing
from schemas.cluster import Cluster
from schemas.errors import KafkaUnavailable

log = logging.getLogger("tocsin.kafka")
RETRY_AFTER_S = 2.0
POLL_S = 0.1
LONE_S = 0.005  # so long a record that nothing else was under way with is pushed

Placed = tuple[int, int]  # partition and offset
_Settled = tuple["asyncio.Future[Placed]", "asyncio.TimerHandle", KafkaError | None, int, int]


class Producer:
    """Write records and say where each one lies, or that Kafka did not take it in time.

    Idempotent, acks=all. What is answered with KafkaUnavailable may, in a narrow window, still
    have been written; readers drop the second copy that a sender's retry makes.
    """

    def __init__(self, cluster: Cluster, producing: Producing | None = None) -> None:
        self._producing = producing or Producing()
        self._cluster = cluster
        self._settled: list[_Settled] = []
        self._closing = threading.Event()
        self._alone = threading.Event()
        # Each is counted by one thread alone: the event loop's, and the polling one.
        self._submitted = 0
        self._reported = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._client = Client(
            self._cluster.producer()
            | {
                "linger.ms": self._producing.linger_ms,
                "message.timeout.ms": self._producing.message_timeout_ms,
                "queue.buffering.max.messages": self._producing.queue_messages,
                "queue.buffering.max.kbytes": self._producing.queue_kib,
                "reconnect.backoff.max.ms": 1000,  # back soon after the broker is
                "socket.keepalive.enable": True,
            },
            logger=log,
        )
        self._thread = threading.Thread(target=self._poll, name="kafka-producer", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        timestamp: int = 0,
    ) -> Placed:
        """Write one record and return its partition and offset once all replicas have it."""
        return await self.submit(topic, key=key, value=value, headers=headers, timestamp=timestamp)

    def submit(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        timestamp: int = 0,
    ) -> "asyncio.Future[Placed]":
        """Queue one record at once and give its place as a future; call order is record order.

        Raises KafkaUnavailable where the queue is full; `timestamp` 0 means now.
        """
        future: asyncio.Future[Placed] = self._loop.create_future()
        give_up = self._loop.call_later(self._producing.give_up_s, _give_up, future)

        def delivered(error: KafkaError | None, message: Any) -> None:
            # Runs in the polling thread, the only one that touches the list.
            self._reported += 1
            self._settled.append((future, give_up, error, message.partition(), message.offset()))

        try:
            self._client.produce(
                topic,
                value,
                key,
                headers=list(headers),
                timestamp=timestamp,
                on_delivery=delivered,
            )
        except (BufferError, KafkaException) as wrong:
            give_up.cancel()
            raise KafkaUnavailable(
                "Kafka is behind: too many records wait", retry_after_s=RETRY_AFTER_S
            ) from wrong
        if self._submitted == self._reported:
            self._alone.set()
        self._submitted += 1
        return future

    async def reachable(self, timeout_s: float = 2.0) -> bool:
        """Say whether a broker answers."""
        try:
            await asyncio.to_thread(self._client.list_topics, None, timeout_s)
        except KafkaException:
            return False
        return True

    async def close(self) -> None:
        """Write what is queued, settle what waits, and stop; a second call does nothing."""
        self._closing.set()
        await asyncio.to_thread(self._thread.join)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._poll_once()
            self._hand_over()
        self._client.flush(self._producing.give_up_s)
        self._hand_over()

    def _poll_once(self) -> None:
        if self._submitted > self._reported:
            self._client.poll(POLL_S)
        elif self._alone.wait(POLL_S):
            # Company is waited for under load only: a lone record leaves at once.
            self._alone.clear()
            self._client.flush(LONE_S)
        else:
            self._client.poll(0)

    def _hand_over(self) -> None:
        if self._settled:
            settled, self._settled = self._settled, []
            self._loop.call_soon_threadsafe(_settle, settled)


def _give_up(future: "asyncio.Future[Placed]") -> None:
    if not future.done():
        future.set_exception(
            KafkaUnavailable("Kafka did not answer in time", retry_after_s=RETRY_AFTER_S)
        )


def _settle(settled: list[_Settled]) -> None:
    for future, give_up, error, partition, offset in settled:
        give_up.cancel()
        if future.done():
            continue
        if error is None:
            future.set_result((partition, offset))
        else:
            future.set_exception(
                KafkaUnavailable(f"Kafka said {error.name()}", retry_after_s=RETRY_AFTER_S)
            )


Pair = tuple[bytes, bytes | None]


class Follower:
    """Read a compacted topic whole, then go on with what is written to it.

    `apply` gets the pairs in order, on the event loop. No group, no offsets: every process reads
    all of it. While Kafka is away the last state stays in force.
    """

    def __init__(self, cluster: Cluster, topic: str, apply: Callable[[list[Pair]], None]) -> None:
        self._config = cluster.librdkafka() | {
            "group.id": "none",  # the client wants one; nothing is committed and nobody joins
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "reconnect.backoff.max.ms": 1000,
        }
        self._topic = topic
        self._apply = apply
        self._loaded = asyncio.Event()
        self._closing = threading.Event()

    @property
    def loaded(self) -> bool:
        """Say whether the topic was once read to its end."""
        return self._loaded.is_set()

    async def wait_loaded(self) -> None:
        """Return when the topic was once read to its end."""
        await self._loaded.wait()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=f"follow-{self._topic}", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        consumer = Consumer(self._config, logger=log)
        try:
            unread = self._assign(consumer)
            while not self._closing.is_set():
                self._take(consumer.consume(500, timeout=0.2), unread)
        finally:
            consumer.close()

    def _assign(self, consumer: Any) -> set[int]:
        while not self._closing.is_set():
            try:
                topic = consumer.list_topics(self._topic, timeout=2.0).topics[self._topic]
            except KafkaException as wrong:
                log.warning("cannot read %s yet: %s", self._topic, wrong.args[0].name())
                self._closing.wait(0.5)
                continue
            if topic.error is None and topic.partitions:
                partitions = set(topic.partitions)
                consumer.assign(
                    [TopicPartition(self._topic, each, OFFSET_BEGINNING) for each in partitions]
                )
                return partitions
            log.warning("topic %s is not there yet", self._topic)
            self._closing.wait(0.5)
        return set()

    def _take(self, messages: list[Any], unread: set[int]) -> None:
        pairs: list[Pair] = []
        for message in messages:
            error = message.error()
            if error is None:
                pairs.append((message.key() or b"", message.value()))
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                unread.discard(message.partition())
            else:
                log.warning("reading %s: %s", self._topic, error.name())
        if pairs:
            self._loop.call_soon_threadsafe(self._apply, pairs)
        if not unread and not self._loaded.is_set():
            self._loop.call_soon_threadsafe(self._loaded.set)
