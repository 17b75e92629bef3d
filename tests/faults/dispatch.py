"""Plan, schedule and send through everything that fails, and count at the provider's side."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import orjson

from schemas.deliveries import DeliveryEvent
from schemas.records import Intent
from tests import topics
from tests.exchange import ENDS, PLANNING, SCHEDULER, SINKS, Exchange, last_steps
from tests.fakes.beside import Beside
from tests.fakes.mail_server import MailServer
from tests.fakes.receiver import Act
from tests.gateway import House
from tests.waiting import eventually

PEOPLE = 50
DAY_MS = 86_400_000
NO_LIMIT = {"types": [{"id": "load", "channels": ["email"], "limits": {"email": "1000/h"}}]}


@dataclass(frozen=True, slots=True)
class Count:
    """Say what became of a load: what `hold` of the tests asks to be 0 must be."""

    intents: int
    taken: int  # calls that the provider said yes to
    refused: int  # calls that it said a definite no to
    failed: int  # came to their end after the last attempt
    lost: int  # nobody was told, and the provider never said yes
    again: int  # more than one yes for a delivery without the mark `maybe_repeat`
    claimed: int  # `sent` in our books, and the provider knows nothing of it
    open: int  # without a final state
    marked: int  # deliveries of which we say that they may have gone out twice
    seconds: float


class Dispatch:
    """Run planning, scheduler and the sink of mails against a local SendGrid."""

    def __init__(
        self,
        house: House,
        folder: Path,
        provider: Beside,
        *,
        patience: Mapping[str, str],
        second: MailServer | None = None,
    ) -> None:
        """Prepare processes; `second` sends what the provider does not."""
        self.provider = provider
        self.second = second
        by_second = {"TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{second.port}"} if second else {}
        settings = {
            "TOCSIN_SENDGRID_API_KEY": "SG.local",
            "TOCSIN_SENDGRID_URL": provider.receiver.url(""),
            "TOCSIN_MAIL_FROM": "alerts@example.org",
            **by_second,
            **patience,
        }
        self.exchange = Exchange(
            house,
            folder,
            names=(PLANNING, SCHEDULER, SINKS),
            settings=settings,
            commands={SINKS: ("connectors.sinks", "email")},
        )
        self.exchange.apply(NO_LIMIT, name="types")
        self._began = time.monotonic()

    def start(self) -> None:
        """Start what does not run, the provider at peace."""
        self.provider.receiver.always = Act(202, headers={"X-Message-Id": "m"}, body=b"")
        self.exchange.start()
        self._began = time.monotonic()

    def load(
        self,
        name: str,
        count: int,
        *,
        send_at: int = 0,
        expires_at: int = 0,
        urgent_of: int = 5,
    ) -> list[str]:
        """Ask that many people be told something, every fifth of it urgent; give the ids."""
        now = time.time_ns() // 1_000_000
        intents = [
            Intent(
                id=f"{name}-{number}",
                recipient=f"r{number % PEOPLE}",
                to={"email": f"r{number % PEOPLE}@example.org"},
                template="",
                subject=f"{name} {number}",
                body="Of no importance.",
                type="load",
                priority=2 if number % urgent_of == 0 else 1,
                created_at=now,
                send_at=send_at if number % 2 else 0,
                expires_at=expires_at or now + DAY_MS,
            )
            for number in range(count)
        ]
        self.exchange.put(*intents)
        return [intent.id for intent in intents]

    def calls(self) -> int:
        """Count the calls that the provider said yes to."""
        return sum(act.status == 202 for act in list(self.provider.receiver.acts))

    def wait_for_calls(self, count: int) -> None:
        """Wait until the provider said yes so often."""
        eventually(lambda: self.calls() >= count, within_s=60, why=f"{count} calls")

    def settle(self, intents: Iterable[str], *, within_s: float = 90.0) -> Count:
        """Wait until every intent has come to its end, and count."""
        wanted = set(intents)

        def all_ended() -> bool:
            self.exchange.revive()
            return self._open(wanted, self.exchange.events()) == 0

        try:
            eventually(all_ended, within_s=within_s, why="every intent is final")
        except AssertionError as error:
            raise AssertionError(
                f"{error}\n{self.count(wanted)}\n{self.exchange.tails()}"
            ) from error
        found = self.count(wanted)
        print(found)
        return found

    def count(self, intents: Iterable[str]) -> Count:
        """Hold what the provider saw against what our events say."""
        wanted = set(intents)
        events = [each for each in self.exchange.events() if each.intent_id in wanted]
        sent = {each.delivery_id for each in events if each.status == "sent"}
        marked = {each.delivery_id for each in events if each.maybe_repeat}
        taken, refused = self._seen(wanted)
        taken += self._seen_by_second({each.delivery_id: each.intent_id for each in events})
        told = {intent for intent, _ in taken}
        ended_otherwise = {
            step.intent_id
            for step in last_steps(events).values()
            if step.status in {"expired", "failed"}
            or (step.status == "superseded" and step.channel != "none")
        }
        deliveries = Counter({delivery: number for (_, delivery), number in taken.items()})
        return Count(
            intents=len(wanted),
            taken=deliveries.total(),
            refused=refused,
            failed=sum(step.status == "failed" for step in last_steps(events).values()),
            lost=len(wanted - told - ended_otherwise),
            again=sum(n > 1 and each not in marked for each, n in deliveries.items()),
            claimed=len(sent - set(deliveries)),
            open=self._open(wanted, events),
            marked=len(marked),
            seconds=round(time.monotonic() - self._began, 1),
        )

    def _seen(self, wanted: set[str]) -> tuple[Counter[tuple[str, str]], int]:
        taken: Counter[tuple[str, str]] = Counter()
        refused = 0
        receiver = self.provider.receiver
        for request, act in zip(list(receiver.requests), list(receiver.acts), strict=False):
            ids = orjson.loads(request.body)["personalizations"][0]["custom_args"]
            if ids["tocsin_intent"] not in wanted:
                continue
            if act.status == 202:
                taken[ids["tocsin_intent"], ids["tocsin_delivery"]] += 1
            else:
                refused += 1
        return taken, refused

    def _seen_by_second(self, intents: Mapping[str, str]) -> Counter[tuple[str, str]]:
        """Count the mails that the second provider has, by intent and delivery."""
        taken: Counter[tuple[str, str]] = Counter()
        for mail in list(self.second.mails) if self.second else ():
            delivery = str(message_from_bytes(mail)["X-Tocsin-Id"])
            if delivery in intents:
                taken[intents[delivery], delivery] += 1
        return taken

    def _open(self, wanted: set[str], events: Sequence[DeliveryEvent]) -> int:
        steps = last_steps([each for each in events if each.intent_id in wanted])
        known = {each.intent_id for each in steps.values()}
        unended = {each.intent_id for each in steps.values() if each.status not in ENDS}
        # What waited as a whole is superseded when its channels go on.
        waiting = {each.intent_id for each in steps.values() if each.channel != "none"}
        begun = {each.intent_id for each in steps.values() if each.status != "superseded"}
        return len((wanted - known) | unended | (wanted - waiting - begun))

    def forget_groups(self) -> None:
        """Delete the consumer groups of planning and of the sink, which must not run."""
        admin = topics.admin(self.exchange.servers)
        for process in (PLANNING, "sink-email", "sink-email-urgent"):
            group = self.exchange.names.group(process)

            def deleted(group: str = group) -> bool:
                done = admin.delete_consumer_groups([group])
                wait(done.values(), timeout=10)
                return done[group].exception() is None

            eventually(deleted, within_s=30, why=f"{group} is gone")
