"""Load the scheduler with items, hurt it, and hold what came against what was asked for."""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas import topics as agreed
from schemas.codec import encode
from schemas.deliveries import Scheduled
from schemas.keys import key
from schemas.topics import Names
from tests import topics
from tests.faults.scene import PARTITIONS, Scene

TARGETS = (agreed.ALERTS_COMMANDS, agreed.INTENTS_URGENT)
SOON_MS = 1_500
LATER_MS = 4_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what came of the items: each number but the last two must be 0."""

    lost: int
    early: int  # before their moment
    cancelled: int  # came although they were cancelled long before
    altered: int  # with another key or value, or on another topic
    came: int
    repeated: int  # came once more after a crash, which who is woken stands


class Clockwork(Scene):
    """Run schedulers on topics of their own."""

    process = "scheduler"
    module = ("streams", "scheduler")

    def __init__(self, servers: str, names: Names, folder: Path) -> None:
        super().__init__(servers, names, folder)
        self.asked: dict[str, Scheduled] = {}
        self.first_due: dict[str, int] = {}
        self.cancelled: set[str] = set()
        topics.create(
            servers,
            plain=[
                names.topic(t)
                for t in (agreed.SCHEDULED, agreed.DEAD_LETTERS, agreed.INTENTS, *TARGETS)
            ],
            compacted=[names.changelog("scheduler", "pending")],
            partitions=PARTITIONS,
        )

    def sources(self) -> Sequence[str]:
        """Name the topic of the items."""
        return [self.names.topic(agreed.SCHEDULED)]

    def schedule(self, *items: Scheduled) -> None:
        """Ask for these items, in this order."""
        for item in items:
            if item.kind == "cancel":
                self.cancelled.add(item.id)
            else:
                self.cancelled.discard(item.id)
                self.asked[item.id] = item
                self.first_due.setdefault(item.id, item.due_at)
        topics.produce(
            self.servers,
            self.sources()[0],
            ((key(item.tenant, item.id), encode(item)) for item in items),
        )

    def send(self, count: int, *, seed: int = 1) -> None:
        """Ask for items due within seconds; some are moved, some cancelled long before."""
        chance = random.Random(seed)
        now = time.time_ns() // 1_000_000
        wave = [
            wake(f"{seed}-{number}", now + chance.randrange(SOON_MS), urgent=number % 5 == 0)
            for number in range(count)
        ]
        moved = [wake(item.id, now + LATER_MS) for item in wave[::7]]
        doomed = [wake(f"{seed}-doomed-{number}", now + 600_000) for number in range(count // 9)]
        cancels = [Scheduled(id=item.id, kind="cancel") for item in doomed]
        self.schedule(*wave, *moved, *doomed, *cancels)

    def judge(self) -> Verdict:
        """Compare what came with what was asked for last."""
        came: dict[str, list[tuple[int, str, bytes, bytes]]] = defaultdict(list)
        for message in topics.read_all(self.servers, [self.names.topic(t) for t in TARGETS]):
            value = message.value() or b""
            identity = value.decode()
            came[identity].append(
                (message.timestamp()[1], message.topic() or "", message.key() or b"", value)
            )
        wanted = {i: item for i, item in self.asked.items() if i not in self.cancelled}
        return Verdict(
            lost=len(wanted.keys() - came.keys()),
            # An item that was moved may have come at its first moment, just before the move.
            early=sum(
                min(at for at, *_ in came[i]) < self.first_due[i] for i in wanted if i in came
            ),
            cancelled=len(came.keys() & self.cancelled),
            altered=sum(
                {(topic, k, v) for _, topic, k, v in came[i]}
                != {(self.names.topic(agreed.WAKEABLE[item.topic]), item.key, item.value)}
                for i, item in wanted.items()
                if i in came
            ),
            came=len(came),
            repeated=sum(len(times) - 1 for times in came.values()),
        )


def wake(identity: str, due_at: int, *, urgent: bool = False) -> Scheduled:
    """Ask that this id be written to a topic at this moment."""
    target = TARGETS[len(identity) % len(TARGETS)]
    return Scheduled(
        id=identity,
        due_at=due_at,
        topic=target.name,
        key=b"default:%b" % identity.encode(),
        value=identity.encode(),
        urgent=urgent,
    )
