"""The bare loop beside which planning is measured: intents in, as many deliveries out.

It decodes each intent and encodes three Deliveries for every two, with words of the same length,
and neither chooses, limits, renders nor remembers: `python -m tests.bench.bare_planning SERVERS
SOURCE TARGET EVENTS` prints wall and CPU seconds from the first record to the last flush.
"""

import sys
import time

from confluent_kafka import Producer

from schemas.cluster import Cluster
from schemas.codec import decode, encode
from schemas.deliveries import Delivery
from schemas.records import Intent
from tests.bench.bare import reader

TEXT = "x" * 200


def loop(servers: str, source: str, target: str, events: int) -> tuple[float, float]:
    """Answer so many intents and give wall and CPU seconds."""
    consumer, _ends = reader(servers, source)
    producer = Producer(Cluster(servers).producer() | {"linger.ms": 2})
    done = 0
    began = cpu = 0.0
    while done < events:
        messages = consumer.consume(500, timeout=5.0)
        if not done and messages:
            began, cpu = time.monotonic(), time.process_time()
        for message in messages:
            intent = decode(Intent, message.value() or b"")
            for number in range(1 + done % 2):
                delivery = Delivery(
                    id=f"{intent.id}-{number}",
                    intent_id=intent.id,
                    recipient=intent.recipient,
                    channel="email",
                    address="somebody@example.org",
                    text=TEXT,
                )
                producer.produce(target, encode(delivery), message.key())
            done += 1
        producer.poll(0)
    producer.flush()
    wall, used = time.monotonic() - began, time.process_time() - cpu
    consumer.close()
    return wall, used


if __name__ == "__main__":
    print(*loop(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
