"""Remember which alert a fingerprint stands for, so that a sender is told "duplicate" at once.

Triage decides; this is its shadow. Ingest writes a provisional entry for what it hears first,
and every change that triage publishes overwrites it.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias

from connectors.stores.redis import Redis, Script
from schemas.errors import RedisUnavailable
from schemas.reasons import AlertStatus
from schemas.records import AlertChange
from schemas.topics import Names

HEAR_S = 0.05  # a sender waits no longer for a courtesy
TELL_S = 5.0
# By then triage has judged what was missed, and the views tell what it said.
MISSED_S = 60.0
MISSED = 50_000  # fingerprints, some 20 MiB
CATCH_UP_EVERY_S = 0.25

HOUR_MS = 3_600_000
AFTER_WINDOW_MS = HOUR_MS  # a late occurrence is still told apart
OPEN_MS = 25 * HOUR_MS  # DESIGN 4: an open alert ends when nothing was heard for 24 h
KEPT_MS = 31 * 24 * HOUR_MS  # the clock never ends what somebody took in hand
LEAST_MS = 60_000
AT_ONCE = 250  # changes a script takes: some 2 ms, in which Redis answers nobody else

_HEAR = Script(Path(__file__).with_name("hear.lua").read_text())
_TOLD = Script(Path(__file__).with_name("told.lua").read_text())


@dataclass(frozen=True, slots=True)
class HeardAnswer:
    """Say whether an occurrence is one more of an alert that is known, and which alert it is."""

    duplicate: bool
    alert_id: str


_Question: TypeAlias = tuple[
    tuple[str], tuple[str | int, ...], "asyncio.Future[HeardAnswer | None]"
]


class Heard:
    """Ask and tell what is known of a fingerprint."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self._names = names
        # What was asked since the event loop last went round, to be sent as one.
        self._asked: list[_Question] = []
        self._asking: set[asyncio.Task[None]] = set()
        self._is_asking = False
        # The first question about each fingerprint that Redis did not answer, and its moment.
        self._missed: dict[tuple[str], tuple[tuple[str | int, ...], float]] = {}

    async def hear(
        self,
        *,
        tenant: str,
        fingerprint: str,
        alert_id: str,
        partition: int,
        offset: int,
        until: int,
        occurred_at: int = 0,
    ) -> HeardAnswer | None:
        """Say whether the record at this place of `alerts.raw` is a duplicate; None: not known.

        `alert_id` is the id it would open and `until` the end of the default window from it
        (0: never by the clock). `occurred_at` 0 means now. Asking again for the same place
        gives the same answer. After Redis was away nothing is known until it was told of what
        it missed meanwhile: a later occurrence must not pass for the first.
        """
        now = _now()
        args = (
            alert_id,
            partition,
            offset,
            until,
            occurred_at or now,
            _lives_ms(until=until, now=now, kept=False),
        )
        loop = asyncio.get_running_loop()
        if not self._asked and not self._is_asking:
            loop.call_soon(self._send)
        answer: asyncio.Future[HeardAnswer | None] = loop.create_future()
        self._asked.append(((self._key(tenant, fingerprint),), args, answer))
        return await answer

    def _send(self) -> None:
        # One at a time: over two connections a later record could be asked about first, and its
        # sender be told of an alert that the earlier one opens under another id.
        asked, self._asked = self._asked, []
        self._is_asking = True
        self._begin(self._ask(asked))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, asked: "list[_Question]") -> None:
        """Send the questions as one, and settle each of them whatever comes."""
        answers: list[Any] = []
        try:
            if self._missed:
                self._miss(asked)
            else:
                calls = [(keys, args) for keys, args, _ in asked]
                answers = await self._redis.run_many(_HEAR, calls, within_s=HEAR_S)
        except RedisUnavailable:
            self._miss(asked)
        finally:
            for (_, _, future), answer in zip_longest(asked, answers):
                if not future.done():
                    future.set_result(
                        HeardAnswer(duplicate=answer[0] == 1, alert_id=answer[1])
                        if answer
                        else None
                    )
            self._is_asking = False
            if self._asked:
                self._send()

    def _miss(self, asked: "list[_Question]") -> None:
        if not self._missed:
            self._begin(self._catch_up())
        now = time.monotonic()
        for keys, args, _ in asked:
            if len(self._missed) < MISSED:
                self._missed.setdefault(keys, (args, now))

    async def _catch_up(self) -> None:
        """Ask again what was missed, oldest first; the answers have nobody waiting any more."""
        while self._missed:
            part = dict(islice(self._missed.items(), AT_ONCE))
            calls = [(keys, args) for keys, (args, _) in part.items()]
            try:
                await self._redis.run_many(_HEAR, calls, within_s=TELL_S)
                done = list(part)
            except RedisUnavailable:
                await asyncio.sleep(CATCH_UP_EVERY_S)
                since = time.monotonic() - MISSED_S
                done = [keys for keys, (_, missed_at) in part.items() if missed_at < since]
            for keys in done:
                del self._missed[keys]

    async def told(self, changes: Iterable[AlertChange]) -> None:
        """Take over what triage says, in any order and any number of times.

        RedisUnavailable where it could not be kept.
        """
        now = _now()
        pairs = [
            (self._key(change.tenant, change.fingerprint), _told(change, now)) for change in changes
        ]
        for first in range(0, len(pairs), AT_ONCE):
            keys, args = zip(*pairs[first : first + AT_ONCE], strict=True)
            await self._redis.run(_TOLD, keys=keys, args=args, within_s=TELL_S)

    async def is_filled(self) -> bool:
        """Say whether Redis was filled since it was last empty; RedisUnavailable."""
        return await self._redis.get(self._marker(), within_s=TELL_S) is not None

    async def mark_filled(self) -> None:
        """Note that all that is known has been told; RedisUnavailable."""
        await self._redis.put(self._marker(), str(_now()), within_s=TELL_S)

    def _key(self, tenant: str, fingerprint: str) -> str:
        return self._names.redis("heard", tenant, fingerprint)

    def _marker(self) -> str:
        return self._names.redis("heard-filled")


def _told(change: AlertChange, now: int) -> str:
    resolved = change.status == AlertStatus.RESOLVED
    in_hand = change.acknowledged and not resolved
    fields = (
        change.opened_partition,
        change.opened_offset,
        _ends_at(change),
        change.last_seen_at or change.occurred_at,
        change.seq,
        change.status,
        change.occurred_at if resolved else 0,
        _lives_ms(until=_ends_at(change), now=now, kept=in_hand),
        change.alert_id,
    )
    return "|".join(map(str, fields))


def _ends_at(change: AlertChange) -> int:
    """Say from when an occurrence begins a new alert: the clock ends nothing taken in hand."""
    if change.status == AlertStatus.RESOLVED or not change.window_ends_at:
        return change.window_ends_at
    return 0 if change.acknowledged else max(change.window_ends_at, change.snoozed_until)


def _lives_ms(*, until: int, now: int, kept: bool) -> int:
    if until:
        return max(until + AFTER_WINDOW_MS - now, LEAST_MS)
    return KEPT_MS if kept else OPEN_MS


def _now() -> int:
    return time.time_ns() // 1_000_000
