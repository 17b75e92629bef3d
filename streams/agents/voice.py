"""Triage's voice: what the stages decided, as records on their topics.

All that a record led to is encoded and measured before any of it is kept, so that a record whose
outputs are too large leaves nothing behind. What a batch led to is handed over together: one by
one, each record would wake the producer's thread and travel nearly alone.
"""

from schemas import keys, topics
from schemas.codec import encode
from schemas.errors import Oversized
from schemas.headers import Headers
from schemas.limits import OUTPUT_BYTES
from schemas.reasons import Priority
from schemas.records import AlertChange
from schemas.topics import Names
from streams.core.triage.stage import Verdict
from streams.kafka.producer import Outputs
from streams.kafka.sensors import Sensors

Encoded = list[tuple[str, bytes, bytes]]  # topic, key and value, all under the record's trace

_HIGH = int(Priority.HIGH)


class Voice:
    """Encode what was decided, keep it until the batch is judged, and count it."""

    def __init__(self, names: Names, outputs: Outputs, sensors: Sensors) -> None:
        self._send = outputs.send
        self._kept: list[tuple[Headers | None, Encoded]] = []
        self.trace: Headers | None = None  # of the record that is judged
        self._count_change = sensors.change
        self._count_drop = sensors.drop
        self._changes = names.topic(topics.ALERTS_CHANGES)
        self._intents = names.topic(topics.INTENTS)
        self._urgent = names.topic(topics.INTENTS_URGENT)
        self._decisions = names.topic(topics.DECISIONS)

    def encoded(self, verdict: Verdict, key: bytes) -> Encoded:
        """Encode everything that a record led to; Oversized where one is larger than a topic takes.

        `key` is the alert's.
        """
        outputs: Encoded = []
        for change in verdict.changes:
            outputs.append((self._changes, key, encode(change)))
        for intent in verdict.intents:
            topic = self._urgent if intent.priority >= _HIGH else self._intents
            outputs.append((topic, keys.key(intent.tenant, intent.recipient), encode(intent)))
        for decision in verdict.decisions:
            subject = keys.key(decision.tenant, decision.subject_id)
            outputs.append((self._decisions, subject, encode(decision)))
        for topic, _key, value in outputs:
            if len(value) > OUTPUT_BYTES:
                raise Oversized(f"{len(value)} bytes for {topic}, at most {OUTPUT_BYTES}")
        return outputs

    def keep(self, verdict: Verdict, outputs: Encoded) -> None:
        """Keep what `encoded` made of the Verdict."""
        self._kept.append((self.trace, outputs))
        for change in verdict.changes:
            self._count_change(change.kind)
        for decision in verdict.decisions:
            self._count_drop(decision.stage, decision.reason)

    def hand_over(self) -> None:
        """Hand over what was kept, in the order in which it was decided."""
        kept, self._kept = self._kept, []
        send = self._send
        for trace, outputs in kept:
            for topic, key, value in outputs:
                send(topic, key, value, headers=trace)

    def change(self, key: bytes, change: AlertChange) -> None:
        """Hand over at once a change that the clock decided."""
        self._send(self._changes, key, encode(change))
        self._count_change(change.kind)
