"""Write what a person wishes to its topic, one version at a time, and wait until it is shown."""

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.api import preference_shapes
from connectors.api.preference_models import Own, Preferences
from connectors.api.preference_shapes import etag
from connectors.problems import Problem
from connectors.stores.postgres import Connection, Database
from connectors.stores.queries import kept
from connectors.stores.queries import preferences as claims
from connectors.tokens import User
from schemas import keys
from schemas.codec import encode
from schemas.errors import DatabaseUnavailable
from schemas.topics import CONTROL_PREFERENCES, Names

Row = dict[str, Any]
WAIT_S = 2.0
LOOK_EVERY_S = 0.04
# Until a version is shown nobody writes the next one: each is based on the one before. A writer
# that died, or views that stand still, hold others up for no longer than this.
CLAIM_S = 10.0


class Sends(Protocol):
    """Write records to Kafka."""

    async def send(self, topic: str, *, key: bytes, value: bytes | None) -> tuple[int, int]:
        """Return when Kafka has the record; KafkaUnavailable."""


@dataclass(frozen=True, slots=True)
class Written:
    """Say what became of a write: what is shown, or None while it is on its way."""

    version: int
    shown: Preferences | None


class Wishing:
    """Read and write preferences."""

    def __init__(
        self, *, database: Database, producer: Sends, names: Names, wait_s: float = WAIT_S
    ) -> None:
        self._database = database
        self._producer = producer
        self._topic = names.topic(CONTROL_PREFERENCES)
        self._wait_s = wait_s

    async def shown(self, user: User) -> Preferences:
        """Give what is in force for somebody, known or not."""
        async with self._database.transaction() as connection:
            return await _shown(connection, user)

    async def write(self, user: User, own: Own, *, based_on: int | None) -> Written:
        """Replace what somebody chose; Kafka has it when this returns.

        Problem 412 where the version is another than `based_on`, 409 where another write is on
        its way, 422 where a choice cannot be obeyed.
        """
        now = time.time_ns() // 1_000_000
        tenant, recipient = user.tenant, user.recipient
        # Before anything is claimed: what cannot be obeyed holds nobody up.
        preference_shapes.wish(own, tenant=tenant, recipient=recipient, version=0, now=now)
        version = await self._claimed(user, based_on)
        made = preference_shapes.wish(
            own, tenant=tenant, recipient=recipient, version=version, now=now
        )
        await self._producer.send(self._topic, key=keys.key(tenant, recipient), value=encode(made))
        return Written(version, await self._wait(user, version))

    async def _claimed(self, user: User, based_on: int | None) -> int:
        tenant, recipient = user.tenant, user.recipient
        async with self._database.transaction() as connection:
            claimed = await claims.locked(connection, tenant=tenant, recipient=recipient)
            row = await kept.preference(connection, tenant=tenant, recipient=recipient)
            version = row["version"] if row else 0
            left = CLAIM_S - claimed["age_s"]
            if claimed["version"] > version and left > 0:
                raise _busy(left)
            if based_on is not None and based_on != version:
                raise Problem(
                    412,
                    f"the preferences are at version {version} now; read them again",
                    where="header.If-Match",
                    headers={"ETag": etag(version)},
                    more={"version": version},
                )
            following = int(max(claimed["version"], version)) + 1
            await claims.claim(connection, tenant=tenant, recipient=recipient, version=following)
        return following

    async def _wait(self, user: User, version: int) -> Preferences | None:
        deadline = time.monotonic() + self._wait_s
        while time.monotonic() < deadline:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                found = await self.shown(user)
            except DatabaseUnavailable:
                return None  # the record stands; only the view cannot be asked
            if found.version >= version:
                return found
        return None


async def _shown(connection: Connection, user: User) -> Preferences:
    tenant, recipient = user.tenant, user.recipient
    return preference_shapes.preferences(
        recipient,
        wish=await kept.preference(connection, tenant=tenant, recipient=recipient),
        person=await kept.recipient(connection, tenant=tenant, recipient=recipient),
        types=await kept.types(connection, tenant=tenant),
    )


def _busy(left_s: float) -> Problem:
    return Problem(
        409,
        "another change of these preferences is on its way",
        headers={"Retry-After": str(min(2, math.ceil(left_s)))},
    )
