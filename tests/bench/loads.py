"""The alerts that benches send: about 300 bytes, with what makes texts vary in life."""

import random
import time
from collections.abc import Iterator

import msgspec
import orjson

from schemas.codec import encode
from schemas.fingerprint import fingerprint
from schemas.keys import key
from schemas.records import RawAlert


def alert(number: int, *, occurrence: int, now_ms: int) -> RawAlert:
    """Make one occurrence of trouble `number`; its text varies and its fingerprint does not."""
    return RawAlert(
        source="webhook",
        title=f"Disk usage above {80 + occurrence % 19}% on storage-{number:07d}",
        body=(
            f"2026-11-0{1 + occurrence % 9}T0{occurrence % 10}:15:42.123Z volume /var/lib/data on "
            f"storage-{number:07d} is filling up, {occurrence % 97}.5 GB left, request "
            f"4f9a1c{occurrence % 256:02x}e8d7, checked {occurrence} times in 30s by the collector"
        ),
        severity="warning",
        occurred_at=now_ms,
    )


def alerts(events: int, *, troubles: int, seed: int = 7) -> Iterator[RawAlert]:
    """Make `events` alerts over `troubles` fingerprints, in random order."""
    chance = random.Random(seed)
    # Of today: an alert of last year would be stale, and triage would go other ways.
    began_ms = time.time_ns() // 1_000_000 - 60_000
    for occurrence in range(events):
        number = occurrence if troubles >= events else chance.randrange(troubles)
        yield alert(number, occurrence=occurrence, now_ms=began_ms + occurrence // 20)


def keyed(raws: Iterator[RawAlert], *, wire: str) -> Iterator[tuple[bytes, bytes]]:
    """Encode alerts as `avro` or `json`, under their right keys, unmarked."""
    for raw in raws:
        value = encode(raw) if wire == "avro" else _json(raw)
        yield key(raw.tenant, fingerprint(raw)), value


def _json(raw: RawAlert) -> bytes:
    given = msgspec.structs.asdict(raw)
    kept = ("source", "title", "body", "severity", "occurred_at")
    return orjson.dumps({name: given[name] for name in kept})
